using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>Models from checkpoints of any kind, and as single safetensors files that carry their plan: what is needed to run one is in it.</summary>
public static class Checkpoint
{
    /// <summary>Metadata key of the plan.</summary>
    public const string PlanKey = "mmmamba.plan";

    /// <summary>Metadata key of the architecture sheet, where the writer has one.</summary>
    public const string SheetKey = "mmmamba.sheet";

    // What other readers of the format expect to find.
    internal const string FormatKey = "format", Format = "pt";

    /// <summary>Loads a model.</summary>
    /// <param name="plan">What the checkpoint must fit; null takes the plan that it carries.</param>
    /// <param name="path">A safetensors file, or a folder with one or with shards and their index; unfused or as released.</param>
    /// <param name="device">Where the model lives; null is the CPU.</param>
    /// <param name="dtype">Type of its parameters, whatever is stored.</param>
    /// <param name="access">Whether weights are read or, where type and device are as stored, mapped.</param>
    /// <exception cref="InputException">It cannot be read or does not fit the plan: all that is wrong is named.</exception>
    public static VisionLanguageModel Load(
        ModelPlan? plan, string path, Device? device = null, ScalarType dtype = ScalarType.Float32, WeightAccess access = WeightAccess.Read)
    {
        using var parameters = new CheckpointParameters(path, plan, device, dtype, access);
        return new(parameters.Plan, parameters);
    }

    /// <summary>The plan that a checkpoint carries, or null. Only the header is read.</summary>
    /// <exception cref="InputException">It cannot be read, or its plan is none.</exception>
    public static ModelPlan? ReadPlan(string path)
    {
        using var files = CheckpointFiles.Open(path);
        return files.Plan;
    }

    /// <summary>Writes a model whole or not at all.</summary>
    /// <param name="model">The model.</param>
    /// <param name="path">The target.</param>
    /// <param name="metadata">More strings for the header.</param>
    /// <param name="storeAs">Type on disk; null keeps the parameters'.</param>
    /// <param name="layout">Names on disk.</param>
    /// <exception cref="InputException">The file cannot be written there, or the layout cannot hold the model.</exception>
    public static void Save(
        VisionLanguageModel model, string path, IReadOnlyDictionary<string, string>? metadata = null, ScalarType? storeAs = null,
        CheckpointLayout layout = CheckpointLayout.Unfused) => Save(model.Plan, model.Tensors, path, metadata, storeAs, layout);

    /// <summary>Writes a plan's tensors whole or not at all.</summary>
    /// <param name="plan">What they make.</param>
    /// <param name="tensors">All of the plan's tensors by name.</param>
    /// <param name="path">The target.</param>
    /// <param name="metadata">More strings for the header.</param>
    /// <param name="storeAs">Type on disk; null keeps the tensors'.</param>
    /// <param name="layout">Names on disk.</param>
    /// <exception cref="InputException">The file cannot be written there, or the layout cannot hold the model.</exception>
    /// <exception cref="ArgumentException">A tensor is missing or has another shape than the plan's.</exception>
    public static void Save<T>(
        ModelPlan plan, IReadOnlyDictionary<string, T> tensors, string path, IReadOnlyDictionary<string, string>? metadata = null,
        ScalarType? storeAs = null, CheckpointLayout layout = CheckpointLayout.Unfused) where T : Tensor
    {
        var strings = new Dictionary<string, string>(metadata ?? new Dictionary<string, string>(), StringComparer.Ordinal)
        {
            [PlanKey] = PlanJson.Write(plan),
            [FormatKey] = Format,
        };
        SafetensorsWriter.Write(path, [.. Layouts.Of(plan.Tensors, layout).Select(stored => Entry(
            stored, part => tensors.TryGetValue(part.Name, out var tensor)
                ? tensor
                : throw new ArgumentException($"the plan's tensor '{part.Name}' is not among the {tensors.Count} given", nameof(tensors)), storeAs))], strings);
    }

    static SafetensorsEntry Entry(StoredTensor stored, Func<TensorPlan, Tensor> of, ScalarType? storeAs)
    {
        Tensor[] parts = [.. stored.Parts.Select(of)];
        return new(stored.Name, storeAs ?? parts[0].dtype, stored.Shape, () => parts.Length == 1 ? parts[0] : cat(parts, 0));
    }
}
