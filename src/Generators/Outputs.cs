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

/// <summary>
/// What all specs together become, a file for each that names a model and is no declaration. It holds what is emitted and nothing else: a diagnostic that
/// moves changes nothing here, and a mistake changes its own model's place only.
/// </summary>
sealed record Outputs(EquatableArray<Output> Files)
{
    public static Outputs Of(ImmutableArray<ParsedSpec> specs)
    {
        // The order of files is the build's and means nothing.
        var parsed = specs.OrderBy(spec => spec.Path, StringComparer.Ordinal).ToArray();
        var bound = Catalog.Bind(parsed);
        var standIn = new Lazy<StandIn>(() => new(parsed, bound));
        var models = ModelSet.Resolve(bound).Models.ToDictionary(model => model.Name, StringComparer.Ordinal);
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
            if (models.TryGetValue(spec.Name!, out var model)) return new ModelOutput(hintName, model, TeacherIn(model));
            var face = standIn.Value.For(spec);
            return new StubOutput(hintName, spec.Name!, spec.FileName, face, TeacherIn(face));
        }

        string? TeacherIn(ResolvedModel? model) => model?.Teacher is { } teacher && declared.TryGetValue(teacher, out var assembly) ? assembly : null;
    }
}
