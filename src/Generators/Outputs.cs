using System.Collections.Immutable;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.Generators;

/// <summary>One file to emit.</summary>
abstract record Output(string HintName);

/// <summary>A model's class.</summary>
/// <param name="TeacherIn">Namespace of the teacher's class where a referenced assembly has it; null where it is one of this project's.</param>
sealed record ModelOutput(string HintName, ResolvedModel Model, string? TeacherIn) : Output(HintName);

/// <summary>The class of a spec with mistakes: it keeps the user's own code from failing too.</summary>
/// <param name="Face">The model whose members stand in; null where the spec extends no sound one.</param>
/// <param name="TeacherIn">As a model's, for <paramref name="Face"/>.</param>
sealed record StubOutput(string HintName, string Name, string File, ResolvedModel? Face, string? TeacherIn) : Output(HintName);

/// <summary>The registry of an ablation family.</summary>
/// <param name="OfIn">Namespace of the base's class where a referenced assembly has it; null where it is one of this project's.</param>
/// <param name="ReferencesIn">The same of each reference.</param>
sealed record FamilyOutput(string HintName, ResolvedFamily Family, string? OfIn, EquatableArray<string?> ReferencesIn) : Output(HintName);

/// <summary>The registry of a family with mistakes.</summary>
/// <param name="Members">Its members, as far as they are known.</param>
sealed record FamilyStubOutput(string HintName, string Name, string File, EquatableArray<string> Members) : Output(HintName);

/// <summary>
/// What all specs together become, a file for each that names a model and is no declaration. It holds what is emitted and nothing else: a diagnostic that
/// moves changes nothing here, and a mistake changes its own model's place only.
/// </summary>
sealed record Outputs(EquatableArray<Output> Files)
{
    public static Outputs Of(ImmutableArray<ParsedSpec> specs, ImmutableArray<ParsedReport> reports)
    {
        // The order of files is the build's and means nothing.
        var parsed = specs.OrderBy(spec => spec.SortKey, StringComparer.Ordinal).ToArray();
        var bound = Catalog.Bind(parsed, reports);
        var standIn = new Lazy<StandIn>(() => new(parsed, bound));
        var set = ModelSet.Resolve(bound);
        var models = set.Models.ToDictionary(model => model.Name, StringComparer.Ordinal);
        var families = set.Families.ToDictionary(family => family.Name, StringComparer.Ordinal);
        var declared = bound.Where(spec => spec.DeclaredIn is not null && spec.Name is not null)
            .GroupBy(spec => spec.Name!, StringComparer.Ordinal)
            .ToDictionary(specs => specs.Key, specs => specs.First().DeclaredIn, StringComparer.Ordinal);
        var (files, emitted, hintNames) = (new List<Output>(), new HashSet<string>(StringComparer.Ordinal), new HintNames());
        foreach (var spec in parsed.Where(spec => spec.Name is not null && spec.DeclaredIn is null))
        {
            var name = spec.Name!;
            if (declared.ContainsKey(name) || !emitted.Add(name)) continue;
            files.Add(Of(hintNames.For(name), spec));
        }
        return new(files.ToEquatableArray());

        Output Of(string hintName, ParsedSpec spec)
        {
            if (spec.IsFamily) return FamilyOf(hintName, spec);
            if (models.TryGetValue(spec.Name!, out var model)) return new ModelOutput(hintName, model, TeacherIn(model));
            var face = standIn.Value.For(spec);
            return new StubOutput(hintName, spec.Name!, spec.FileName, face, TeacherIn(face));
        }

        Output FamilyOf(string hintName, ParsedSpec spec) => families.TryGetValue(spec.Name!, out var family)
            ? new FamilyOutput(hintName, family, AssemblyOf(family.Of.Name), [.. family.References.Select(reference => AssemblyOf(reference.Name))])
            : new FamilyStubOutput(hintName, spec.Name!, spec.FileName, bound.First(other => other.Path == spec.Path).Members);

        string? TeacherIn(ResolvedModel? model) => model?.Teacher is { } teacher ? AssemblyOf(teacher) : null;

        string? AssemblyOf(string model) => declared.TryGetValue(model, out var assembly) ? assembly : null;
    }
}
