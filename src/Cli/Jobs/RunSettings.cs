using TorchSharp;

namespace MmMamba.Cli.Jobs;

/// <summary>What every run is told.</summary>
/// <param name="Data">Pictures and questions.</param>
/// <param name="Seed">Keys all draws of the run.</param>
/// <param name="Device">Where it computes.</param>
/// <param name="Workers">Threads that prepare batches.</param>
/// <param name="TestConversations">Conversations about test pictures that a model is judged by.</param>
sealed record RunSettings(PictureData Data, ulong Seed, torch.Device Device, int Workers, int TestConversations)
{
    /// <summary>How stages are computed.</summary>
    public TrainerSettings Trainer { get; init; } = new();
}
