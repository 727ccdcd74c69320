using MmMamba.Runtime.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Seeding;

/// <summary>A model without a teacher at its beginning: every tensor drawn by seed and name, the same on every device.</summary>
/// <param name="seed">Any number; the same seed gives the same model.</param>
/// <param name="device">Where the parameters live; null is the CPU.</param>
/// <param name="dtype">Their type; the draws themselves are float32.</param>
public sealed class DrawnParameters(ulong seed, Device? device = null, ScalarType dtype = ScalarType.Float32) : ParameterSource(device, dtype)
{
    /// <inheritdoc/>
    public override Parameter Take(TensorPlan tensor) => tensor.Origin is Drawn drawn
        ? Own(SeededDraw.Values(drawn, seed, tensor.Name, tensor.Shape))
        : throw new InputException($"Tensor '{tensor.Name}' comes from a teacher, and none was given. Seed the model from its teacher.");
}
