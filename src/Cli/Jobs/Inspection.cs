using MmMamba.Cli.Specs;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Jobs;

/// <summary>What a checkpoint is.</summary>
/// <param name="Layout">How its tensors are named: <c>unfused</c> or <c>released</c>, which differ in Mamba-2 layers only.</param>
/// <param name="Plan">The model; null where nothing says which it is.</param>
/// <param name="Told">What says so.</param>
/// <param name="Misfit">Why the tensors are not the model's; null where they are, or where the model is not known.</param>
/// <param name="Files">Each file with its number of tensors and their bytes.</param>
/// <param name="Types">Each type on disk with its number of tensors and their bytes.</param>
/// <param name="Elements">Elements of all tensors.</param>
/// <param name="Chain">Where the weights come from; null where it is not told.</param>
sealed record Inspection(
    string Path, CheckpointLayout Layout, ModelPlan? Plan, string Told, string? Misfit, IReadOnlyList<InspectedPart> Files, IReadOnlyList<InspectedPart> Types,
    long Elements, ArtefactChain? Chain)
{
    public int Tensors => Files.Sum(file => file.Tensors);
    public long Bytes => Files.Sum(file => file.Bytes);

    /// <summary>Reads the headers of a checkpoint and what lies beside it.</summary>
    /// <exception cref="InputException">A file cannot be read, or contradicts itself.</exception>
    public static Inspection Of(string path)
    {
        using var files = CheckpointFiles.Open(path);
        var (plan, told) = ModelOf(path);
        return Of(path, files) with
        {
            Plan = plan, Told = told, Misfit = plan is null ? null : MisfitOf(path, plan),
            Chain = ImportJob.ChainOf(path, files) is { } chain ? ArtefactChain.Parse(chain) : null,
        };
    }

    /// <summary>What is stored alone, whatever the files beside the weights say of it.</summary>
    public static Inspection Of(string path, CheckpointFiles files)
    {
        var tensors = files.Tensors.ToArray();
        return new(
            path, files.Layout, null, "", null,
            [.. files.Files.Select(file => InspectedPart.Of(System.IO.Path.GetFileName(file.Path), file.Tensors))],
            [.. tensors.GroupBy(tensor => tensor.Type).Select(type => InspectedPart.Of(Dtypes.NameOf(type.Key), type)).OrderByDescending(type => type.Bytes)],
            tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (size, extent) => size * extent)), null);
    }

    /// <summary>The model that a checkpoint is of, and what says so; null where nothing does.</summary>
    /// <exception cref="InputException">What should say so cannot be read, or has a mistake.</exception>
    public static (ModelPlan? Plan, string Told) ModelOf(string path)
    {
        if (CheckpointSpec.TellsOf(path) is { } teller)
        {
            var (library, name) = CheckpointSpec.Locate(path);
            return (library.Model(name).Plan, teller);
        }
        using var files = CheckpointFiles.Open(path);
        if (files.Plan is { } plan) return (plan, "the plan that it carries");
        var like = Models.PublishedModels.All.Select(model => model.Plan).FirstOrDefault(known => Has(files, known));
        return (like, like is null ? "nothing tells" : "the names and shapes of its tensors");
    }

    static bool Has(CheckpointFiles files, ModelPlan plan)
    {
        // A model without the released form has none of its names.
        IReadOnlyList<StoredTensor> stored;
        try { stored = Layouts.Of(plan.Tensors, files.Layout); }
        catch (InputException) { return false; }
        return stored.Count == files.Tensors.Count() && stored.All(tensor => files.Find(tensor.Name) is { } found && found.Shape == tensor.Shape);
    }

    static string? MisfitOf(string path, ModelPlan plan)
    {
        try
        {
            using var parameters = new CheckpointParameters(path, plan);
            return null;
        }
        catch (InputException misfit)
        {
            return misfit.Message;
        }
    }
}

/// <param name="Name">A file, or a type.</param>
/// <param name="Tensors">Tensors in it, or of it.</param>
/// <param name="Bytes">Their bytes.</param>
sealed record InspectedPart(string Name, int Tensors, long Bytes)
{
    public static InspectedPart Of(string name, IEnumerable<SafetensorsTensor> tensors) => new(name, tensors.Count(), tensors.Sum(tensor => tensor.ByteCount));
}
