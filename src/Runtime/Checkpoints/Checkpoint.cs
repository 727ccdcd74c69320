using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>Models as single safetensors files that carry their plan: what is needed to run one is in it.</summary>
public static class Checkpoint
{
    /// <summary>Metadata key of the plan.</summary>
    public const string PlanKey = "mmmamba.plan";

    // What other readers of the format expect to find.
    const string FormatKey = "format", Format = "pt";

    /// <summary>Loads a model.</summary>
    /// <param name="plan">What the file must fit; null takes the plan that it carries.</param>
    /// <param name="path">A safetensors file, unfused or as released.</param>
    /// <param name="device">Where the model lives; null is the CPU.</param>
    /// <param name="dtype">Type of its parameters, whatever is stored.</param>
    /// <exception cref="InputException">The file cannot be read or does not fit the plan.</exception>
    public static VisionLanguageModel Load(ModelPlan? plan, string path, Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        using var parameters = new CheckpointParameters(path, plan, device, dtype);
        return new(parameters.Plan, parameters);
    }

    /// <summary>The plan that a checkpoint carries, or null. Only the header is read.</summary>
    /// <exception cref="InputException">The file cannot be read, or its plan is none.</exception>
    public static ModelPlan? ReadPlan(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return CarriedPlan(file);
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
        SafetensorsWriter.Write(path, [.. Layouts.Of(plan.Tensors, layout).Select(stored => Entry(stored, tensors, storeAs))], strings);
    }

    static SafetensorsEntry Entry<T>(StoredTensor stored, IReadOnlyDictionary<string, T> tensors, ScalarType? storeAs) where T : Tensor
    {
        T[] parts = [.. stored.Parts.Select(part => tensors.TryGetValue(part.Name, out var tensor)
            ? tensor
            : throw new ArgumentException($"the plan's tensor '{part.Name}' is not among the {tensors.Count} given", nameof(tensors)))];
        return new(stored.Name, storeAs ?? parts[0].dtype, stored.Shape, () => parts.Length == 1 ? parts[0] : cat(parts, 0));
    }

    internal static ModelPlan? CarriedPlan(SafetensorsFile file) =>
        file.Metadata.TryGetValue(PlanKey, out var json) ? PlanJson.Parse(json, $"{file.Path}, {PlanKey}") : null;
}
