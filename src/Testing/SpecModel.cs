using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Review;

namespace MmMamba.Testing;

/// <summary>A model, a family or a family's member of a spec that a test can reach, and its text for a snapshot.</summary>
sealed record SpecModel(string Name, string Text)
{
    /// <summary>What a class was generated for: a model or a family, of a spec in the class's assembly.</summary>
    /// <param name="member">A member of the family; null for all of it, and for a model.</param>
    public static SpecModel Of(Type type, string? member = null)
    {
        var files = EmbeddedSpecs.Of(type.Assembly);
        if (!files.Where(IsSpec).Select(SpecParser.Parse).Any(spec => spec.Name == type.Name))
            throw new SnapshotException(
                $"The assembly {type.Assembly.GetName().Name} carries no spec of {type.Name}. Embed the specs in the project that compiles them: "
                + "<EmbeddedResource Include=\"*.mmmodel.yaml\" LogicalName=\"%(Filename)%(Extension)\" />.");
        return Resolved(type.Name, member, files);
    }

    /// <summary>What a spec file describes, among the specs of its folder; <c>FILE#Member</c> is a member of the family that it is.</summary>
    public static SpecModel OfFile(string path)
    {
        var mark = path.LastIndexOf('#');
        var (file, member) = mark > 0 && !File.Exists(path) ? (path[..mark], path[(mark + 1)..]) : (path, null);
        if (!File.Exists(file)) throw new SnapshotException($"{file}: there is no such spec file.");
        var own = SpecParser.Parse(Read(file));
        if (own.Name is null) return Resolved(null, null, [Read(file)]);
        SpecFile[] specs = [Read(file), .. Directory.EnumerateFiles(Path.GetDirectoryName(file)!)
            .Where(beside => beside != file && SpecParser.IsSpec(beside)).Order(StringComparer.Ordinal).Select(Read)];
        var figures = specs.Select(SpecParser.Parse).Select(spec => spec.Reported).OfType<string>().Distinct().Where(File.Exists);
        return Resolved(own.Name, member, [.. specs, .. figures.Select(Read)]);

        static SpecFile Read(string path) => new(path, File.ReadAllText(path));
    }

    // What the specs extend may be in any assembly beside the tests, such as that of the published models.
    static SpecModel Resolved(string? name, string? member, IReadOnlyList<SpecFile> files)
    {
        ParsedSpec[] own = [.. files.Where(IsSpec).Select(SpecParser.Parse)];
        SpecFile[] deployed = [.. EmbeddedSpecs.Deployed()];
        var names = own.Select(spec => spec.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var bound = Catalog.Bind(
            [.. own, .. deployed.Where(IsSpec).Select(SpecParser.Parse).Where(spec => names.Add(spec.Name))],
            [.. files.Concat(deployed).Where(file => !IsSpec(file)).Select(ParsedReport.Parse)]);
        var models = ModelSet.Resolve(bound);
        var family = name is null ? null : models.FindFamily(name);
        if (member is null && family is not null) return new(family.Name, FamilyText.Render(family, TeacherOf));
        if (name is not null && models.Find(member is null ? name : $"{name}.{member}") is { } model) return new(model.Name, ModelText.Render(model, TeacherOf(model)));
        if (family is not null)
            throw new SnapshotException($"{name} has no member {member}; it has {string.Join(", ", family.Members.Select(one => one.Name))}.");

        var spec = bound.First(spec => spec.Name == name);
        var errors = spec.Diagnostics.Where(diagnostic => diagnostic.Severity == Severity.Error).ToArray();
        throw new SnapshotException(errors.Length > 0 ? string.Join("\n", errors.AsEnumerable())
            : member is null ? $"{spec.Path} names no model and no family." : $"{spec.Path} is a model and no family, so it has no member {member}.");

        ResolvedModel? TeacherOf(ResolvedModel model) => model.Teacher is { } teacher ? models.Find(teacher) : null;
    }

    static bool IsSpec(SpecFile file) => SpecParser.IsSpec(file.Path);
}
