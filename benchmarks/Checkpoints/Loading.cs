using System.Diagnostics;
using System.Globalization;
using MmMamba.Runtime.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Checkpoints.Benchmarks;

/// <summary>One way to get at a checkpoint's weights, timed.</summary>
static class Loading
{
    /// <summary>The bytes alone, into one small buffer: what the disk gives.</summary>
    public const string Plain = "plain";

    /// <summary>A model whose weights are read.</summary>
    public const string Read = "read";

    /// <summary>A model whose weights are mapped, and each of their bytes looked at once.</summary>
    public const string Map = "map";

    public static string Measure(string path, string way, string state)
    {
        using var files = CheckpointFiles.Open(path);
        var type = files.Tensors.First().Type;
        var bytes = files.Tensors.Sum(tensor => tensor.ByteCount);
        var clock = Stopwatch.StartNew();
        if (way == Plain)
            foreach (var file in files.Files) ReadThrough(file.Path);
        else
        {
            using var model = Checkpoint.Load(null, path, dtype: type, access: way == Map ? WeightAccess.Map : WeightAccess.Read);
            if (way == Map)
                foreach (var tensor in model.Tensors.Values) Touch(tensor);
        }
        var seconds = clock.Elapsed.TotalSeconds;
        var peak = PeakBytes();
        return string.Create(CultureInfo.InvariantCulture,
            $"{way,-6} {state,-6} {seconds,8:0.00} {bytes / seconds / 1e9,6:0.00} {peak >> 20,9:#,0} {(way == Plain ? "" : $"{(peak - bytes) / 1048576.0,21:#,0}")}");
    }

    static void ReadThrough(string path)
    {
        using var file = File.OpenHandle(path);
        var buffer = new byte[8 << 20];
        for (long offset = 0; RandomAccess.Read(file, buffer, offset) is var read and > 0;) offset += read;
    }

    // One element a page.
    static void Touch(Tensor tensor)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        tensor.detach().view(-1)[TensorIndex.Slice(0, null, 1024)].max();
    }

    // The most memory that the process has had resident, files that are mapped counted.
    static long PeakBytes() => 1024 * long.Parse(
        File.ReadLines("/proc/self/status").Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1],
        CultureInfo.InvariantCulture);
}
