using MmMamba.Runtime.Data;
using MmMamba.Runtime.Plans;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// Stages 1 and 2 (paper, section 3.3): a Mamba-2 mixer beside every attention layer of the frozen teacher learns that layer's output
/// before the output projection, from the same normed input. The residual stream is the teacher's own all the way, so no gradient
/// crosses a layer, and what is learned holds for students of every placement. <see cref="SharedTeacherPass"/> trains several sets of mixers at once.
/// </summary>
public sealed class MixerDistillation
{
    readonly VisionLanguageModel _teacher;
    readonly ModelPlan _student;

    /// <param name="teacher">The teacher; its tensors are read and never changed.</param>
    /// <param name="student">A student of that teacher, of any placement; its recipe is followed.</param>
    /// <exception cref="InputException">The plan has no recipe.</exception>
    public MixerDistillation(VisionLanguageModel teacher, ModelPlan student)
    {
        _teacher = teacher;
        _student = student;
        _ = student.RecipeOf();
    }

    /// <summary>Stage 1: seeds the mixers and trains what they introduced.</summary>
    /// <param name="data">Batches for all steps.</param>
    /// <param name="options">Length, rate and seed; <see cref="TrainingOptions.Of"/> gives the recipe's.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <param name="states">Where the stage goes on and where its states are written; null keeps none.</param>
    /// <exception cref="InputException">The data or the numbers of the run are unfit.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public IntroducedArtefact RunIntroduced(
        IEnumerable<Batch> data, TrainingOptions options, IProgress<StepReport>? progress = null, CancellationToken cancellation = default,
        TrainingStates? states = null)
    {
        using var seeded = ConvertedMixers.Seed(_teacher, _student, options.Seed);
        return new(Train(StageKind.Introduced, seeded, data, options, progress, cancellation, states));
    }

    /// <summary>Stage 2: trains the whole mixers, queries, keys and values included.</summary>
    /// <param name="start">Where it begins; stays as it is.</param>
    /// <inheritdoc cref="RunIntroduced"/>
    public MixerArtefact RunMixer(
        IntroducedArtefact start, IEnumerable<Batch> data, TrainingOptions options,
        IProgress<StepReport>? progress = null, CancellationToken cancellation = default, TrainingStates? states = null) =>
        new(Train(StageKind.Mixer, start.Mixers, data, options, progress, cancellation, states));

    internal ConvertedMixers Train(
        StageKind kind, ConvertedMixers start, IEnumerable<Batch> data, TrainingOptions options,
        IProgress<StepReport>? progress, CancellationToken cancellation, TrainingStates? states = null) =>
        SharedTeacherPass.Train(_teacher, kind, [(new(_student, options, progress, states), start)], data, cancellation)[0];
}
