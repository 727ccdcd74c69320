using MmMamba.Cli.Jobs;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Rendering;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Verification;

/// <summary>
/// A checkpoint goes out in its model's other layout, where it has one, is taken over as a published one by its config.json alone, and goes out in its own
/// layout again. Nothing may have changed.
/// </summary>
/// <param name="source">The checkpoint.</param>
/// <param name="model">Its model.</param>
/// <param name="folder">Where two copies of the weights have room; it is made, and removed.</param>
sealed class RoundTrip(string source, FolderModel model, string folder)
{
    // What a folder holds besides tensors: headers, plan, spec, tokenizer.
    const long Beside = 64 << 20;

    /// <summary>Bytes that it takes on the disk.</summary>
    public static long Needs(long weights) => 2 * (weights + Beside);

    /// <summary>Why a model does not make the way; null where it does.</summary>
    public static string? Obstacle(FolderModel model) =>
        PublishedConfig.Obstacles(model.Spec) is { Count: > 0 } found ? $"the authors' released code has no such model: {string.Join("; ", found)}"
        : ExportJob.IsPlainThere(model) ? "its config.json reads back with plain positions"
        : null;

    /// <param name="layout">The layout that the checkpoint has.</param>
    /// <param name="digest">The digest of its tensors.</param>
    /// <exception cref="InputException">A step is refused.</exception>
    public Seen Run(CheckpointLayout layout, string digest, CancellationToken cancellation)
    {
        Directory.CreateDirectory(folder);
        try
        {
            var other = Other(layout);
            var (first, taken, back) = (Path.Combine(folder, "first"), Path.Combine(folder, "taken"), Path.Combine(folder, "back"));
            ExportJob.Run(model, source, first, Settings(other), cancellation);
            foreach (var told in model.Texts.Keys) File.Delete(Path.Combine(first, told));
            var imported = ImportJob.Run(first, taken, model.Spec.Name, cancellation);
            Directory.Delete(first, recursive: true);
            if (imported.Plan.Fingerprint != model.Plan.Fingerprint)
                return new("another model", $"its config.json reads as {imported.Plan.Fingerprint}, and the model is {model.Plan.Fingerprint}");
            ExportJob.Run(imported, taken, back, Settings(layout), cancellation);
            using var weights = new CheckpointParameters(back, model.Plan);
            var way = other == layout ? Word(layout) : $"{Word(layout)}, {Word(other)}, {Word(layout)}";
            var found = StoredWeights.Look(weights, cancellation).Digest;
            if (found != digest) return new($"{way}: other bits", $"the tensors' digest is {found} afterwards, and was {digest}");
            return new($"{way}: the same bits{(SameFiles(back, cancellation) ? ", and the same files" : "")}", null);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    // A model whose mixers cannot be fused, or that has none, has one layout.
    CheckpointLayout Other(CheckpointLayout layout)
    {
        var other = layout == CheckpointLayout.Released ? CheckpointLayout.Unfused : CheckpointLayout.Released;
        return Layouts.Of(model.Plan.Tensors, other).Select(tensor => tensor.Name).SequenceEqual(Layouts.Of(model.Plan.Tensors, layout).Select(tensor => tensor.Name)) ? layout : other;
    }

    // Shards and headers are their writer's; where they are as ours, the files have to be equal too.
    bool SameFiles(string back, CancellationToken cancellation)
    {
        using var before = CheckpointFiles.Open(source);
        using var after = CheckpointFiles.Open(back);
        return before.Files.Count == after.Files.Count && before.Files.Zip(after.Files).All(pair =>
            new FileInfo(pair.First.Path).Length == new FileInfo(pair.Second.Path).Length && StoredWeights.Digest(pair.First.Path, cancellation) == StoredWeights.Digest(pair.Second.Path, cancellation));
    }

    static ExportSettings Settings(CheckpointLayout layout) => new(layout, null, CheckpointFolder.ShardBytes);

    public static string Word(CheckpointLayout layout) => layout.ToString().ToLowerInvariant();
}
