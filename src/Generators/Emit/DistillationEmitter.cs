using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.Generators.Emit;

/// <summary>
/// The stages by name, each taking the declared teacher and what the stage before it returns. A stage that the recipe leaves out
/// can be skipped and not run.
/// </summary>
static class DistillationEmitter
{
    public static void Emit(CodeWriter w, ResolvedModel model, string teacher, ResolvedDistillation distillation)
    {
        var student = Identifier.Of(model.Name);
        w.Write("/// <summary>The stages of the recipe: each takes what the one before it returned, or the word that it was skipped.</summary>");
        using (w.Block("public static class Distillation"))
        {
            using (Stage(StageKind.Introduced, "Stage 1: what the mixers introduced learns each layer's attention output."))
            {
                Run(StageKind.Introduced, "IntroducedArtefact", "", $"new MixerDistillation(teacher, Plan).RunIntroduced(");
                w.Write($"""
                    /// <summary>Skips the stage: the mixers as they are seeded.</summary>
                    public static IntroducedArtefact Skip({teacher} teacher, ulong seed) => IntroducedArtefact.Skipped(teacher, Plan, seed);
                    """);
            }
            w.Space();
            using (Stage(StageKind.Mixer, "Stage 2: the whole mixers learn the same."))
            {
                Run(StageKind.Mixer, "MixerArtefact", "IntroducedArtefact start, ", $"new MixerDistillation(teacher, Plan).RunMixer(start, ");
                w.Write("""
                    /// <summary>Skips the stage: the mixers as the introduced stage left them.</summary>
                    public static MixerArtefact Skip(IntroducedArtefact start) => MixerArtefact.Skipped(start);
                    """);
            }
            w.Space();
            using (Stage(StageKind.EndToEnd, "Stage 3: the student learns the teacher's next-token distribution."))
            {
                Run(StageKind.EndToEnd, $"StudentArtefact<{student}>", "MixerArtefact start, ",
                    "new EndToEndDistillation(teacher, Plan).Run(start, ", "Create, ");
                w.Write($"""
                    /// <summary>Skips the stage: the student as the mixers make it.</summary>
                    public static {student} Skip({teacher} teacher, MixerArtefact start) => StudentAssembly.Build(teacher, Plan, start.Mixers, Create);
                    """);
            }
        }

        CodeWriter.Scope Stage(StageKind kind, string summary)
        {
            w.Write(Doc.Summary(summary));
            return w.Block($"public static class {kind}");
        }

        void Run(StageKind kind, string result, string start, string call, string create = "")
        {
            if (distillation.Stages.FirstOrDefault(stage => stage.Spec.Kind == kind) is not { } stage) return;
            w.Write($"""
                /// <summary>Parameters that the stage trains.</summary>
                public const long TrainedCount = {Literal.Of(stage.TrainedCount)};
                /// <summary>Parameters of the model in this stage.</summary>
                public const long TotalCount = {Literal.Of(stage.TotalCount)};

                /// <summary>The recipe's own options.</summary>
                public static TrainingOptions Options => TrainingOptions.Of(Plan.Distillation!, {Literal.Of(kind)});

                /// <summary>Runs the stage, by the recipe's options unless others are given.</summary>
                public static {result} Run(
                    {teacher} teacher, {start}IEnumerable<Batch> data, TrainingOptions? options = null,
                    IProgress<StepReport>? progress = null, CancellationToken cancellation = default) =>
                    {call}data, options ?? Options, {create}progress, cancellation);

                """);
        }
    }
}
