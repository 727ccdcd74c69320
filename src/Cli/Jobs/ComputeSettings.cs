using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;
using TorchSharp;

namespace MmMamba.Cli.Jobs;

/// <summary>How a model is run.</summary>
/// <param name="Device">Where it computes.</param>
/// <param name="Dtype">Type of weights and activations.</param>
/// <param name="Access">Whether weights are read or mapped.</param>
/// <param name="StateDtype">Type in which states of Mamba-2 layers are held between passes.</param>
sealed record ComputeSettings(
    torch.Device Device, torch.ScalarType Dtype = torch.ScalarType.Float32, WeightAccess Access = WeightAccess.Read, torch.ScalarType StateDtype = torch.ScalarType.Float32)
{
    /// <inheritdoc cref="Checkpoint.Load"/>
    public VisionLanguageModel Load(ModelPlan? plan, string path)
    {
        var model = Checkpoint.Load(plan, path, Device, Dtype, Access);
        model.StateDtype = StateDtype;
        return model;
    }
}
