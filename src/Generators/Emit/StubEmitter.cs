using MmMamba.ModelDsl.Architecture;

namespace MmMamba.Generators.Emit;

/// <summary>
/// The class of a spec with mistakes: it is there, so that code which names it compiles, and cannot be made. Where its base is sound it
/// has the base's members, so that code which uses them compiles too.
/// </summary>
static class StubEmitter
{
    public static string Emit(StubOutput output, Target target)
    {
        var w = new CodeWriter();
        var name = Identifier.Of(output.Name);
        FileHeader.Emit(w, output.File, target);
        w.Write(Doc.Summary($"A stub: {output.File} has mistakes, which are reported there."));
        using (w.Block($"public sealed partial class {name} : VisionLanguageModel, IGeneratedModel<{name}>"))
        {
            if (output.Face is { } face) ModelEmitter.EmitMembers(w, face, output.TeacherIn);
            else EmitConstruction(w, name);
            w.Space();
            w.Write($"public static new ModelPlan Plan => throw new InputException({Literal.Of($"{output.File} has mistakes; build the project to see them.")});");
        }
        return w.ToString();
    }

    static void EmitConstruction(CodeWriter w, string name) => w.Write($"""
        public {name}(ParameterSource source) : base(Plan, source)
        {"{"}
        {"}"}

        public static {name} Create(ParameterSource source) => new(source);
        """);
}
