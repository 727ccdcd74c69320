using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>Whether a checkpoint holds exactly the tensors of a plan; everything that is wrong is said at once.</summary>
static class CheckpointFit
{
    const string SpecialTextEmbeddings = "special_text_embeddings";

    public static void Check(CheckpointFiles files, ModelPlan plan, IReadOnlyList<StoredTensor> stored)
    {
        var faults = new List<string>(files.Faults);
        if (files.Plan is { } carried && carried.Fingerprint != plan.Fingerprint)
            faults.Add($"it was saved by {carried.Name} ({carried.Fingerprint}), another architecture than {plan.Fingerprint}");

        var expected = stored.Select(tensor => tensor.Name).ToHashSet(StringComparer.Ordinal);
        Add("missing", stored.Where(tensor => files.Find(tensor.Name) is null && !files.IsLost(tensor.Name)).Select(tensor => Shown.Text(tensor.Name)));
        Add("unexpected", files.Tensors.Where(tensor => !expected.Contains(tensor.Name) && !files.IsLost(tensor.Name)).Select(tensor => Shown.Text(tensor.Name)));
        Add("of the wrong shape", stored.Where(tensor => files.Find(tensor.Name) is { } found && found.Shape != tensor.Shape).Select(tensor =>
            $"{Shown.Text(tensor.Name)} {Shown.Shape(files.Find(tensor.Name)!.Shape.AsSpan())} instead of {Shown.Shape(tensor.Shape.AsSpan())}"));
        Add("not floating point", stored.Where(tensor => files.Find(tensor.Name) is { } found && !IsFloating(found.Type)).Select(tensor =>
            $"{Shown.Text(tensor.Name)} {ElementTypes.NameOf(files.Find(tensor.Name)!.Type)}"));

        if (files.Tensors.Any(tensor => tensor.Name.Contains(SpecialTextEmbeddings, StringComparison.Ordinal)))
            faults.Add($"{SpecialTextEmbeddings} belong to HoVLE's HD form, which is not supported");
        if (faults.Count > 0) throw new InputException($"{files.Path}: does not fit {plan.Name}: {Shown.Faults(faults)}");

        void Add(string what, IEnumerable<string> tensors)
        {
            string[] found = [.. tensors];
            if (found.Length > 0) faults.Add($"{found.Length} {what}: {Shown.Some(found, most: 24)}");
        }
    }

    static bool IsFloating(ScalarType type) => type is ScalarType.Float64 or ScalarType.Float32 or ScalarType.Float16 or ScalarType.BFloat16;
}
