using MmMamba.Runtime.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>What the means of a step's loss divide by. It is of the step's whole batch, so that what its parts give adds up to what the batch would.</summary>
/// <param name="Sequences">Sequences.</param>
/// <param name="Positions">Positions that count: those of tokens, or with padding that counts all.</param>
/// <param name="AnswerTokens">Tokens of answers, their ends included.</param>
public readonly record struct StepTotals(long Sequences, long Positions, long AnswerTokens)
{
    internal static StepTotals Of(Batch batch, bool maskPadding) => new(
        batch.Input.Sequences,
        maskPadding ? TokenMask.CountTokens(batch.Input) : batch.Input.InputIds.numel(),
        batch.Items.Sum(item => item.Answers.Sum(answer => (long)answer.Length)));
}

/// <summary>
/// A part of a step's batch: what goes forward and backward at a time. Losses and gradients of all parts add up to those of the batch, however it is cut.
/// </summary>
/// <param name="Input">What the models read; rows may stand in another order than in the batch.</param>
/// <param name="Items">Its conversations, one a row; empty where the batch knows none.</param>
/// <param name="Step">Of the whole batch.</param>
public sealed record MicroBatch(ModelInput Input, IReadOnlyList<EncodedConversation> Items, StepTotals Step)
{
    /// <summary>Rows of a batch, as one of the step's parts. New tensors belong to the caller's dispose scope.</summary>
    /// <param name="batch">The step's batch.</param>
    /// <param name="rows">Which of its rows.</param>
    /// <param name="step">Of the whole batch.</param>
    /// <param name="options">Whether padding counts, which keeps it, and whether rows are packed.</param>
    internal static MicroBatch Of(Batch batch, IReadOnlyList<int> rows, StepTotals step, TrainingOptions options)
    {
        var lengths = LengthsOf(batch);
        var input = batch.Input;
        var isWhole = rows.Count == lengths.Length;
        var packed = options.Packing && rows.Any(row => lengths[row] != lengths[rows[0]]);
        if (isWhole && !packed) return new(input, batch.Items, step);

        using var scope = NewDisposeScope();
        var ids = input.InputIds;
        var pixels = isWhole ? input.PixelValues : Tiles(batch, rows)?.MoveToOuterDisposeScope();
        IReadOnlyList<EncodedConversation> items = batch.Items.Count == 0 ? [] : [.. rows.Select(row => batch.Items[row])];
        if (packed)
        {
            var row = cat([.. rows.Select(row => ids.select(0, row).narrow(0, 0, lengths[row]))]).unsqueeze(0);
            return new(new(row.MoveToOuterDisposeScope(), pixels) { Packing = new([.. rows.Select(row => lengths[row])]) }, items, step);
        }

        // Padding that counts is the batch's, also in its parts.
        var width = options.MaskPadding ? rows.Max(row => lengths[row]) : ids.shape[1];
        var index = tensor([.. rows.Select(row => (long)row)], device: ids.device);
        Tensor Cut(Tensor whole) => whole.index_select(0, index.to(whole.device)).narrow(1, 0, width).MoveToOuterDisposeScope();
        var mask = rows.All(row => lengths[row] == width) ? null : input.AttentionMask;
        return new(new(Cut(ids), pixels, mask is null ? null : Cut(mask), input.PositionIds is { } positions ? Cut(positions) : null), items, step);
    }

    /// <summary>Tokens of each row, padding left out.</summary>
    internal static long[] LengthsOf(Batch batch)
    {
        using var scope = NewDisposeScope();
        return batch.Items.Count > 0 ? [.. batch.Items.Select(item => (long)item.Ids.Length)]
            : batch.Input.AttentionMask is { } mask ? [.. mask.sum(1, type: ScalarType.Int64).cpu().data<long>()]
            : [.. Enumerable.Repeat(batch.Input.InputIds.shape[1], (int)batch.Input.InputIds.shape[0])];
    }

    static Tensor? Tiles(Batch batch, IReadOnlyList<int> rows)
    {
        if (batch.Input.PixelValues is not { } pixels) return null;
        if (batch.Items.Count == 0) throw new InputException("a batch of pictures without its conversations can't be cut: nothing tells whose the tiles are");
        var tiles = new List<long>();
        foreach (var row in rows)
        {
            var first = batch.Items.Take(row).Sum(item => (long)item.Tiles);
            for (var tile = 0; tile < batch.Items[row].Tiles; tile++) tiles.Add(first + tile);
        }
        return tiles.Count == 0 ? null : pixels.index_select(0, tensor(tiles, device: pixels.device));
    }
}
