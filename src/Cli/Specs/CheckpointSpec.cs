using System.Globalization;
using System.Text.Json;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Specs;

/// <summary>
/// The model that a checkpoint is of: by the spec in its folder, or its <c>config.json</c>, or a built-in model that its plan is of. A checkpoint is a
/// folder or a safetensors file.
/// </summary>
static class CheckpointSpec
{
    const string WeightsExtension = ".safetensors";

    /// <summary>Whether an argument is a checkpoint's path and not a name; the name of a built-in model stays one.</summary>
    public static bool Is(string argument) =>
        argument.EndsWith(WeightsExtension, StringComparison.Ordinal) || (Directory.Exists(argument) && Models.PublishedModels.Find(argument) is null);

    /// <summary>The plan of a model by name, spec file or checkpoint. A checkpoint that carries its plan needs no spec beside it.</summary>
    /// <exception cref="InputException">There is no such model, or nothing says which one it is.</exception>
    public static ModelPlan PlanOf(string argument) => Is(argument) && TellsOf(argument) is null && Checkpoint.ReadPlan(argument) is { } carried
        ? carried
        : SpecLibrary.Find(argument).Model.Plan;

    /// <summary>The library that the checkpoint's model is in, and its name there.</summary>
    /// <param name="path">The checkpoint.</param>
    /// <param name="name">What a model is called that has no name yet; null is the folder's name.</param>
    /// <exception cref="InputException">Nothing says which model it is, or what says so has a mistake.</exception>
    public static (SpecLibrary Library, string Name) Locate(string path, string? name = null)
    {
        if (SpecIn(path) is { } spec) return SpecLibrary.Locate(spec);
        if (Path.Combine(path, CheckpointFolder.Config) is var config && Directory.Exists(path) && File.Exists(config)) return OfConfig(config, name ?? NameOf(path));
        using var files = CheckpointFiles.Open(path);
        if (files.Plan is { } plan && Models.PublishedModels.Find(plan.Name) is { } published && published.Plan.Fingerprint == plan.Fingerprint)
            return SpecLibrary.Locate(plan.Name);
        throw new InputException(files.Plan is { } own
            ? $"{path}: is a {own.Name} ({own.Fingerprint}), whose spec is not beside it; name the spec, and the checkpoint with --weights."
            : $"{path}: nothing says which model it is; expected a {CheckpointFolder.Spec}, a {CheckpointFolder.Config} or a {CheckpointFolder.Plan} beside the weights.");
    }

    /// <summary>The file of a checkpoint's folder that says which model it is; null where only the weights can.</summary>
    public static string? TellsOf(string path) =>
        SpecIn(path) is { } spec ? Path.GetFileName(spec)
        : Directory.Exists(path) && File.Exists(Path.Combine(path, CheckpointFolder.Config)) ? CheckpointFolder.Config
        : null;

    /// <summary>The spec in a checkpoint's folder; null where there is none or several.</summary>
    static string? SpecIn(string path)
    {
        if (!Directory.Exists(path)) return null;
        if (Path.Combine(path, CheckpointFolder.Spec) is var own && File.Exists(own)) return own;
        string[] specs = [.. Directory.EnumerateFiles(path).Where(SpecParser.IsSpec)];
        return specs.Length == 1 ? specs[0] : null;
    }

    static (SpecLibrary Library, string Name) OfConfig(string config, string name)
    {
        var text = CheckpointFolder.ReadText(config);
        try
        {
            using var json = JsonDocument.Parse(text);
        }
        // The reader of specs takes more than JSON.
        catch (JsonException broken)
        {
            throw new InputException($"{config}: is not valid JSON at line {broken.LineNumber + 1}", broken);
        }
        var (spec, faults) = PublishedConfigReader.Read(name, text);
        return spec is null
            ? throw new InputException($"{config}: {string.Join("; ", faults)}")
            : SpecLibrary.Locate(new SpecFile($"{config}, as a spec", spec));
    }

    /// <summary>A folder's name as that of a model: <c>mmMamba-linear</c> is <c>MmMambaLinear</c>.</summary>
    static string NameOf(string folder)
    {
        var name = Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)));
        var words = new string([.. name.Select(letter => char.IsAsciiLetterOrDigit(letter) ? letter : ' ')]).Split(' ', StringSplitOptions.RemoveEmptyEntries);
        var joined = string.Concat(words.Select(word => char.ToUpper(word[0], CultureInfo.InvariantCulture) + word[1..]));
        return joined.Length > 0 && char.IsAsciiLetter(joined[0]) ? joined : "Imported";
    }
}
