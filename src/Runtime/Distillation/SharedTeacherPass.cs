using MmMamba.Runtime.Data;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Native;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>One set of mixers among those that share a teacher's pass.</summary>
/// <param name="Student">A student of the teacher: how its mixers are made and seeded, and its recipe. The sets' students may differ.</param>
/// <param name="Options">Length, rate and seed. Data and the way that batches are cut are the same for all sets.</param>
/// <param name="Progress">Told after every step of this set.</param>
/// <param name="States">Where this set goes on and where its states are written, a folder for each set; null keeps none.</param>
public sealed record MixerRun(ModelPlan Student, TrainingOptions Options, IProgress<StepReport>? Progress = null, TrainingStates? States = null);

/// <summary>
/// Stages 1 and 2 for several sets of mixers at once: seeds, ways to begin, learning rates, mixers of other settings. The teacher's pass, which does not depend on
/// what learns beside it, is run once for all of them. On a CPU each set ends with the bits of its lone run on the same data.
/// </summary>
public static class SharedTeacherPass
{
    /// <summary>Stage 1 of all sets.</summary>
    /// <param name="teacher">The teacher; its tensors are read and never changed.</param>
    /// <param name="runs">The sets. Those of other seeds name the seed that their common data is keyed by in <see cref="TrainingOptions.DataSeed"/>.</param>
    /// <param name="data">Batches for all steps.</param>
    /// <param name="cancellation">Stops between two parts of batches.</param>
    /// <returns>An artefact for each set.</returns>
    /// <exception cref="InputException">The data or the numbers of a run are unfit, or the sets do not share their data.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IReadOnlyList<IntroducedArtefact> RunIntroduced(
        VisionLanguageModel teacher, IReadOnlyList<MixerRun> runs, IEnumerable<Batch> data, CancellationToken cancellation = default)
    {
        var starts = new List<(MixerRun, ConvertedMixers)>();
        try
        {
            foreach (var run in runs) starts.Add((run, ConvertedMixers.Seed(teacher, run.Student, run.Options.Seed)));
            return [.. Train(teacher, StageKind.Introduced, starts, data, cancellation).Select(mixers => new IntroducedArtefact(mixers))];
        }
        finally
        {
            foreach (var (_, seeded) in starts) seeded.Dispose();
        }
    }

    /// <summary>Stage 2 of all sets.</summary>
    /// <param name="runs">The sets, each with where it begins, which stays as it is.</param>
    /// <inheritdoc cref="RunIntroduced"/>
    public static IReadOnlyList<MixerArtefact> RunMixer(
        VisionLanguageModel teacher, IReadOnlyList<(MixerRun Run, IntroducedArtefact Start)> runs, IEnumerable<Batch> data, CancellationToken cancellation = default) =>
        [.. Train(teacher, StageKind.Mixer, [.. runs.Select(run => (run.Run, run.Start.Mixers))], data, cancellation).Select(mixers => new MixerArtefact(mixers))];

    internal static IReadOnlyList<ConvertedMixers> Train(
        VisionLanguageModel teacher, StageKind kind, IReadOnlyList<(MixerRun Run, ConvertedMixers Start)> runs, IEnumerable<Batch> data, CancellationToken cancellation)
    {
        if (runs.Count == 0) throw new InputException("no mixers to train; name at least one set");
        RequireOneData(runs[0].Run.Options, runs.Skip(1).Select(run => run.Run.Options));
        var sets = new List<Set>();
        try
        {
            foreach (var (run, start) in runs) sets.Add(new(teacher, kind, run, start));
            var byLane = sets.ToDictionary(set => set.Lane);
            var summaries = TrainingLoop.Run([.. sets.Select(set => set.Lane)], data, (part, lanes) => Gradients(teacher, part, [.. lanes.Select(lane => byLane[lane])]), cancellation);
            return [.. sets.Zip(summaries, (set, summary) => set.Finished(summary))];
        }
        catch
        {
            foreach (var set in sets) set.Mixers.Dispose();
            throw;
        }
        finally
        {
            foreach (var set in sets) set.Lane.Dispose();
        }
    }

    /// <summary>
    /// The losses of a part of a batch, the gradients added to the mixers' trained tensors. Each layer's gradient is taken as soon as its teacher
    /// layer has run, so that one layer's graph exists at a time.
    /// </summary>
    static Tensor[] Gradients(VisionLanguageModel teacher, MicroBatch part, IReadOnlyList<Set> sets)
    {
        var mask = TokenMask.Of(part, teacher.Device, sets[0].Lane.Options.MaskPadding);
        return Gradients(teacher, part.Input, [.. sets.Select(set => (set.Mixers, set.Loss))], mask);
    }

    /// <inheritdoc cref="Gradients(VisionLanguageModel, MicroBatch, IReadOnlyList{Set})"/>
    internal static Tensor[] Gradients(VisionLanguageModel teacher, ModelInput input, IReadOnlyList<(ConvertedMixers Mixers, MixerMse Loss)> sets, TokenMask mask)
    {
        var totals = sets.Select(_ => zeros([], ScalarType.Float32, teacher.Device)).ToArray();
        using var pass = StepProfile.Enter(StepPart.Teacher);
        teacher.Trace(input, trace =>
        {
            for (var i = 0; i < sets.Count; i++)
            {
                using var scope = NewDisposeScope();
                // Padding stands on the right, where a causal mixer's real tokens don't hear it.
                var mixed = Mixed(sets[i].Mixers, trace, input.Packing);
                Tensor loss, gradient;
                using (StepProfile.Enter(StepPart.Loss))
                {
                    (loss, gradient) = sets[i].Loss.Evaluate(mixed, trace.MixerOutput, mask);
                    totals[i].Add(loss);
                }
                using (StepProfile.Enter(StepPart.Backward)) GivenGradients.From(mixed, gradient);
            }
        });
        return totals;
    }

    static Tensor Mixed(ConvertedMixers mixers, LayerTrace trace, Packing? packing)
    {
        using var part = StepProfile.Enter(StepPart.Forward);
        using var recording = enable_grad();
        return mixers.Layers[trace.Index].Mix(trace.NormedInput, packing: packing);
    }

    // What a step reads is asked for once: sets that want to see it otherwise can't share it.
    static void RequireOneData(TrainingOptions first, IEnumerable<TrainingOptions> others)
    {
        foreach (var other in others)
            if (Of(other) != Of(first))
                throw new InputException($"mixers that share a teacher's pass see the same data, cut alike: {Of(first)} and {Of(other)} are different");

        static string Of(TrainingOptions options) => FormattableString.Invariant(
            $"{options.Data} keyed by {options.DataSeed ?? options.Seed}, batch {options.Batch}, micro-batch {options.MicroBatch?.ToString() ?? "-"} of {options.MicroBatchTokens?.ToString() ?? "-"} tokens, {(options.Packing ? "packed" : "not packed")}, padding {(options.MaskPadding ? "masked" : "counted")}");
    }

    sealed class Set
    {
        readonly StagePlan _stage;
        readonly string _parent;

        public Set(VisionLanguageModel teacher, StageKind kind, MixerRun run, ConvertedMixers start)
        {
            var recipe = run.Student.RecipeOf();
            _stage = recipe.StageOf(kind);
            start.RequireFit(run.Student);
            start.RequireTeacher(teacher);
            _parent = start.Hash;
            Mixers = start.Copy();
            try
            {
                var trained = NamedParameter.Train(recipe.ConvertedTensors, Mixers.Tensors, _stage.Train);
                Lane = new(kind.NameOf(), run.Options, trained, run.Progress, run.States);
            }
            catch
            {
                Mixers.Dispose();
                throw;
            }
            Loss = new(_stage.LossValue, Mixers.Layers.Count);
        }

        public ConvertedMixers Mixers { get; }
        public MixerMse Loss { get; }
        public TrainingLane Lane { get; }

        public ConvertedMixers Finished(TrainingSummary summary) => Mixers.After(StageRecord.Of(_stage, Lane.Options, summary, _parent));
    }
}
