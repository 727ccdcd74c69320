using System.Security.Cryptography;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using static TorchSharp.torch;

namespace MmMamba.Cli.Verification;

/// <summary>What the bytes of a checkpoint's files and tensors are. Never more than one tensor is in memory.</summary>
static class StoredWeights
{
    const int Named = 8;
    const long Block = 16 << 20;

    /// <summary>SHA-256 of a file, in hex.</summary>
    public static string Digest(string path, CancellationToken cancellation)
    {
        using var file = File.OpenRead(path);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        var buffer = new byte[1 << 20];
        for (int read; (read = file.Read(buffer)) > 0;)
        {
            cancellation.ThrowIfCancellationRequested();
            hash.AppendData(buffer.AsSpan(0, read));
        }
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>
    /// Looks at every number of a checkpoint. The digest is over the plan's tensors, in the types that they are stored in: it stays what it is when they
    /// are fused, unfused or sharded otherwise.
    /// </summary>
    /// <returns>The digest, and tensors that hold a NaN or an infinity, with how many.</returns>
    public static (string Digest, IReadOnlyList<(string Tensor, long Count)> NotFinite) Look(CheckpointParameters weights, CancellationToken cancellation)
    {
        var notFinite = new List<(string, long)>();
        return (TensorHash.Of(weights.Plan.Tensors.Select(plan => (plan.Name, (Func<Tensor>)(() => Read(plan))))), notFinite);

        Tensor Read(TensorPlan plan)
        {
            cancellation.ThrowIfCancellationRequested();
            var tensor = weights.ReadAsStored(plan);
            if (CountNotFinite(tensor) is var count and > 0) notFinite.Add((plan.Name, count));
            return tensor;
        }
    }

    /// <summary>What a card says of it.</summary>
    public static Seen Report(ModelPlan plan, string digest, IReadOnlyList<(string Tensor, long Count)> notFinite)
    {
        Fact found = new("sha256 of the tensors", digest);
        if (notFinite.Count == 0) return new("all are finite", null, found);
        var named = notFinite.Take(Named).Select(one => FormattableString.Invariant($"{one.Tensor} ({one.Count:#,0} of {Size(plan, one.Tensor):#,0})"));
        return new(
            FormattableString.Invariant($"{notFinite.Sum(one => one.Count):#,0} not finite"),
            FormattableString.Invariant($"{notFinite.Count} tensor{(notFinite.Count == 1 ? "" : "s")}: {string.Join(", ", named)}{(notFinite.Count > Named ? ", and others" : "")}"), found);
    }

    static long Size(ModelPlan plan, string tensor) => plan.Tensors.Single(one => one.Name == tensor).Shape.Aggregate(1L, (size, extent) => size * extent);

    static long CountNotFinite(Tensor tensor)
    {
        var elements = tensor.view(-1);
        var count = 0L;
        for (var first = 0L; first < elements.numel(); first += Block)
        {
            using var scope = NewDisposeScope();
            count += elements.narrow(0, first, Math.Min(Block, elements.numel() - first)).isfinite().logical_not().sum().item<long>();
        }
        return count;
    }
}
