namespace MmMamba.Runtime.Plans;

/// <summary>A layer as it recurs in a model: everything about it but its place. Generated plans are written in these.</summary>
/// <param name="Mark">Its sign in the strips of <see cref="TowerRun"/>.</param>
/// <param name="Mixer">What mixes tokens.</param>
/// <param name="NormEps">Epsilon of both RMSNorms.</param>
/// <param name="MlpHidden">Width inside SwiGLU.</param>
/// <param name="Source">File and line of the spec that placed the mixer, as <c>file:line</c>.</param>
/// <param name="Tensors">Its tensors in checkpoint order.</param>
public sealed record LayerKind(
    char Mark, MixerPlan Mixer, double NormEps, int MlpHidden, string Source, PlanList<TensorRow> Tensors);
