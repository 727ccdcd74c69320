using MmMamba.Runtime.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Seeding;

/// <summary>Parameters that have a shape and a type but no memory: for questions about shapes and names.</summary>
public sealed class MetaParameters(ScalarType dtype = ScalarType.Float32) : ParameterSource(META, dtype)
{
    /// <inheritdoc/>
    public override Parameter Take(TensorPlan tensor) => Own(empty([.. tensor.Shape], Dtype, META));
}
