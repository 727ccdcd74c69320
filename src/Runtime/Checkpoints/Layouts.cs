using MmMamba.Runtime.Plans;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>How a model's tensors are named and joined on disk.</summary>
public enum CheckpointLayout
{
    /// <summary>As the plan names them, one by one; what training needs.</summary>
    Unfused,

    /// <summary>
    /// As the authors released their models: the input projections of a Mamba-2 mixer joined row by row, [v | k | q | g | dt], in
    /// <c>attention.wvkqgdt.weight</c>, and the norm before the gate called <c>attention.g_norm_swish_gate.weight</c>.
    /// </summary>
    Released,
}

/// <summary>A tensor on disk, made of a plan's tensors stacked along their first dimension.</summary>
/// <param name="Name">Its name on disk.</param>
/// <param name="Shape">Its shape on disk.</param>
/// <param name="Parts">The plan's tensors that it holds, first rows first; one alone is the tensor itself.</param>
public sealed record StoredTensor(string Name, PlanList<long> Shape, PlanList<TensorPlan> Parts);

/// <summary>The layouts of a model's tensors on disk.</summary>
public static class Layouts
{
    const string Fused = "wvkqgdt.weight", Value = "v_proj.weight";
    const string ReleasedGateNorm = "g_norm_swish_gate.weight", GateNorm = "g_norm.weight";

    // The order of rows in the joined projection.
    static readonly TensorGroup[] FusedGroups = [TensorGroup.Value, TensorGroup.Key, TensorGroup.Query, TensorGroup.Gate, TensorGroup.Dt];

    /// <summary>What a layout stores for a plan's tensors, in their order.</summary>
    public static IReadOnlyList<StoredTensor> Of(IEnumerable<TensorPlan> tensors, CheckpointLayout layout)
    {
        TensorPlan[] all = [.. tensors];
        if (layout == CheckpointLayout.Unfused) return [.. all.Select(Alone)];
        var fused = all.Where(IsFused).GroupBy(tensor => tensor.Layer).ToDictionary(group => group.Key, Join);
        var stored = new List<StoredTensor>(all.Length);
        foreach (var tensor in all)
            if (!IsFused(tensor)) stored.Add(tensor.Group == TensorGroup.GateNorm ? Renamed(tensor) : Alone(tensor));
            else if (fused.Remove(tensor.Layer, out var join)) stored.Add(join);
        return stored;
    }

    /// <summary>The layout that tensors are in, known by their names.</summary>
    public static CheckpointLayout Detect(IEnumerable<string> names) =>
        names.Any(name => name.EndsWith('.' + Fused, StringComparison.Ordinal)) ? CheckpointLayout.Released : CheckpointLayout.Unfused;

    static bool IsFused(TensorPlan tensor) => tensor.Layer >= 0 && FusedGroups.Contains(tensor.Group);

    static StoredTensor Alone(TensorPlan tensor) => new(tensor.Name, tensor.Shape, [tensor]);

    static StoredTensor Renamed(TensorPlan tensor) => new(Prefix(tensor, GateNorm) + ReleasedGateNorm, tensor.Shape, [tensor]);

    static StoredTensor Join(IEnumerable<TensorPlan> layer)
    {
        var parts = layer.OrderBy(tensor => Array.IndexOf(FusedGroups, tensor.Group)).ToPlanList();
        if (parts.Count != FusedGroups.Length)
            throw new InputException($"layer {parts[0].Layer}: the released layout joins v, k, q, gate and dt; this layer has only "
                + $"{string.Join(", ", parts.Select(part => part.Group))}; use the unfused layout");
        return new(Prefix(parts[0], Value) + Fused, [parts.Sum(part => part.Shape[0]), parts[0].Shape[1]], parts);
    }

    static string Prefix(TensorPlan tensor, string ending) => tensor.Name.EndsWith(ending, StringComparison.Ordinal)
        ? tensor.Name[..^ending.Length]
        : throw new InputException($"tensor {Shown.Text(tensor.Name)}: the released layout expects a name that ends in {ending}");
}
