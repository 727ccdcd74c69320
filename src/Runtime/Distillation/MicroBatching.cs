namespace MmMamba.Runtime.Distillation;

/// <summary>How a step's batch is cut into parts.</summary>
static class MicroBatching
{
    /// <summary>
    /// The rows of each part. By a number alone they follow one another; by tokens, rows of like length stand together, the longest first. A row that is longer than the
    /// bound stands alone.
    /// </summary>
    /// <param name="lengths">Tokens of each row.</param>
    /// <param name="options">Most rows and most tokens of a part.</param>
    public static IReadOnlyList<int[]> Rows(IReadOnlyList<long> lengths, TrainingOptions options)
    {
        var most = options.MicroBatch ?? int.MaxValue;
        var rows = Enumerable.Range(0, lengths.Count);
        if (options.MicroBatchTokens is not { } budget) return [.. rows.Chunk(most)];

        var widest = lengths.Max();
        var parts = new List<List<int>>();
        var tokens = 0L;
        foreach (var row in rows.OrderByDescending(row => lengths[row]))
        {
            var part = parts.Count == 0 ? null : parts[^1];
            var with = options.Packing ? tokens + lengths[row] : part is null ? 0 : (part.Count + 1) * (options.MaskPadding ? lengths[part[0]] : widest);
            if (part is null || part.Count == most || with > budget)
            {
                parts.Add([row]);
                tokens = lengths[row];
                continue;
            }
            part.Add(row);
            tokens = with;
        }
        // One part is the batch as it is.
        return parts.Count == 1 ? [[.. rows]] : [.. parts.Select(part => part.ToArray())];
    }
}
