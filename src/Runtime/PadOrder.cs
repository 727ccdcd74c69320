using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime;

/// <summary>
/// Brings the pads of a pass to its right end, where the layers expect them, and what comes out back to where its token stood. Tokens
/// keep their order, so it doesn't matter where the pads stand.
/// </summary>
/// <param name="mask">True at real tokens (B, T), boolean.</param>
sealed class PadOrder(Tensor mask) : IDisposable
{
    readonly Tensor _order = Order(mask);
    Tensor? _inverse;

    /// <summary>What belongs to the tokens (B, T, ...), those of pads last.</summary>
    public Tensor Arrange(Tensor x) => Taken(x, _order);

    /// <summary>The tokens' places again.</summary>
    public Tensor Restore(Tensor x) => Taken(x, _inverse ??= _order.argsort(1).DetachFromDisposeScope());

    static Tensor Order(Tensor mask)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var places = HeldNumber.Range(0, mask.shape[1], mask.device).unsqueeze(0);
        return where(mask, places, places.add(HeldNumber.Of(mask.shape[1]), HeldNumber.Of(1))).argsort(1).DetachFromDisposeScope();
    }

    static Tensor Taken(Tensor x, Tensor order)
    {
        using var scope = NewDisposeScope();
        for (var i = order.dim(); i < x.dim(); i++) order = order.unsqueeze(-1);
        return x.gather(1, order.expand(x.shape)).MoveToOuterDisposeScope();
    }

    /// <summary>Frees the order; what was arranged and restored stays.</summary>
    public void Dispose()
    {
        _order.Dispose();
        _inverse?.Dispose();
    }
}
