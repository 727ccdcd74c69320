using MmMamba.ModelDsl.Architecture;

namespace MmMamba.Generators.Emit;

/// <summary>The stages of the recipe by name.</summary>
static class DistillationEmitter
{
    public static void Emit(CodeWriter w, ResolvedModel model, ResolvedDistillation distillation)
    {
        w.Write("/// <summary>The stages of the recipe.</summary>");
        using (w.Block("public static class Distillation"))
            foreach (var stage in distillation.Stages)
            {
                w.Write(Doc.Summary($"Stage {Literal.Of((int)stage.Spec.Kind + 1)}."));
                using (w.Block($"public static class {stage.Spec.Kind}"))
                    w.Write($"""
                        /// <summary>Parameters that the stage trains.</summary>
                        public const long TrainedCount = {Literal.Of(stage.TrainedCount)};
                        /// <summary>Parameters of the model in this stage.</summary>
                        public const long TotalCount = {Literal.Of(stage.TotalCount)};
                        """);
            }
    }
}
