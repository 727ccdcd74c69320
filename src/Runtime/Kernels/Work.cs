using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels;

/// <summary>
/// The seam of a forward pass: every matrix product and every kernel of multiply-adds goes through here under the name of its cost
/// term, so that a listener can add up the work from the shapes that ran, and a watcher can time it. Where nobody listens, nothing is counted.
/// </summary>
static class Work
{
    /// <summary>Told the term and its floating-point operations, 2 a multiply-add.</summary>
    public delegate void Listener(string term, long flops);

    /// <summary>Told, on the thread that launches it, that a piece of a pass begins.</summary>
    /// <param name="what">The term or the kernel; null where something begins that has no name.</param>
    /// <param name="flops">Its floating-point operations, 2 a multiply-add; 0 where they are not what it takes its time for.</param>
    /// <param name="bytes">Of the tensors that a kernel of our own is given; 0 of others.</param>
    public delegate void Watcher(string? what, long flops, long bytes);

    [ThreadStatic] static Listener? _listener;
    [ThreadStatic] static Watcher? _watcher;

    /// <summary>Listens to the work of this thread until the result is disposed.</summary>
    /// <exception cref="InvalidOperationException">Somebody listens already.</exception>
    public static IDisposable Listen(Listener listener)
    {
        if (_listener is not null) throw new InvalidOperationException("The work of this thread is listened to already; dispose what Listen returned.");
        _listener = listener;
        return new Listening();
    }

    /// <summary>Watches the pieces of this thread's passes, which follow one another, until the result is disposed: libtorch's products and attention, and our own kernels.</summary>
    /// <exception cref="InvalidOperationException">Somebody watches already.</exception>
    public static IDisposable Watch(Watcher watcher)
    {
        if (_watcher is not null) throw new InvalidOperationException("The passes of this thread are watched already; dispose what Watch returned.");
        _watcher = watcher;
        return new Watching();
    }

    /// <summary>Whether somebody does.</summary>
    public static bool IsWatched => _watcher is not null;

    /// <summary>A piece begins; it lasts until <see cref="End"/>.</summary>
    /// <inheritdoc cref="Watcher" path="/param"/>
    public static void Begin(string what, long flops, long bytes) => _watcher?.Invoke(what, flops, bytes);

    /// <summary>A piece ends.</summary>
    public static void End() => _watcher?.Invoke(null, 0, 0);

    /// <summary>Tells of work that was done over memory, past libtorch.</summary>
    public static void Done(string term, long flops) => _listener?.Invoke(term, flops);

    /// <summary>
    /// x W^T + b for x (..., in), W (out, in) and b (out), in x's type. Weights that are trained are float32, whatever the activations are, and are rounded
    /// here: their gradients add up and their steps are taken in float32.
    /// </summary>
    /// <param name="rows">How many rows of W are the model's; null for all.</param>
    public static Tensor Linear(string term, Tensor x, Tensor weight, Tensor? bias = null, long? rows = null)
    {
        Begin(term, 2 * x.numel() * (rows ?? weight.shape[0]));
        using var rounded = weight.dtype == x.dtype ? null : weight.to(x.dtype);
        using var roundedBias = rounded is null ? null : bias?.to(x.dtype);
        var y = nn.functional.linear(x, rounded ?? weight, roundedBias ?? bias);
        End();
        return y;
    }

    /// <summary>The matrix products (n, rows, columns) of (n, rows, inner) and (n, inner, columns).</summary>
    public static Tensor Products(string term, Tensor left, Tensor right)
    {
        Begin(term, 2 * left.numel() * right.shape[2]);
        var y = bmm(left, right);
        End();
        return y;
    }

    /// <summary>sum + a * b, element by element: a convolution's tap. The sum may be written over where it is the caller's own.</summary>
    public static Tensor Tap(string term, Tensor sum, Tensor a, Tensor b, bool over)
    {
        var y = over ? InPlace.AddProduct(sum, a, b) : addcmul(sum, a, b, HeldNumber.Of(1));
        _listener?.Invoke(term, 2 * y.numel());
        return y;
    }

    /// <summary>sum += a * b, element by element in place: outer products of columns a and rows b.</summary>
    public static void AddOuter(string term, Tensor sum, Tensor a, Tensor b)
    {
        _listener?.Invoke(term, 2 * sum.numel());
        sum.addcmul_(a, b, HeldNumber.Of(1));
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
        Begin(scores, q, k, v, reach);
        var y = Attended(q, k, v, mask, causal);
        End();
        return y;
    }

    /// <summary><see cref="ContinuedAttention"/>; null where it needs a mask.</summary>
    public static Tensor? Continued(string scores, string values, Tensor q, Tensor k, Tensor v)
    {
        Begin(scores, q, k, v, null);
        var y = ContinuedAttention.Run(q, k, v);
        End();
        if (y is not null) Tell(scores, values, q, k, v, null);
        return y;
    }

    static Tensor Attended(Tensor q, Tensor k, Tensor v, Tensor? mask, bool causal)
    {
        if (mask is null && !is_grad_enabled() && q.device_type == DeviceType.CUDA && AttentionChoice.Of(q, k, v, causal) == AttentionKernel.Flash
            && Aten.AttentionWithSums(AttentionKernel.Flash, q, k, v, causal) is var (y, sums))
        {
            sums.Dispose();
            return y;
        }
        return Aten.Attention(q, k, v, mask, causal);
    }

    static void Begin(string scores, Tensor q, Tensor k, Tensor v, long? reach)
    {
        if (IsWatched) Begin(scores[..scores.IndexOf('.', StringComparison.Ordinal)], 2 * Pairs(q, k, reach) * (q.shape[3] + v.shape[3]));
    }

    static void Begin(string term, long flops)
    {
        _listener?.Invoke(term, flops);
        Begin(term, flops, 0);
    }

    static void Tell(string scores, string values, Tensor q, Tensor k, Tensor v, long? reach)
    {
        if (_listener is not { } listener) return;
        var pairs = Pairs(q, k, reach);
        listener(scores, 2 * pairs * q.shape[3]);
        listener(values, 2 * pairs * v.shape[3]);
    }

    // Of queries and keys that they see.
    static long Pairs(Tensor q, Tensor k, long? reach)
    {
        var (tokens, past) = (q.shape[2], k.shape[2] - q.shape[2]);
        var growing = reach is { } most ? Math.Min(tokens, Math.Max(0, most - past)) : tokens;
        return q.shape[0] * q.shape[1] * (growing * past + growing * (growing + 1) / 2 + (tokens - growing) * (reach ?? 0));
    }

    sealed class Listening : IDisposable
    {
        public void Dispose() => _listener = null;
    }

    sealed class Watching : IDisposable
    {
        public void Dispose() => _watcher = null;
    }
}
