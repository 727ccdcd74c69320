using MmMamba.Runtime.Plans;
using TorchSharp;

namespace MmMamba.Runtime.Distillation;

/// <summary>What the end-to-end stage begins from: mixers after the mixer stage, or those before it with the word that it was skipped.</summary>
/// <param name="mixers">The mixers; the artefact owns them.</param>
public sealed class MixerArtefact(ConvertedMixers mixers) : IDisposable
{
    /// <summary>One mixer for every layer.</summary>
    public ConvertedMixers Mixers { get; } = mixers;

    /// <summary>Skips the mixer stage: the mixers as the introduced stage left them, or as it was skipped.</summary>
    public static MixerArtefact Skipped(IntroducedArtefact introduced) =>
        new(introduced.Mixers.Copy().After(new StageRecord(StageKind.Mixer, Skipped: true, introduced.Mixers.Hash)));

    /// <summary>Writes the artefact to a safetensors file.</summary>
    public void Save(string path) => Mixers.Save(path);

    /// <summary>Reads an artefact of the mixer stage.</summary>
    /// <param name="path">What <see cref="Save"/> wrote.</param>
    /// <param name="student">A student that the mixers have to fit.</param>
    /// <param name="device">Where the tensors are needed; null is the CPU.</param>
    /// <exception cref="InputException">It is no such artefact, or fits no student of that plan.</exception>
    public static MixerArtefact Load(string path, ModelPlan student, torch.Device? device = null) =>
        new(ConvertedMixers.Load(path, student, StageKind.Mixer, device));

    /// <inheritdoc/>
    public void Dispose() => Mixers.Dispose();
}
