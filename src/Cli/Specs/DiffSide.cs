using MmMamba.ModelDsl.Review;
using MmMamba.Runtime;

namespace MmMamba.Cli.Specs;

/// <summary>A model or an ablation family on one side of a comparison.</summary>
/// <param name="Label">What it is called there.</param>
/// <param name="Facts">What is so of the model; null for a family.</param>
/// <param name="Family">What is so of the family; null for a model.</param>
sealed record DiffSide(string Label, ModelFacts? Facts, FamilyFacts? Family)
{
    /// <summary>Two models, or two families, by name or file; a name beside a file is looked up among the specs of the file's folder first.</summary>
    public static (DiffSide Before, DiffSide After) OfTwo(string before, string after)
    {
        var (left, right) = (IsFile(before) ? SpecLibrary.Locate(before) : default, IsFile(after) ? SpecLibrary.Locate(after) : default);
        var (first, second) = (Named(before, left, right.Library), Named(after, right, left.Library));
        return first.Label == second.Label ? (first with { Label = before }, second with { Label = after }) : (first, second);
    }

    /// <summary>A model as it is in the working tree: a spec file, or a name among the specs of the current folder and the built-in ones.</summary>
    public static DiffSide Here(string model)
    {
        return Of(IsFile(model) ? SpecLibrary.Locate(model) : (SpecLibrary.Open(["."]), model), " in the working tree");
    }

    /// <summary>A model as it was in a git revision, with all specs of its folder as they were.</summary>
    public static DiffSide At(string model, string revision)
    {
        var place = $" at {revision}";
        if (SpecArgument.Parse(model) is not { File: { } file, Member: var member })
        {
            var here = GitSpecs.Read(".", revision);
            return Of((SpecLibrary.Among(here.Specs, here.Reports), model), place);
        }
        var (folder, name) = (Path.GetDirectoryName(Path.GetFullPath(file))!, Path.GetFileName(file));
        var (specs, reports) = GitSpecs.Read(folder, revision);
        var spec = specs.FirstOrDefault(spec => spec.FileName == name)
            ?? throw new InputException($"{file}: there is no such spec file at {revision}.");
        return Of(SpecLibrary.Locate(spec, specs.Where(other => other != spec), reports, member), place);
    }

    static bool IsFile(string model) => SpecArgument.Parse(model).File is not null;

    static DiffSide Named(string model, (SpecLibrary? Library, string Name) file, SpecLibrary? beside) =>
        Of(file.Library is { } own ? (own, file.Name) : beside is not null ? (beside, model) : SpecLibrary.Locate(model), "");

    static DiffSide Of((SpecLibrary Library, string Name) found, string place)
    {
        if (found.Library.Family(found.Name) is { } family) return new(family.Name + place, null, FamilyFacts.From(family, found.Library.TeacherOf));
        var model = found.Library.Model(found.Name).Resolved;
        return new(model.Name + place, ModelFacts.Of(model, found.Library.TeacherOf(model)), null);
    }
}
