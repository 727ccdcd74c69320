using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Review;

namespace MmMamba.Testing;

/// <summary>A model of a spec that a test can reach, and its text for a snapshot.</summary>
sealed record SpecModel(string Name, string Text)
{
    /// <summary>The model that a class was generated for, of a spec in the class's assembly.</summary>
    public static SpecModel Of(Type type)
    {
        var specs = EmbeddedSpecs.Of(type.Assembly);
        if (!specs.Any(spec => spec.Name == type.Name))
            throw new SnapshotException(
                $"The assembly {type.Assembly.GetName().Name} carries no spec of {type.Name}. Embed the specs in the project that compiles them: "
                + "<EmbeddedResource Include=\"*.mmmodel.yaml\" LogicalName=\"%(Filename)%(Extension)\" />.");
        return Resolved(type.Name, specs);
    }

    /// <summary>The model of a spec file, among the specs of its folder.</summary>
    public static SpecModel OfFile(string path)
    {
        if (!File.Exists(path)) throw new SnapshotException($"{path}: there is no such spec file.");
        var own = Read(path);
        if (own.Name is null) return Resolved(null, [own]);
        var beside = Directory.EnumerateFiles(Path.GetDirectoryName(path)!, "*" + EmbeddedSpecs.Extension)
            .Where(file => file != path).Order(StringComparer.Ordinal).Select(Read);
        return Resolved(own.Name, [own, .. beside]);

        static ParsedSpec Read(string path) => SpecParser.Parse(new(path, File.ReadAllText(path)));
    }

    // What the specs extend may be in any assembly beside the tests, such as that of the published models.
    static SpecModel Resolved(string? name, IReadOnlyList<ParsedSpec> specs)
    {
        var names = specs.Select(spec => spec.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var bound = Catalog.Bind([.. specs, .. EmbeddedSpecs.Deployed().Where(spec => names.Add(spec.Name))]);
        var models = ModelSet.Resolve(bound);
        if (name is not null && models.Find(name) is { } model)
            return new(model.Name, ModelText.Render(model, model.Teacher is { } teacher ? models.Find(teacher) : null));
        var errors = bound.First(spec => spec.Name == name).Diagnostics.Where(diagnostic => diagnostic.Severity == Severity.Error).ToArray();
        throw new SnapshotException(errors.Length > 0 ? string.Join("\n", errors.AsEnumerable()) : $"{specs[0].Path} names no model.");
    }
}
