using System.Diagnostics;
using MmMamba.Cli.Jobs;
using MmMamba.ModelDsl.Architecture;
using MmMamba.Runtime;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Generation;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Cli.Benchmarks;

/// <summary>Measures a model on prompts that say nothing, the way that answers are written.</summary>
/// <param name="open">Makes the model; it is the caller's to dispose.</param>
/// <param name="device">Where the model computes.</param>
/// <param name="elementBytes">Bytes of a weight.</param>
/// <param name="costs">What the model costs by its plan.</param>
sealed class InferenceBench(Func<VisionLanguageModel> open, Device device, int elementBytes, Costs costs)
{
    /// <summary>What read single tokens; null as long as none was read.</summary>
    public string? DecodePath { get; private set; }

    /// <summary>The figures of every length, as each of them is there.</summary>
    public IEnumerable<BenchRow> Run(InferenceLoad load, CancellationToken cancellation)
    {
        Warm();
        manual_seed(0); // for weights that are drawn
        var before = new Footprint(device);
        using var model = open();
        if (load.Kind == BenchKind.Decode) Settle(model, load, cancellation);
        foreach (var length in load.Lengths)
            yield return load.Kind == BenchKind.Memory ? Memory(model, load, length, before, cancellation) : Time(model, load, length, cancellation);
    }

    BenchRow Time(VisionLanguageModel model, InferenceLoad load, int length, CancellationToken cancellation)
    {
        using var sequences = new Sequences(model, load.Batch, load.Room(length));
        if (load.Kind == BenchKind.Decode)
        {
            var (_, tokens) = Answer(sequences, Prompts(model, load.Batch, length), load, load.Room(length) - length, cancellation);
            return new(length, [.. tokens.Skip(InferenceLoad.WarmUp)], costs.DecodeBytesRead(length, elementBytes, load.Batch), null);
        }
        var times = new List<double>();
        for (var i = 0; i <= load.Repeats; i++)
        {
            sequences.Reset();
            var (first, tokens) = Answer(sequences, Prompts(model, load.Batch, length), load, load.Room(length) - length, cancellation);
            if (i > 0) times.Add(Math.Round(first + tokens.Sum(), 4));
        }
        return new(length, times, load.Kind == BenchKind.Prefill ? costs.PrefillFlops(length, 0, load.Batch) : null, null);
    }

    // Code that has run for a while is compiled again, and better: the first length would pay for that.
    void Settle(VisionLanguageModel model, InferenceLoad load, CancellationToken cancellation)
    {
        using var sequences = new Sequences(model, load.Batch, load.Tokens + 2);
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < InferenceLoad.Settling; sequences.Reset())
            Answer(sequences, Prompts(model, load.Batch, 1), load, load.Tokens + 1, cancellation);
    }

    // First what decoding takes with caches of this length, then the whole prompt: what an allocator once had, it keeps.
    BenchRow Memory(VisionLanguageModel model, InferenceLoad load, int length, Footprint before, CancellationToken cancellation)
    {
        var room = load.Room(length);
        using var sequences = new Sequences(model, load.Batch, room);
        Answer(sequences, Prompts(model, load.Batch, 1), load, Math.Min(InferenceLoad.WarmUp, room - 1), cancellation);
        var decoding = before.Grown();
        sequences.Reset();
        Answer(sequences, Prompts(model, load.Batch, length), load, room - length, cancellation);
        var elsewhere = model.Tensors.Values.Where(tensor => tensor.device_type != device.type).Sum(tensor => tensor.numel() * elementBytes);
        var predicted = costs.WeightBytes(elementBytes) - elsewhere + costs.CacheBytes(room, elementBytes, load.Batch);
        return new(length, [], null, new((long)predicted, decoding, before.Peaked()));
    }

    // Milliseconds to the first token of every sequence, and from each token to the next.
    (double First, List<double> Next) Answer(Sequences sequences, Prompt[] prompts, InferenceLoad load, int tokens, CancellationToken cancellation)
    {
        var options = new GenerationOptions { MaxTokens = tokens, PrefillChunk = load.Chunk > 0 ? load.Chunk : null };
        var times = new List<double>();
        var watch = Stopwatch.StartNew();
        TokenGenerator.Run(sequences, prompts, [], options, (sequence, _) =>
        {
            if (sequence == prompts.Length - 1)
            {
                times.Add(Math.Round(watch.Elapsed.TotalMilliseconds, 4));
                watch.Restart();
            }
            return true;
        }, cancellation);
        DecodePath = sequences.DecodePath ?? DecodePath;
        return (times[0], times[1..]);
    }

    // The same ids at every run, without the image token.
    static Prompt[] Prompts(VisionLanguageModel model, int batch, int length)
    {
        var ids = new Random(0);
        return [.. Enumerable.Range(0, batch).Select(_ => new Prompt([.. Enumerable.Range(0, length).Select(_ => ids.Next(model.Plan.Tokens.Image))]))];
    }

    // What libraries take for themselves when they are first used is not the model's.
    void Warm()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        foreach (var type in (ScalarType[])[ScalarType.Float32, ScalarType.BFloat16])
        {
            var x = ones([256, 256], type, device);
            mm(x, x).sum().cpu();
        }
    }
}
