using System.Text.Json.Nodes;
using MmMamba.Runtime.Distillation;
using TorchSharp;

namespace MmMamba.Cli.Jobs;

/// <summary>How the stages compute what their recipe says: what fits into memory, and how fast. What stands here by itself is the plain way.</summary>
sealed record TrainerSettings
{
    /// <summary>Type of the teacher, of frozen tensors and of what is computed; trained tensors are float32.</summary>
    public torch.ScalarType Dtype { get; init; } = torch.ScalarType.Float32;

    /// <inheritdoc cref="TrainingOptions.MicroBatch"/>
    public int? MicroBatch { get; init; }

    /// <inheritdoc cref="TrainingOptions.MicroBatchTokens"/>
    public int? MicroBatchTokens { get; init; }

    /// <inheritdoc cref="TrainingOptions.Packing"/>
    public bool Packing { get; init; }

    /// <inheritdoc cref="TrainingOptions.GradientCheckpointing"/>
    public bool Checkpointing { get; init; }

    /// <summary>Whether batches are cut: the device then holds a part at a time.</summary>
    public bool Cuts => MicroBatch is not null || MicroBatchTokens is not null;

    /// <summary>A stage's options, computed in this way.</summary>
    public TrainingOptions Of(TrainingOptions options) => options with
    {
        MicroBatch = MicroBatch, MicroBatchTokens = MicroBatchTokens, Packing = Packing, GradientCheckpointing = Checkpointing,
    };

    /// <summary>What decides on the bits of a run's results, for its record; nothing of what stands by itself.</summary>
    public IEnumerable<(string Name, JsonNode? Value)> Record
    {
        get
        {
            if (Dtype != torch.ScalarType.Float32) yield return ("dtype", Dtypes.NameOf(Dtype));
            if (MicroBatch is { } sequences) yield return ("micro_batch", sequences);
            if (MicroBatchTokens is { } tokens) yield return ("micro_batch_tokens", tokens);
            if (Packing) yield return ("packing", true);
            if (Checkpointing) yield return ("checkpointing", true);
        }
    }
}
