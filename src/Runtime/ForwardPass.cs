using MmMamba.Runtime.Caching;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime;

/// <summary>
/// A model's numbers at every position of a batch, to compare them with another implementation's: in float32 on the CPU. Pads may stand
/// anywhere; they change no real token's numbers, and their own mean nothing.
/// </summary>
public sealed class ForwardPass : IDisposable
{
    // Logits of a long sequence and a large vocabulary are made and copied so many tokens at a time.
    const long Block = 1024;

    readonly VisionLanguageModel _model;
    readonly Tensor[] _hidden;

    ForwardPass(VisionLanguageModel model, long batch, long length, bool hiddenStates)
    {
        _model = model;
        Logits = empty([batch, length, model.Plan.Tokens.Vocab], ScalarType.Float32).DetachFromDisposeScope();
        long[] stream = [batch, length, model.Plan.HiddenSize];
        _hidden = hiddenStates
            ? [.. Enumerable.Range(0, model.Layers.Count + 1).Select(_ => empty(stream, ScalarType.Float32).DetachFromDisposeScope())]
            : [];
    }

    /// <summary>Logits (B, T, vocab).</summary>
    public Tensor Logits { get; }

    /// <summary>The residual stream (B, T, H): what enters the first layer, then what leaves each layer. Empty unless it was asked for.</summary>
    public IReadOnlyList<Tensor> Hidden => _hidden;

    /// <summary>Runs a batch.</summary>
    /// <param name="model">The model.</param>
    /// <param name="input">Tokens, tiles, mask, positions; the mask may have its zeros anywhere.</param>
    /// <param name="decode">
    /// So many last positions are computed one after the other through the caches, as in generation; the others in one pass before them.
    /// </param>
    /// <param name="hiddenStates">Keep the stream between layers.</param>
    /// <param name="cancellation">Asked before each pass.</param>
    /// <returns>The numbers, for the caller to dispose.</returns>
    /// <exception cref="InputException">The input does not fit the model.</exception>
    public static ForwardPass Run(
        VisionLanguageModel model, ModelInput input, int decode = 0, bool hiddenStates = false, CancellationToken cancellation = default)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        var embedded = model.Embed(input);
        var (batch, length) = (embedded.shape[0], embedded.shape[1]);
        if (decode < 0 || decode > length) throw new InputException($"The last {decode} tokens are to be decoded one by one, and the input has {length}; decode 0 to {length}.");
        var mask = input.AttentionMask?.to(model.Device).to(ScalarType.Bool);
        var pass = new ForwardPass(model, batch, length, hiddenStates);
        try
        {
            using var cache = decode > 0 ? model.CreateCache((int)batch, (int)length) : null;
            for (var at = 0L; at < length;)
            {
                cancellation.ThrowIfCancellationRequested();
                var tokens = at < length - decode ? length - decode : 1;
                pass.Tokens(at, tokens, embedded, mask, input, cache);
                at += tokens;
            }
            return pass;
        }
        catch
        {
            pass.Dispose();
            throw;
        }
    }

    void Tokens(long at, long count, Tensor embedded, Tensor? mask, ModelInput input, ModelCache? cache)
    {
        using var scope = NewDisposeScope();
        var real = mask?.narrow(1, at, count);
        using var order = real is null || count == 1 ? null : new PadOrder(real);
        Tensor Arranged(Tensor x) => order?.Arrange(x) ?? x;
        Tensor Restored(Tensor x) => order?.Restore(x) ?? x;

        var stream = embedded.narrow(1, at, count);
        Keep(0, at, stream);
        var arranged = new ModelInput(
            input.InputIds.narrow(1, at, count), null, real is null ? null : Arranged(real),
            input.PositionIds is { } positions ? Arranged(positions.to(_model.Device).narrow(1, at, count)) : null);
        var last = _model.Run(arranged, cache, null, (layer, x) =>
        {
            using var inner = NewDisposeScope();
            if (_hidden.Length > 0) Keep(layer + 1, at, Restored(x));
        }, stream: Arranged(stream));

        var normed = Restored(_model.Normed(last));
        for (var first = 0L; first < count; first += Block)
        {
            using var inner = NewDisposeScope();
            var some = Math.Min(Block, count - first);
            Logits.narrow(1, at + first, some).copy_(_model.Logits(normed.narrow(1, first, some)));
        }
    }

    void Keep(int index, long at, Tensor x)
    {
        if (_hidden.Length == 0) return;
        using var place = _hidden[index].narrow(1, at, x.shape[1]);
        place.copy_(x);
    }

    /// <summary>Frees all numbers.</summary>
    public void Dispose()
    {
        Logits.Dispose();
        foreach (var hidden in _hidden) hidden.Dispose();
    }
}
