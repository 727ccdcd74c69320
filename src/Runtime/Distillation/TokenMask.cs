using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>Which positions of a batch count in a loss: those that are no padding, or all.</summary>
public sealed class TokenMask
{
    TokenMask(Tensor? column, Tensor? rows, long count)
    {
        Column = column;
        Rows = rows;
        Count = count;
    }

    /// <summary>(B,T,1) float32, 1 where a position counts; null where all do.</summary>
    public Tensor? Column { get; }

    /// <summary>Indices (int64) of the positions that count in the batch laid out as B*T rows; null where all do.</summary>
    public Tensor? Rows { get; }

    /// <summary>How many positions count.</summary>
    public long Count { get; }

    /// <summary>The mask of a batch.</summary>
    /// <param name="input">The batch; its attention mask is (B,T), true at tokens, or null.</param>
    /// <param name="device">Where it is needed.</param>
    /// <param name="maskPadding">False makes padding count too.</param>
    public static TokenMask Of(ModelInput input, Device device, bool maskPadding = true)
    {
        var positions = input.InputIds.numel();
        if (!maskPadding || input.AttentionMask is not { } attention) return new TokenMask(null, null, positions);
        using var noGrad = no_grad();
        var tokens = attention.to_type(ScalarType.Bool);
        var rows = tokens.flatten().nonzero().flatten();
        var count = rows.shape[0];
        return count == positions
            ? new TokenMask(null, null, positions)
            : new TokenMask(tokens.unsqueeze(-1).to(ScalarType.Float32, device), rows.to(device), count);
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
