using MmMamba.ModelDsl.Review;
using MmMamba.Runtime;

namespace MmMamba.Cli.Specs;

/// <summary>A model on one side of a comparison.</summary>
/// <param name="Label">What it is called there.</param>
/// <param name="Facts">What is so of it.</param>
sealed record DiffSide(string Label, ModelFacts Facts)
{
    /// <summary>Two models by name or file; a name beside a file is looked up among the specs of the file's folder first.</summary>
    public static (DiffSide Before, DiffSide After) OfTwo(string before, string after)
    {
        var (left, right) = (IsFile(before) ? SpecLibrary.Find(before) : default, IsFile(after) ? SpecLibrary.Find(after) : default);
        var (first, second) = (Named(before, left, right.Library), Named(after, right, left.Library));
        return first.Label == second.Label ? (first with { Label = before }, second with { Label = after }) : (first, second);
    }

    /// <summary>A model as it is in the working tree: a spec file, or a name among the specs of the current folder and the built-in ones.</summary>
    public static DiffSide Here(string model)
    {
        if (IsFile(model)) return Of(SpecLibrary.Find(model), " in the working tree");
        var library = SpecLibrary.Open(["."]);
        return Of((library.Model(model), library), " in the working tree");
    }

    /// <summary>A model as it was in a git revision, with all specs of its folder as they were.</summary>
    public static DiffSide At(string model, string revision)
    {
        var place = $" at {revision}";
        if (SpecArgument.Parse(model) is not { File: { } file, Member: var member })
        {
            var here = GitSpecs.Read(".", revision);
            var named = SpecLibrary.Among(here.Specs, here.Reports);
            return Of((named.Model(model), named), place);
        }
        var (folder, name) = (Path.GetDirectoryName(Path.GetFullPath(file))!, Path.GetFileName(file));
        var (specs, reports) = GitSpecs.Read(folder, revision);
        var spec = specs.FirstOrDefault(spec => spec.FileName == name)
            ?? throw new InputException($"{file}: there is no such spec file at {revision}.");
        return Of(SpecLibrary.Find(spec, specs.Where(other => other != spec), reports, member), place);
    }

    static bool IsFile(string model) => SpecArgument.Parse(model).File is not null;

    static DiffSide Named(string model, (NamedModel Model, SpecLibrary Library) file, SpecLibrary? beside) =>
        file.Library is not null ? Of(file, "") : beside is not null ? Of((beside.Model(model), beside), "") : Of(SpecLibrary.Find(model), "");

    static DiffSide Of((NamedModel Model, SpecLibrary Library) found, string place)
    {
        var model = found.Model.Resolved;
        return new(model.Name + place, ModelFacts.Of(model, found.Library.TeacherOf(model)));
    }
}
