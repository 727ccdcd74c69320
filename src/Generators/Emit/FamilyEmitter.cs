using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.Generators.Emit;

/// <summary>The registry of an ablation family: a class whose values are the members, each with its plan and what is reported of it.</summary>
static class FamilyEmitter
{
    public static string Emit(FamilyOutput output, Target target)
    {
        var (family, w) = (output.Family, new CodeWriter());
        var name = Identifier.Of(family.Name);
        FileHeader.Emit(w, family.File, target);
        EmitDocs(w, family);
        using (w.Block($"public sealed class {name} : FamilyMember, IModelFamily<{name}>"))
        {
            EmitConstructor(w, name);
            foreach (var member in family.Members)
            {
                w.Write(Doc.Summary(member.Model.Summary));
                w.Write($"public static {name} {Identifier.Of(member.Name)} {{ get; }} = new({Literal.Of(member.Name)}, {Literal.List(member.Values, Literal.Of)}, "
                    + $"Plans.{Identifier.Of(member.Name)},\n    {Figures(family, member.Name)});");
            }
            w.Space();
            EmitTable(w, output, target, name);
            w.Space();
            MemberPlansEmitter.Emit(w, family, ClassOf(family.Of.Name, output.OfIn, target));
        }
        return w.ToString();
    }

    /// <summary>The registry of a family with mistakes: its members are there, as far as they are known, and none has a plan.</summary>
    public static string EmitStub(FamilyStubOutput output, Target target)
    {
        var w = new CodeWriter();
        var name = Identifier.Of(output.Name);
        var broken = $"throw new InputException({Literal.Of($"{output.File} has mistakes; build the project to see them.")})";
        FileHeader.Emit(w, output.File, target);
        w.Write(Doc.Summary($"A stub: {output.File} has mistakes, which are reported there."));
        using (w.Block($"public sealed class {name} : FamilyMember, IModelFamily<{name}>"))
        {
            EmitConstructor(w, name);
            foreach (var member in output.Members) w.Write($"public static {name} {Identifier.Of(member)} => {broken};");
            w.Write($"""
                public static ModelPlan Of => {broken};
                public static PlanList<string> Axes => {broken};
                public static IReadOnlyList<{name}> All => {broken};
                public static {name} Control => {broken};
                public static IReadOnlyList<FamilyReference> References => {broken};
                public static string? ReportedIn => {broken};
                """);
        }
        return w.ToString();
    }

    static void EmitDocs(CodeWriter w, ResolvedFamily family)
    {
        var counts = $"An ablation family of {Doc.Escaped(family.Of.Name)} with {Literal.Of(family.Members.Count)} members.";
        if (family.Summary.Length == 0)
        {
            w.Write($"/// <summary>{counts}</summary>");
            return;
        }
        w.Write(Doc.Summary(family.Summary));
        w.Write($"/// <remarks>{counts}</remarks>");
    }

    static void EmitConstructor(CodeWriter w, string name) => w.Write($"""
        {name}(string name, PlanList<string> values, Func<ModelPlan> plan, PlanList<ReportedFigure> reported) : base(name, values, plan, reported)
        {"{"}
        {"}"}

        """);

    static void EmitTable(CodeWriter w, FamilyOutput output, Target target, string name)
    {
        var family = output.Family;
        w.Write($"""
            /// <inheritdoc/>
            public static ModelPlan Of => {ClassOf(family.Of.Name, output.OfIn, target)}.Plan;
            /// <inheritdoc/>
            public static PlanList<string> Axes {"{"} get; {"}"} = {Literal.List(family.Axes, axis => Literal.Of(axis.Name))};
            /// <inheritdoc/>
            public static IReadOnlyList<{name}> All {"{"} get; {"}"} = {Literal.List(family.Members, member => Identifier.Of(member.Name))};
            """);
        w.Write(family.Control is { } control
            ? $"/// <summary>The member that equals {Doc.Escaped(family.Of.Name)}: its run is the base's.</summary>\npublic static {name} Control => {Identifier.Of(control)};"
            : $"/// <inheritdoc/>\npublic static {name}? Control => null;");
        w.Write("/// <inheritdoc/>");
        const string References = "public static IReadOnlyList<FamilyReference> References { get; } = [";
        if (family.References.Count == 0) w.Write(References + "];");
        else using (w.Indented(References, "];"))
            foreach (var (reference, assembly) in family.References.Zip(output.ReferencesIn, (reference, assembly) => (reference, assembly)))
                w.Write($"new({Literal.Of(reference.Name)}, () => {ClassOf(reference.Name, assembly, target)}.Plan, {Figures(family, reference.Name)}),");
        w.Write($"""
            /// <inheritdoc/>
            public static string? ReportedIn => {Literal.Of(family.Reported?.Source)};
            """);
    }

    // In full, as a member may have the name of a class.
    static string ClassOf(string model, string? assembly, Target target) => $"global::{assembly ?? target.Namespace}.{Identifier.Of(model)}";

    static string Figures(ResolvedFamily family, string row)
    {
        if (family.Reported is not { } reported || reported.Rows.FirstOrDefault(other => other.Name == row) is not { } found) return "[]";
        var figures = reported.Metrics.Zip(found.Figures, (metric, value) => (metric, value)).Where(figure => figure.value is not null);
        return Literal.List(figures, figure => $"new({Literal.Of(figure.metric)}, {Literal.Of(figure.value)})");
    }
}
