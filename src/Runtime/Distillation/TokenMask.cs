using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>Which positions of a batch count in a loss, how much, and what a mean over them divides by.</summary>
public sealed class TokenMask
{
    TokenMask(Tensor? column, Tensor? rows, long count, long sequences)
    {
        Column = column;
        Rows = rows;
        Count = count;
        Sequences = sequences;
        Weight = count;
    }

    /// <summary>(B,T,1) float32, 1 where a position counts; null where all do.</summary>
    public Tensor? Column { get; }

    /// <summary>Indices (int64) of the positions that count in the batch laid out as B*T rows; null where all do.</summary>
    public Tensor? Rows { get; }

    /// <summary>Weights (float32) of the positions that count, one for each of them; null where all weigh 1.</summary>
    public Tensor? Weights { get; private init; }

    /// <summary>How many positions count, those of the step's other parts among them.</summary>
    public long Count { get; }

    /// <summary>Sum of these positions' weights.</summary>
    public double Weight { get; private init; }

    /// <summary>How many sequences there are, those of the step's other parts among them.</summary>
    public long Sequences { get; }

    /// <summary>The mask of a batch.</summary>
    /// <param name="input">The batch; its attention mask is (B,T), true at tokens, or null.</param>
    /// <param name="device">Where it is needed.</param>
    /// <param name="maskPadding">False makes padding count too.</param>
    public static TokenMask Of(ModelInput input, Device device, bool maskPadding = true)
    {
        var (sequences, positions) = (input.Sequences, input.InputIds.numel());
        if (!maskPadding || input.AttentionMask is not { } attention) return new TokenMask(null, null, positions, sequences);
        using var noGrad = no_grad();
        var tokens = attention.to_type(ScalarType.Bool);
        var rows = tokens.flatten().nonzero().flatten();
        var count = rows.shape[0];
        return count == positions
            ? new TokenMask(null, null, positions, sequences)
            : new TokenMask(tokens.unsqueeze(-1).to(ScalarType.Float32, device), rows.to(device), count, sequences);
    }

    /// <summary>The mask of a part of a step's batch: its positions, and what the means over the step divide by.</summary>
    /// <param name="part">The part.</param>
    /// <param name="device">Where it is needed.</param>
    /// <param name="maskPadding">False makes padding count too.</param>
    /// <param name="promptWeight">Weight of the positions that predict no token of an answer, 0 to 1.</param>
    public static TokenMask Of(MicroBatch part, Device device, bool maskPadding = true, double promptWeight = 1)
    {
        var mask = Of(part.Input, device, maskPadding);
        if (promptWeight != 1) mask = mask.Weighing(AnswerPositions.Of(part), promptWeight, part.Input.InputIds.numel(), device);
        var (sequences, positions, answers) = part.Step;
        return new TokenMask(mask.Column, mask.Rows, promptWeight == 0 ? answers : positions, sequences)
        {
            Weights = mask.Weights, Weight = promptWeight * (positions - answers) + answers,
        };
    }

    /// <summary>The same mask, with less weight on the positions that predict no token of an answer; at 0 they don't count at all.</summary>
    /// <param name="answers">The batch's answers.</param>
    /// <param name="promptWeight">0 to 1.</param>
    /// <param name="positions">B*T of the batch.</param>
    /// <param name="device">Where it is needed.</param>
    public TokenMask Weighing(AnswerPositions answers, double promptWeight, long positions, Device device)
    {
        if (promptWeight == 1) return this;
        using var noGrad = no_grad();
        if (promptWeight == 0)
            return new TokenMask(null, tensor(answers.Rows, device: device), answers.Rows.Length, Sequences);
        var weights = new float[positions];
        Array.Fill(weights, (float)promptWeight);
        foreach (var row in answers.Rows) weights[row] = 1;
        var all = tensor(weights, device: device);
        return new TokenMask(Column, Rows, Count, Sequences)
        {
            Weights = Rows is null ? all : all.index_select(0, Rows),
            Weight = promptWeight * (Count - answers.Rows.Length) + answers.Rows.Length,
        };
    }

    /// <summary>How many positions of a batch are no padding.</summary>
    public static long CountTokens(ModelInput input)
    {
        using var scope = NewDisposeScope();
        return input.AttentionMask is { } mask ? mask.sum(ScalarType.Int64).item<long>() : input.InputIds.numel();
    }

    /// <summary>The rows that count of a (B,T,...) tensor, laid out as (rows, width).</summary>
    public Tensor Select(Tensor values)
    {
        var flat = values.flatten(0, 1);
        return Rows is null ? flat : flat.index_select(0, Rows);
    }
}
