namespace MmMamba.ModelDsl.Specs;

/// <summary>What a tensor is for. Stages name the mixer's groups; the others are never trained by a stage.</summary>
public enum TensorGroup
{
    // The mixer's: what `train` may name.
    Query, Key, Value, Output, Gate, GateNorm, Conv, Dt, DtBias, Decay, Skip, QkNorm,
    // The rest of a model.
    Qkv, Norm, Mlp, Patch, Position, Projector, Embedding, Head,
}
