using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
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

    /// <summary>Reads a model again, each tensor in the type that it was written in; null when it was not written yet.</summary>
    /// <param name="dtype">Type of what the model computes.</param>
    /// <exception cref="InputException">It is damaged, or another plan's.</exception>
    public static VisionLanguageModel? Load(ModelPlan plan, string path, torch.Device device, torch.ScalarType dtype = torch.ScalarType.Float32)
    {
        if (!File.Exists(path)) return null;
        string? written;
        using (var file = SafetensorsFile.Open(path)) written = file.Metadata.GetValueOrDefault(HashKey);
        using var stored = new CheckpointParameters(path, plan, device, dtype);
        var model = new VisionLanguageModel(plan, new AsStored(stored));
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

    // A student's trained tensors are float32, whatever the others are.
    sealed class AsStored(CheckpointParameters stored) : ParameterSource(stored.Device, stored.Dtype)
    {
        public override TorchSharp.Modules.Parameter Take(TensorPlan tensor)
        {
            using var scope = torch.NewDisposeScope();
            var values = stored.ReadAsStored(tensor);
            return Own(values, values.dtype);
        }
    }
}
