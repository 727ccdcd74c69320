using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>Whether a file holds exactly the tensors of a plan; everything that is wrong is said at once.</summary>
static class CheckpointFit
{
    const string SpecialTextEmbeddings = "special_text_embeddings";

    public static void Check(SafetensorsFile file, ModelPlan plan, ModelPlan? carried, IReadOnlyList<StoredTensor> stored)
    {
        var faults = new List<string>();
        if (carried is not null && carried.Fingerprint != plan.Fingerprint)
            faults.Add($"it was saved by {carried.Name} ({carried.Fingerprint}), another architecture than {plan.Fingerprint}");

        var expected = stored.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        Add("missing", stored.Where(tensor => file.Find(tensor.Name) is null).Select(tensor => Shown.Text(tensor.Name)));
        Add("unexpected", file.Tensors.Where(tensor => !expected.Contains(tensor.Name)).Select(tensor => Shown.Text(tensor.Name)));
        Add("of the wrong shape", stored.Where(tensor => file.Find(tensor.Name) is { } found && found.Shape != tensor.Shape).Select(tensor =>
            $"{Shown.Text(tensor.Name)} {Shown.Shape(file[tensor.Name].Shape.AsSpan())} instead of {Shown.Shape(tensor.Shape.AsSpan())}"));
        Add("not floating point", stored.Where(tensor => file.Find(tensor.Name) is { } found && !IsFloating(found.Type)).Select(tensor =>
            $"{Shown.Text(tensor.Name)} {ElementTypes.NameOf(file[tensor.Name].Type)}"));

        if (file.Tensors.Any(tensor => tensor.Name.Contains(SpecialTextEmbeddings, StringComparison.Ordinal)))
            faults.Add($"{SpecialTextEmbeddings} belong to HoVLE's HD form, which is not supported");
        if (faults.Count > 0) throw new InputException($"{file.Path}: does not fit {plan.Name}: {string.Join("; ", faults)}");

        void Add(string what, IEnumerable<string> tensors)
        {
            string[] found = [.. tensors];
            if (found.Length > 0) faults.Add($"{found.Length} {what}: {Shown.Some(found, most: 24)}");
        }
    }

    static bool IsFloating(ScalarType type) => type is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;
}
