using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>
/// The seam of a forward pass: every matrix product and every kernel of multiply-adds goes through here under the name of its cost
/// term, so that a listener can add up the work from the shapes that ran. Where nobody listens, no shape is asked for.
/// </summary>
static class Work
{
    /// <summary>Told the term and its floating-point operations, 2 a multiply-add.</summary>
    public delegate void Listener(string term, long flops);

    [ThreadStatic] static Listener? _listener;

    /// <summary>Listens to the work of this thread until the result is disposed.</summary>
    /// <exception cref="InvalidOperationException">Somebody listens already.</exception>
    public static IDisposable Listen(Listener listener)
    {
        if (_listener is not null) throw new InvalidOperationException("The work of this thread is listened to already; dispose what Listen returned.");
        _listener = listener;
        return new Listening();
    }

    /// <summary>Tells of work that was done over memory, past libtorch.</summary>
    public static void Done(string term, long flops) => _listener?.Invoke(term, flops);

    /// <summary>
    /// x W^T + b for x (..., in), W (out, in) and b (out), in x's type. Weights that are trained are float32, whatever the activations are, and are rounded
    /// here: their gradients add up and their steps are taken in float32.
    /// </summary>
    public static Tensor Linear(string term, Tensor x, Tensor weight, Tensor? bias = null)
    {
        _listener?.Invoke(term, 2 * x.numel() * weight.shape[0]);
        if (weight.dtype == x.dtype) return nn.functional.linear(x, weight, bias);
        using var rounded = weight.to(x.dtype);
        using var roundedBias = bias?.to(x.dtype);
        return nn.functional.linear(x, rounded, roundedBias);
    }

    /// <summary>The matrix products (n, rows, columns) of (n, rows, inner) and (n, inner, columns).</summary>
    public static Tensor Products(string term, Tensor left, Tensor right)
    {
        _listener?.Invoke(term, 2 * left.numel() * right.shape[2]);
        return bmm(left, right);
    }

    /// <summary>sum + a * b, element by element: a convolution's tap. The sum may be written over where it is the caller's own.</summary>
    public static Tensor Tap(string term, Tensor sum, Tensor a, Tensor b, bool over)
    {
        var y = over ? InPlace.AddProduct(sum, a, b) : addcmul(sum, a, b, 1);
        _listener?.Invoke(term, 2 * y.numel());
        return y;
    }

    /// <summary>sum += a * b, element by element in place: outer products of columns a and rows b.</summary>
    public static void AddOuter(string term, Tensor sum, Tensor a, Tensor b)
    {
        _listener?.Invoke(term, 2 * sum.numel());
        sum.addcmul_(a, b, 1);
    }

    /// <summary>A convolution whose windows lie side by side: images (n, channels, height, width), weight (out, channels, side, side).</summary>
    public static Tensor Patches(string term, Tensor images, Tensor weight, Tensor bias, long side)
    {
        var y = nn.functional.conv2d(images, weight, bias, strides: [side, side]);
        _listener?.Invoke(term, 2 * y.numel() * (weight.numel() / weight.shape[0]));
        return y;
    }

    /// <summary>
    /// <see cref="Aten.Attention"/>, where query t of T sees the S - T keys before it, and of the T new ones those to t: of all these the last
    /// <paramref name="reach"/>, or all.
    /// </summary>
    public static Tensor Attention(string scores, string values, Tensor q, Tensor k, Tensor v, Tensor? mask, bool causal, long? reach = null)
    {
        Tell(scores, values, q, k, v, reach);
        if (mask is null && !is_grad_enabled() && q.device_type == DeviceType.CUDA && AttentionChoice.Of(q, k, v, causal) == AttentionKernel.Flash
            && Aten.AttentionWithSums(AttentionKernel.Flash, q, k, v, causal) is var (y, sums))
        {
            sums.Dispose();
            return y;
        }
        return Aten.Attention(q, k, v, mask, causal);
    }

    /// <summary><see cref="ContinuedAttention"/>; null where it needs a mask.</summary>
    public static Tensor? Continued(string scores, string values, Tensor q, Tensor k, Tensor v)
    {
        var y = ContinuedAttention.Run(q, k, v);
        if (y is not null) Tell(scores, values, q, k, v, null);
        return y;
    }

    static void Tell(string scores, string values, Tensor q, Tensor k, Tensor v, long? reach)
    {
        if (_listener is { } listener)
        {
            var (tokens, past) = (q.shape[2], k.shape[2] - q.shape[2]);
            var growing = reach is { } most ? Math.Min(tokens, Math.Max(0, most - past)) : tokens;
            var pairs = q.shape[0] * q.shape[1] * (growing * past + growing * (growing + 1) / 2 + (tokens - growing) * (reach ?? 0));
            listener(scores, 2 * pairs * q.shape[3]);
            listener(values, 2 * pairs * v.shape[3]);
        }
    }

    sealed class Listening : IDisposable
    {
        public void Dispose() => _listener = null;
    }
}
