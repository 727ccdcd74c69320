using System.Collections.Immutable;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.Generators;

/// <summary>One file to emit.</summary>
abstract record Output(string HintName);

/// <summary>A model's class.</summary>
sealed record ModelOutput(string HintName, ResolvedModel Model) : Output(HintName);

/// <summary>The empty class of a spec with mistakes: it keeps the user's own code from failing too.</summary>
sealed record StubOutput(string HintName, string Name, string File) : Output(HintName);

/// <summary>
/// What all specs together become, a file for each that names a model. It holds what is emitted and nothing else: a diagnostic that
/// moves changes nothing here, and a mistake changes its own model's place only.
/// </summary>
sealed record Outputs(EquatableArray<Output> Files)
{
    public static Outputs Of(ImmutableArray<ParsedSpec> specs)
    {
        // The order of files is the build's and means nothing.
        var bound = Catalog.Bind([.. specs.OrderBy(spec => spec.Path, StringComparer.Ordinal)]);
        var models = ModelSet.Resolve(bound).Models.ToDictionary(model => model.Name, StringComparer.Ordinal);
        var (files, emitted, hintNames) = (new List<Output>(), new HashSet<string>(StringComparer.Ordinal), new HintNames());
        foreach (var spec in bound.Where(spec => spec.Name is not null && (spec.Model is not null || !models.ContainsKey(spec.Name))))
        {
            var name = spec.Name!;
            if (!emitted.Add(name)) continue;
            var hintName = hintNames.For(name);
            files.Add(models.TryGetValue(name, out var model) ? new ModelOutput(hintName, model) : new StubOutput(hintName, name, Path.GetFileName(spec.Path)));
        }
        return new(files.ToEquatableArray());
    }
}
