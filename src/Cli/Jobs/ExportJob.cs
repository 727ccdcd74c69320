using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Rendering;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;

namespace MmMamba.Cli.Jobs;

/// <summary>How a checkpoint is written.</summary>
/// <param name="Layout">Names on disk.</param>
/// <param name="StoreAs">Type on disk; null keeps each tensor's own.</param>
/// <param name="ShardBytes">Bytes of tensors in a file at most.</param>
sealed record ExportSettings(CheckpointLayout Layout, torch.ScalarType? StoreAs, long ShardBytes);

/// <summary>Writes a model as the authors' released code reads it, with what says where it comes from. The folder appears whole or not at all.</summary>
static class ExportJob
{
    /// <summary>Exports the weights of a checkpoint.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="weights">Its checkpoint: a folder or a safetensors file, of any layout.</param>
    /// <exception cref="InputException">The checkpoint does not fit, or the model or the folder cannot be written.</exception>
    public static void Run(FolderModel folder, string weights, string target, ExportSettings settings, CancellationToken cancellation)
    {
        RequireConfig(folder);
        using var parameters = new CheckpointParameters(weights, folder.Plan);
        var files = parameters.Files;
        Write(folder, parameters, target, settings, settings.StoreAs ?? TypeOf(files), cancellation, output =>
        {
            if (ImportJob.ChainOf(weights, files) is { } chain) CheckpointFolder.WriteText(output.At(CheckpointFolder.Chain), chain);
            if (Directory.Exists(weights)) ImportJob.TakeCompanions(weights, output);
        });
    }

    /// <summary>Exports drawn weights: of a model that has learned nothing, or of a student of such a teacher.</summary>
    /// <param name="folder">The model.</param>
    /// <param name="teacher">Its teacher's plan; null where it has none.</param>
    /// <param name="seed">The same seed gives the same weights.</param>
    public static void Draw(FolderModel folder, ModelPlan? teacher, ulong seed, string target, ExportSettings settings, CancellationToken cancellation)
    {
        RequireConfig(folder);
        ParameterSource drawn = teacher is null ? new DrawnParameters(seed) : new SeededParameters(teacher, seed);
        Write(folder, drawn, target, settings, settings.StoreAs ?? drawn.Dtype, cancellation, _ => { });
    }

    static void Write(
        FolderModel folder, ParameterSource source, string target, ExportSettings settings, torch.ScalarType type, CancellationToken cancellation,
        Action<OutputFolder> beside)
    {
        using var output = OutputFolder.Create(target);
        beside(output);
        Tokenizers.Complete(folder.Plan, output);
        foreach (var (file, text) in folder.Texts) CheckpointFolder.WriteText(output.At(file), text);
        CheckpointFolder.WriteText(output.At(CheckpointFolder.Config), PublishedConfig.Render(folder.Spec, Dtypes.NameOf(type)));
        CheckpointFolder.WriteWeights(output.Partial, folder.Plan, source, settings.Layout, settings.StoreAs, settings.ShardBytes, cancellation);
        output.Complete();
    }

    /// <summary>Whether a model's layers have dynamic positions that its <c>config.json</c> does not tell of: the authors' code computes plain ones in students.</summary>
    public static bool IsPlainThere(FolderModel folder) =>
        folder.Spec.Checkpoint == "mmmamba" && folder.Plan.Layers.Any(layer => layer.Mixer is AttentionPlan { DynamicFactor: not null });

    static void RequireConfig(FolderModel folder)
    {
        if (PublishedConfig.Obstacles(folder.Spec) is { Count: > 0 } obstacles)
            throw new InputException($"{folder.Plan.Name} has no {CheckpointFolder.Config} in the authors' released code: {string.Join("; ", obstacles)}.");
    }

    // The type that the weights are in, if it is one.
    static torch.ScalarType TypeOf(CheckpointFiles files) =>
        files.Tensors.Select(tensor => tensor.Type).Distinct().ToArray() is [var type] ? type : torch.ScalarType.Float32;
}
