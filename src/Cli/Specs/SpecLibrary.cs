using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
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
    /// <summary>How the name of a spec's file ends.</summary>
    public const string Extension = ".mmmodel.yaml";

    /// <summary>Bytes of the longest spec.</summary>
    public const int Longest = 1_000_000;

    readonly Dictionary<string, ResolvedModel> _models;

    SpecLibrary(IReadOnlyList<ParsedSpec> own)
    {
        var ownNames = own.Select(spec => spec.Name).ToHashSet(StringComparer.OrdinalIgnoreCase);
        var shipped = PublishedSpecs.All
            .Select(spec => SpecParser.Parse(new(spec.File, spec.Text)))
            .Where(spec => !ownNames.Contains(spec.Name));
        var bound = Catalog.Bind([.. own, .. shipped]);
        var resolved = ModelSet.Resolve(bound);
        _models = resolved.Models.ToDictionary(model => model.Name, StringComparer.Ordinal);
        Bound = bound;
        Own = [.. bound.Take(own.Count)];
        Diagnostics = [.. Own.SelectMany(spec => spec.Diagnostics)];
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
    /// built-in ones. Its teacher is found in the same library.
    /// </summary>
    public static (NamedModel Model, SpecLibrary Library) Find(string nameOrFile)
    {
        var isFile = nameOrFile.EndsWith(".yaml", StringComparison.Ordinal) || nameOrFile.EndsWith(".yml", StringComparison.Ordinal);
        if (!isFile)
        {
            var builtIn = new SpecLibrary([]);
            return (builtIn.Model(nameOrFile), builtIn);
        }
        if (!File.Exists(nameOrFile)) throw new InputException($"{nameOrFile}: there is no such spec file.");
        var folder = Path.GetDirectoryName(Path.GetFullPath(nameOrFile))!;
        var parsed = Read(nameOrFile);
        var beside = Files(folder).Where(path => Path.GetFullPath(path) != Path.GetFullPath(nameOrFile)).Select(ReadIfPossible).OfType<ParsedSpec>();
        return Find(parsed, beside);
    }

    /// <summary>The model of a spec among others and the built-in ones.</summary>
    public static (NamedModel Model, SpecLibrary Library) Find(ParsedSpec spec, IEnumerable<ParsedSpec> beside)
    {
        var library = new SpecLibrary([spec, .. beside]);
        if (library.Own[0].Diagnostics.FirstOrDefault(diagnostic => diagnostic.Severity == Severity.Error) is { } error)
            throw new InputException(error.ToString());
        return (library.Model(spec.Name!), library);
    }

    /// <summary>Specs that are no files here, such as those of another revision, with the tool's.</summary>
    public static SpecLibrary Among(IReadOnlyList<ParsedSpec> specs) => new(specs);

    /// <summary>The teacher of a model of this library; null where it has none.</summary>
    public ResolvedModel? TeacherOf(ResolvedModel model) => model.Teacher is { } teacher ? _models[teacher] : null;

    /// <summary>A model of this library by name.</summary>
    public NamedModel Model(string name) => _models.TryGetValue(name, out var found)
        ? new(found, PlanJson.Parse(PlanText.Render(found)))
        : throw new InputException($"there is no model '{name}'; known are {string.Join(", ", _models.Keys.Order(StringComparer.Ordinal))}, or name a *{Extension} file.");

    static IEnumerable<string> Files(string path)
    {
        if (File.Exists(path)) return [path];
        if (!Directory.Exists(path)) throw new InputException($"{path}: there is no such file or folder.");
        return Directory.EnumerateFiles(path, "*" + Extension).Order(StringComparer.Ordinal);
    }

    // A neighbour that can't be read is missed only if the model needs it, which is then said.
    static ParsedSpec? ReadIfPossible(string path)
    {
        try { return Read(path); }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException) { return null; }
    }

    // No more of a file is read than the parser needs to see that it is too long.
    static ParsedSpec Read(string path)
    {
        using var file = File.OpenRead(path);
        var bytes = new byte[Math.Min(file.Length, Longest + 1)];
        file.ReadExactly(bytes);
        using var reader = new StreamReader(new MemoryStream(bytes));
        return SpecParser.Parse(new(path, reader.ReadToEnd()));
    }
}
