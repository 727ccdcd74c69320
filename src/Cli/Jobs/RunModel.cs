using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using TorchSharp;

namespace MmMamba.Cli.Jobs;

/// <summary>Whole models that a run writes on its way and reads again when it goes on: with a hash of their tensors, so that what a disk changed is not believed.</summary>
static class RunModel
{
    const string HashKey = "mmmamba.tensors";

    /// <summary>Writes a model, whole or not at all.</summary>
    public static void Save(VisionLanguageModel model, string path, string sheet, ArtefactChain? chain = null)
    {
        var metadata = new Dictionary<string, string> { [Checkpoint.SheetKey] = sheet, [HashKey] = TeacherIdentity.Of(model).Hash };
        if (chain is not null) metadata[ArtefactChain.MetadataKey] = chain.ToJson();
        Checkpoint.Save(model, path, metadata);
    }

    /// <summary>Reads a model again; null when it was not written yet.</summary>
    /// <exception cref="InputException">It is damaged, or another plan's.</exception>
    public static VisionLanguageModel? Load(ModelPlan plan, string path, torch.Device device)
    {
        if (!File.Exists(path)) return null;
        string? written;
        using (var file = SafetensorsFile.Open(path)) written = file.Metadata.GetValueOrDefault(HashKey);
        var model = Checkpoint.Load(plan, path, device);
        if (TeacherIdentity.Of(model).Hash == written) return model;
        model.Dispose();
        throw new InputException($"{path}: is damaged: its tensors are not those that were written; remove it, and it is computed again.");
    }

    /// <summary>Reads a model's tensors again into it; false when they were not written yet.</summary>
    /// <inheritdoc cref="Load"/>
    public static bool Restore(VisionLanguageModel model, string path)
    {
        using var written = Load(model.Plan, path, model.Device);
        if (written is null) return false;
        using var noGrad = torch.no_grad();
        using var scope = torch.NewDisposeScope();
        foreach (var (name, tensor) in model.Tensors) tensor.copy_(written.Tensors[name]);
        return true;
    }
}
