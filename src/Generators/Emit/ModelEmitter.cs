using System.Globalization;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;

namespace MmMamba.Generators.Emit;

/// <summary>The file of one model: its header, its class, and the parts in the order in which they are read.</summary>
static class ModelEmitter
{
    public static string Emit(ModelOutput output, Target target)
    {
        var (model, w) = (output.Model, new CodeWriter());
        var name = Identifier.Of(model.Name);
        FileHeader.Emit(w, model.File, target);
        w.Write(Doc.Summary(model.Summary.Length > 0 ? model.Summary : CountsOf(model)));
        if (model.Summary.Length > 0) w.Write($"/// <remarks>{CountsOf(model)}</remarks>");
        using (w.Block($"public sealed partial class {name} : VisionLanguageModel, IGeneratedModel<{name}>"))
        {
            EmitMembers(w, model, output.TeacherIn);
            w.Space();
            PlanEmitter.Emit(w, model);
        }
        return w.ToString();
    }

    /// <summary>Everything that users of the class name.</summary>
    /// <param name="teacherIn">See <see cref="ModelOutput"/>.</param>
    public static void EmitMembers(CodeWriter w, ResolvedModel model, string? teacherIn)
    {
        var teacher = TeacherOf(model, teacherIn);
        ConstantsEmitter.Emit(w, model);
        w.Space();
        ConstructionEmitter.Emit(w, model, teacher);
        w.Space();
        LayersEmitter.Emit(w, model);
        w.Space();
        CacheEmitter.Emit(w, model);
        w.Space();
        CostsEmitter.Emit(w, model);
        if (model.Distillation is { } distillation)
        {
            w.Space();
            DistillationEmitter.Emit(w, model, teacher!, distillation);
        }
    }

    // A class of another assembly is named in full: the project may have one of the same name.
    static string? TeacherOf(ResolvedModel model, string? teacherIn) => (model.Teacher, teacherIn) switch
    {
        (null, _) => null,
        ({ } teacher, null) => Identifier.Of(teacher),
        ({ } teacher, { } assembly) => $"global::{assembly}.{Identifier.Of(teacher)}",
    };

    static string CountsOf(ResolvedModel model)
    {
        var counts = MixerKinds.Counted(model.Layers).Reverse().Select(mixers => $"{Literal.Of(mixers.Count)} {mixers.Kind.Title}").ToArray();
        return string.Format(CultureInfo.InvariantCulture, "{0} and {1} layers; {2:#,0} parameters.",
            string.Join(", ", counts.Take(counts.Length - 1)), counts[counts.Length - 1], model.ParameterCount);
    }
}
