namespace MmMamba.Runtime.Kernels.Simd;

/// <summary>Work of a token on as many cores as libtorch is given.</summary>
static class Cores
{
    // Less is done sooner than a second thread is awake.
    const long LeastReads = 1 << 17;

    /// <summary>Does items from a first to an end that is none of them; each of them once, on some thread.</summary>
    /// <param name="items">Number of items.</param>
    /// <param name="reads">Numbers that all of them read from memory.</param>
    /// <param name="part">Does the items from the first to the second number.</param>
    public static void Split(int items, long reads, Action<int, int> part)
    {
        var parts = reads < LeastReads ? 1 : Math.Min(items, TorchSharp.torch.get_num_threads());
        if (parts <= 1) part(0, items);
        else Parallel.For(0, parts, i => part((int)((long)items * i / parts), (int)((long)items * (i + 1) / parts)));
    }
}
