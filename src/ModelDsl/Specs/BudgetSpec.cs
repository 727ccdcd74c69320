namespace MmMamba.ModelDsl.Specs;

/// <summary>What a model may cost at most; null where nothing is said.</summary>
/// <param name="Parameters">Parameters of the model.</param>
/// <param name="Trainable">Share of the parameters, 0 to 1, that the last stage trains.</param>
/// <param name="Cache">Memory of one sequence.</param>
public sealed record BudgetSpec(decimal? Parameters, decimal? Trainable, CacheBudget? Cache);

/// <param name="Tokens">Length of the sequence.</param>
/// <param name="Bytes">Bytes that its caches and states may take in bfloat16, float32 states as such.</param>
public sealed record CacheBudget(int Tokens, long Bytes);
