using System.Globalization;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>A checkpoint as a folder: weights in one file or in shards with an index, and beside them the files that say what they are.</summary>
public static class CheckpointFolder
{
    /// <summary>The weights, where they are in one file.</summary>
    public const string Weights = "model.safetensors";

    /// <summary>Where the weights are, where they are in several files.</summary>
    public const string Index = ShardIndex.FileName;

    /// <summary>The model as its authors' code describes it.</summary>
    public const string Config = "config.json";

    /// <summary>What the engine runs.</summary>
    public const string Plan = "plan.json";

    /// <summary>The spec that the plan is made from.</summary>
    public const string Spec = "model.mmmodel.yaml";

    /// <summary>The architecture sheet.</summary>
    public const string Sheet = "sheet.txt";

    /// <summary>The chain of artefacts that made the weights.</summary>
    public const string Chain = "chain.json";

    /// <summary>Bytes that a shard has at most in published checkpoints.</summary>
    public const long ShardBytes = 5_000_000_000;

    const long LongestText = 100_000_000;

    /// <summary>
    /// Writes a model's weights into a folder as published checkpoints have them: in the plan's order until a shard is full, sorted by name
    /// within it. Each tensor is held only while it is written. The same weights make the same bytes.
    /// </summary>
    /// <param name="folder">The folder; each file appears whole or not at all.</param>
    /// <param name="plan">What the weights make.</param>
    /// <param name="source">Where they come from.</param>
    /// <param name="layout">Names on disk.</param>
    /// <param name="storeAs">Type on disk; null keeps the type that each tensor is stored in already, or the source's.</param>
    /// <param name="shardBytes">Bytes of tensors that a file has at most; a larger tensor has a file of its own.</param>
    /// <param name="cancellation">Stops between two tensors.</param>
    /// <exception cref="InputException">A file cannot be written there, or the layout cannot hold the model.</exception>
    public static void WriteWeights(
        string folder, ModelPlan plan, ParameterSource source, CheckpointLayout layout, ScalarType? storeAs = null, long shardBytes = ShardBytes,
        CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(shardBytes);
        var shards = Shards(Layouts.Of(plan.Tensors, layout).Select(stored => Entry(stored, source, storeAs, cancellation)), shardBytes);
        var metadata = new Dictionary<string, string> { [Checkpoint.FormatKey] = Checkpoint.Format };
        var places = new Dictionary<string, string>(StringComparer.Ordinal);
        for (var i = 0; i < shards.Count; i++)
        {
            var name = shards.Count == 1 ? Weights : string.Create(CultureInfo.InvariantCulture, $"model-{i + 1:D5}-of-{shards.Count:D5}.safetensors");
            SafetensorsWriter.Write(Path.Combine(folder, name), [.. shards[i].OrderBy(entry => entry.Name, StringComparer.Ordinal)], metadata);
            foreach (var entry in shards[i]) places.Add(entry.Name, name);
        }
        // The index comes last: without it the shards are no checkpoint.
        if (shards.Count > 1) WriteText(Path.Combine(folder, Index), new ShardIndex(places, shards.Sum(Bytes)).Write());
    }

    /// <summary>What goes into each shard.</summary>
    internal static List<List<SafetensorsEntry>> Shards(IEnumerable<SafetensorsEntry> entries, long shardBytes)
    {
        var shards = new List<List<SafetensorsEntry>> { new() };
        var size = 0L;
        foreach (var entry in entries)
        {
            if (size > 0 && size + entry.ByteCount > shardBytes)
            {
                shards.Add([]);
                size = 0;
            }
            shards[^1].Add(entry);
            size += entry.ByteCount;
        }
        return shards;
    }

    static long Bytes(List<SafetensorsEntry> shard) => shard.Sum(entry => entry.ByteCount);

    static SafetensorsEntry Entry(StoredTensor stored, ParameterSource source, ScalarType? storeAs, CancellationToken cancellation)
    {
        ScalarType[] types = [.. stored.Parts.Select(source.StoredType).Distinct()];
        // Parts of different types are joined in the one that holds them all.
        var type = types.Length == 1 ? types[0] : ScalarType.Float32;
        return new(stored.Name, storeAs ?? type, stored.Shape, () =>
        {
            cancellation.ThrowIfCancellationRequested();
            Tensor[] parts = [.. stored.Parts.Select(Taken)];
            return parts.Length == 1 ? parts[0] : cat([.. parts.Select(part => part.to(type))], 0);
        });

        // In the writer's scope, whoever made it.
        Tensor Taken(TensorPlan part)
        {
            using var taken = source.TakeAsStored(part);
            return taken.detach();
        }
    }

    /// <summary>Writes a text of the folder, whole or not at all.</summary>
    /// <exception cref="InputException">It cannot be written there.</exception>
    public static void WriteText(string path, string text) => AtomicFile.Write(path, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>A text of the folder.</summary>
    /// <exception cref="InputException">It cannot be read.</exception>
    public static string ReadText(string path)
    {
        RegularFile.Require(path);
        try
        {
            if (new FileInfo(path).Length > LongestText) throw new InputException($"{path}: is longer than {LongestText} bytes");
            return File.ReadAllText(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {e.Message}", e);
        }
    }
}
