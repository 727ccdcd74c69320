using MmMamba.Runtime.Plans;
using TorchSharp;

namespace MmMamba.Runtime.Distillation;

/// <summary>What the mixer stage begins from: mixers after the introduced stage, or seeded ones with the word that it was skipped.</summary>
/// <param name="mixers">The mixers; the artefact owns them.</param>
public sealed class IntroducedArtefact(ConvertedMixers mixers) : IDisposable
{
    /// <summary>One mixer for every layer.</summary>
    public ConvertedMixers Mixers { get; } = mixers;

    /// <summary>Skips the introduced stage: the mixers as they are seeded from the teacher.</summary>
    /// <param name="teacher">The teacher.</param>
    /// <param name="student">A student of that teacher, of any placement.</param>
    /// <param name="seed">Keys the draws.</param>
    public static IntroducedArtefact Skipped(VisionLanguageModel teacher, ModelPlan student, ulong seed)
    {
        var seeded = ConvertedMixers.Seed(teacher, student, seed);
        return new(seeded.After(new StageRecord(StageKind.Introduced, Skipped: true, seeded.Hash)));
    }

    /// <summary>Writes the artefact to a safetensors file.</summary>
    public void Save(string path) => Mixers.Save(path);

    /// <summary>Reads an artefact of the introduced stage.</summary>
    /// <param name="path">What <see cref="Save"/> wrote.</param>
    /// <param name="student">A student that the mixers have to fit.</param>
    /// <param name="device">Where the tensors are needed; null is the CPU.</param>
    /// <exception cref="InputException">It is no such artefact, or fits no student of that plan.</exception>
    public static IntroducedArtefact Load(string path, ModelPlan student, torch.Device? device = null) =>
        new(ConvertedMixers.Load(path, student, StageKind.Introduced, device));

    /// <inheritdoc/>
    public void Dispose() => Mixers.Dispose();
}
