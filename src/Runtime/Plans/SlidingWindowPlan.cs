namespace MmMamba.Runtime.Plans;

/// <summary>Attention over the last tokens: <see cref="AttentionPlan"/> whose queries see a window.</summary>
/// <param name="Heads">Query heads.</param>
/// <param name="KvHeads">Key and value heads; query head j reads kv head j / (Heads / KvHeads).</param>
/// <param name="HeadDim">Width of a head.</param>
/// <param name="RopeTheta">Base of the wavelengths.</param>
/// <param name="MaxPositions">Positions up to which the rotary embedding is plain.</param>
/// <param name="DynamicFactor">Factor of dynamic NTK scaling past <paramref name="MaxPositions"/>; null keeps it plain.</param>
/// <param name="Window">Tokens that a query sees, its own included.</param>
public sealed record SlidingWindowPlan(
    int Heads, int KvHeads, int HeadDim, double RopeTheta, int MaxPositions, double? DynamicFactor, int Window)
    : MixerPlan(Heads, KvHeads, HeadDim);
