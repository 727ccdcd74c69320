using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;
using MmMamba.Models;
using MmMamba.Runtime;
using MmMamba.Runtime.Plans;
using PlanText = MmMamba.ModelDsl.Rendering.PlanJson;

namespace MmMamba.Cli.Specs;

/// <summary>A model that the tool can name, in both of its forms.</summary>
/// <param name="Resolved">What the spec means.</param>
/// <param name="Plan">What the engine runs.</param>
sealed record NamedModel(ResolvedModel Resolved, ModelPlan Plan);

/// <summary>The specs of some folders and files together with those that come with the tool. A spec of one's own hides the tool's of the same name.</summary>
sealed class SpecLibrary
{
    /// <summary>Bytes of the longest spec.</summary>
    public const int Longest = 1_000_000;

    // Where the tool's own files lie, in paths: no file of a user's is there.
    const string Shipped = "mmmamba:/";

    readonly ModelSet _set;

    SpecLibrary(IReadOnlyList<ParsedSpec> own, IEnumerable<ParsedReport> reports)
    {
        var ownNames = own.Select(spec => spec.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var shipped = PublishedSpecs.All
            .Select(spec => SpecParser.Parse(new(Shipped + spec.File, spec.Text)))
            .Where(spec => !ownNames.Contains(spec.Name));
        var figures = PublishedSpecs.Figures.Select(file => ParsedReport.Parse(new(Shipped + file.File, file.Text)));
        Bound = Catalog.Bind([.. own, .. shipped], [.. reports, .. figures]);
        _set = ModelSet.Resolve([.. Bound]);
        Own = [.. Bound.Take(own.Count)];
        Diagnostics = [.. Own.SelectMany(spec => spec.Diagnostics)];
    }

    SpecLibrary(IReadOnlyList<ParsedSpec> own)
        : this(own, [.. own.Select(spec => spec.Reported).OfType<string>().Distinct().Select(ReadFigures).OfType<ParsedReport>()])
    {
    }

    /// <summary>All specs, those of the tool behind those that were named.</summary>
    public IReadOnlyList<BoundSpec> Bound { get; }

    /// <summary>The specs that were named, without the tool's.</summary>
    public IReadOnlyList<BoundSpec> Own { get; }

    /// <summary>What was found in them.</summary>
    public IReadOnlyList<Diagnostic> Diagnostics { get; }

    /// <summary>Reads files, and the specs of folders.</summary>
    public static SpecLibrary Open(IReadOnlyList<string> paths) => new([.. paths.SelectMany(Files).DistinctBy(Path.GetFullPath).Select(Read)]);

    /// <summary>
    /// A model by the name of a built-in one or by its spec file, in which names are looked up among the specs of its folder and the
    /// built-in ones; a member of a family as <c>Family.Member</c> or <c>FILE#Member</c>; or by its checkpoint, a folder or a file, by what lies in
    /// it. Its teacher is found in the same library.
    /// </summary>
    public static (NamedModel Model, SpecLibrary Library) Find(string nameOrFile)
    {
        var (library, name) = Locate(nameOrFile);
        return (library.Model(name), library);
    }

    /// <summary>The library that a model or family is in, and its name there.</summary>
    public static (SpecLibrary Library, string Name) Locate(string nameOrFile)
    {
        var named = SpecArgument.Parse(nameOrFile);
        if (named.File is not { } file)
        {
            var shipped = new SpecLibrary([]);
            return shipped.Knows(nameOrFile) || !CheckpointSpec.Is(nameOrFile) ? (shipped, nameOrFile) : CheckpointSpec.Locate(nameOrFile);
        }
        if (!File.Exists(file)) throw new InputException($"{file}: there is no such spec file{Near(file)}.");
        var folder = Path.GetDirectoryName(Path.GetFullPath(file))!;
        var beside = Files(folder).Where(path => Path.GetFullPath(path) != Path.GetFullPath(file)).Select(ReadIfPossible).OfType<ParsedSpec>();
        return Located(new([Read(file), .. beside]), named.Member);
    }

    /// <summary>The library of a spec among others and the built-in ones, and the name there of its model or family, or of a member of the family.</summary>
    /// <exception cref="InputException">The spec has a mistake.</exception>
    public static (SpecLibrary Library, string Name) Locate(
        ParsedSpec spec, IEnumerable<ParsedSpec> beside, IEnumerable<ParsedReport> reports, string? member) => Located(new([spec, .. beside], reports), member);

    /// <summary>The library of one spec's text and the built-in models, and the spec's name there.</summary>
    /// <exception cref="InputException">The spec has a mistake.</exception>
    public static (SpecLibrary Library, string Name) Locate(SpecFile spec) => Located(new([SpecParser.Parse(spec)], []), null);

    static (SpecLibrary Library, string Name) Located(SpecLibrary library, string? member)
    {
        var spec = library.Own[0];
        if (spec.Diagnostics.FirstOrDefault(diagnostic => diagnostic.Severity == Severity.Error) is { } error) throw new InputException(error.ToString());
        return (library, member is null ? spec.Name! : $"{spec.Name}.{member}");
    }

    /// <summary>Specs that are no files here, such as those of another revision, with the tool's.</summary>
    public static SpecLibrary Among(IReadOnlyList<ParsedSpec> specs, IEnumerable<ParsedReport> reports) => new(specs, reports);

    /// <summary>The teacher of a model of this library; null where it has none.</summary>
    public ResolvedModel? TeacherOf(ResolvedModel model) => model.Teacher is { } teacher ? _set.Find(teacher) : null;

    /// <summary>A model of this library by name, a family's member as <c>Family.Member</c>.</summary>
    public NamedModel Model(string name)
    {
        if (_set.Find(name) is { } found) return new(found, PlanJson.Parse(PlanText.Render(found)));
        if ((Family(name) ?? Family(name.Split('.')[0])) is not { } family)
            throw new InputException(Suggestion.Nearest(name, Known) is { } near
                ? $"there is no model '{name}'; did you mean {near}?"
                : $"there is no model '{name}'; known are {string.Join(", ", Known)}, or name a *{SpecParser.Extension} file.");
        if (family.Name != name && Suggestion.Nearest(name, family.Members.Select(member => member.Model.Name)) is { } meant)
            throw new InputException($"there is no model '{name}'; did you mean {meant}?");
        var members = string.Join(", ", family.Members.Select(member => member.Model.Name));
        throw new InputException(family.Name == name
            ? $"{name} is an ablation family; name one of its members: {members}."
            : $"there is no model '{name}'; {family.Name} has the members {members}.");
    }

    /// <summary>What the spec of a model of this library says, a family's member as <c>Family.Member</c>.</summary>
    public ModelSpec SpecOf(string name) => Bound.SelectMany(spec => spec.Written).Single(one => one.Model.Name == name).Model;

    /// <summary>Whether a model's spec is not one of the tool's.</summary>
    public bool IsOwn(string name) => Own.Any(spec => spec.Model?.Name == name);

    /// <summary>All models, without the members of families.</summary>
    public IEnumerable<ResolvedModel> Models => _set.Models;

    /// <summary>A family of this library by name; null where there is none.</summary>
    public ResolvedFamily? Family(string name) => _set.FindFamily(name);

    bool Knows(string name) => _set.Find(name) is not null || Family(name.Split('.')[0]) is not null;

    IEnumerable<string> Known =>
    [
        .. _set.Models.Select(model => model.Name).Order(StringComparer.Ordinal),
        .. _set.Families.Select(family => family.Name).Order(StringComparer.Ordinal),
    ];

    // The spec that was probably meant: one beside it, or the same with the whole extension.
    static string Near(string path)
    {
        if (path.Length == 0 || Path.GetDirectoryName(Path.GetFullPath(path)) is not { } folder || !Directory.Exists(folder)) return "";
        var beside = Directory.EnumerateFiles(folder).Where(SpecParser.IsSpec).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal).ToList();
        var name = Path.GetFileName(path);
        var near = Suggestion.Nearest(name, beside) ?? Suggestion.Nearest(Path.GetFileNameWithoutExtension(name) + SpecParser.Extension, beside);
        return near is null ? "" : $"; did you mean {Path.Combine(Path.GetDirectoryName(path)!, near)}?";
    }

    static IEnumerable<string> Files(string path)
    {
        if (File.Exists(path)) return [path];
        if (!Directory.Exists(path)) throw new InputException($"{path}: there is no such file or folder{Near(path)}.");
        return Directory.EnumerateFiles(path).Where(SpecParser.IsSpec).Order(StringComparer.Ordinal);
    }

    // A neighbour that can't be read is missed only if the model needs it, which is then said.
    static ParsedSpec? ReadIfPossible(string path)
    {
        try { return Read(path); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return null; }
    }

    static ParsedSpec Read(string path) => SpecParser.Parse(new(path, Text(path)));

    // Figures that can't be read are missed, which the family then says.
    static ParsedReport? ReadFigures(string path)
    {
        try { return File.Exists(path) ? ParsedReport.Parse(new(path, Text(path))) : null; }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return null; }
    }

    // No more of a file is read than the parser needs to see that it is too long.
    static string Text(string path)
    {
        using var file = File.OpenRead(path);
        var bytes = new byte[Math.Min(file.Length, Longest + 1)];
        file.ReadExactly(bytes);
        using var reader = new StreamReader(new MemoryStream(bytes));
        return reader.ReadToEnd();
    }
}
