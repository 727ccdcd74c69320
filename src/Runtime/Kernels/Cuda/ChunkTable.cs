using System.Runtime.CompilerServices;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>Where the chunks of packed sequences begin, as the mixer's kernels read it: made once for each packing, and kept as long as that.</summary>
static class ChunkTable
{
    static readonly ConditionalWeakTable<Packing, Tensor> Tables = [];

    /// <summary>For each chunk the row of its first token, its tokens, the tokens of its sequence before it and behind it: (chunks, 4), int32.</summary>
    public static Tensor Of(Packing packing, Device device)
    {
        lock (Tables)
        {
            if (Tables.TryGetValue(packing, out var known) && known.device_type == device.type && known.device_index == device.index) return known;
            // What is made of an array may lie where the array lies: not as aligned as kernels want it.
            var told = Entries(packing.Lengths);
            using var entries = tensor(told, [told.Length / 4, 4], device: device);
            var made = entries.clone().DetachFromDisposeScope();
            Tables.AddOrUpdate(packing, made);
            return made;
        }
    }

    static int[] Entries(IReadOnlyList<long> lengths)
    {
        var entries = new List<int>();
        var first = 0;
        foreach (var length in lengths)
        {
            for (var begin = 0; begin < length; begin += TrainedMixer.ChunkTokens)
            {
                var tokens = (int)Math.Min(TrainedMixer.ChunkTokens, length - begin);
                entries.AddRange([first + begin, tokens, begin, (int)length - begin - tokens]);
            }
            first += (int)length;
        }
        return [.. entries];
    }
}
