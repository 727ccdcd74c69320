using TorchSharp;

namespace MmMamba.Runtime.Kernels.Simd;

/// <summary>Work of a token on as many cores as libtorch is given.</summary>
static class Cores
{
    // Less is done sooner than a second thread is awake.
    const long LeastReads = 1 << 17;

    // Where a core has other work too, the other ones take over parts of its.
    const int PartsOfThread = 4;

    /// <summary>Does items from a first to an end that is none of them; each of them once, on some thread.</summary>
    /// <param name="items">Number of items.</param>
    /// <param name="reads">Numbers that all of them read from memory.</param>
    /// <param name="part">Does the items from the first to the second number.</param>
    public static void Split(int items, long reads, Action<int, int> part)
    {
        var threads = reads < LeastReads ? 1 : Math.Min(items, torch.get_num_threads());
        if (threads <= 1)
        {
            part(0, items);
            return;
        }
        var parts = Math.Min(items, PartsOfThread * threads);
        Parallel.For(
            0, parts, new ParallelOptions { MaxDegreeOfParallelism = threads },
            i => part((int)((long)items * i / parts), (int)((long)items * (i + 1) / parts)));
    }
}
