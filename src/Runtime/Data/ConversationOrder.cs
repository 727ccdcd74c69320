namespace MmMamba.Runtime.Data;

/// <summary>Which conversation stands at which position of an endless run of passes. Safe for several threads at once.</summary>
/// <param name="count">Conversations a pass.</param>
/// <param name="seed">Seed of each pass's order; null keeps the source's own.</param>
sealed class ConversationOrder(long count, ulong? seed)
{
    readonly Lock _lock = new();
    readonly Dictionary<long, int[]> _passes = [];

    /// <summary>The conversation at a position from 0.</summary>
    public long At(long position)
    {
        var (pass, offset) = Math.DivRem(position, count);
        return seed is { } key ? Pass(pass, key)[offset] : offset;
    }

    int[] Pass(long pass, ulong key)
    {
        lock (_lock)
        {
            if (_passes.TryGetValue(pass, out var order)) return order;
            // Batches in work may still be in the pass before.
            foreach (var old in _passes.Keys.Where(known => known < pass - 1).ToArray()) _passes.Remove(old);
            order = new int[count];
            for (var i = 0; i < order.Length; i++) order[i] = i;
            new DataRandom(key, (ulong)pass).Shuffle<int>(order);
            return _passes[pass] = order;
        }
    }
}
