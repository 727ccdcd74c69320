namespace MmMamba.ModelDsl.Specs;

/// <summary>What a layer has, whichever mixer it is placed with.</summary>
/// <param name="Attention">Heads and rotary positions; a Mamba-2 mixer takes its heads from here.</param>
/// <param name="Mamba2">Switches of the Mamba-2 mixer.</param>
/// <param name="NormEps">Epsilon of the norms before mixer and MLP.</param>
/// <param name="MlpHidden">Width inside the MLP.</param>
public sealed record LayerSettings(AttentionSpec Attention, Mamba2Spec Mamba2, decimal NormEps, int MlpHidden);

/// <param name="Layer">Index in its tower.</param>
/// <param name="Settings">All that the layer has, and not only what differs.</param>
public sealed record LayerOverride(int Layer, LayerSettings Settings);
