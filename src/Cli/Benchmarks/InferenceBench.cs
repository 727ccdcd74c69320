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
/// <param name="stateElementBytes">Bytes of a number of a state.</param>
/// <param name="costs">What the model costs by its plan.</param>
sealed class InferenceBench(Func<VisionLanguageModel> open, Device device, int elementBytes, int stateElementBytes, Costs costs)
{
    /// <summary>What read single tokens; null as long as none was read.</summary>
    public string? DecodePath { get; private set; }

    /// <summary>What the machine can do; null before it is measured, and where memory is.</summary>
    public MachineCeilings? Ceilings { get; private set; }

    /// <summary>The figures of every length, as each of them is there.</summary>
    public IEnumerable<BenchRow> Run(InferenceLoad load, CancellationToken cancellation)
    {
        Warm();
        if (load.Kind != BenchKind.Memory) Ceilings = MachineCeilings.On(device);
        manual_seed(0); // for weights that are drawn
        var before = new Footprint(device);
        using var model = open();
        foreach (var batch in load.Batches)
        {
            if (load.Kind == BenchKind.Decode) Settle(model, load, batch, cancellation);
            foreach (var length in load.Lengths)
                yield return load.Kind == BenchKind.Memory ? Memory(model, load, batch, length, before, cancellation) : Time(model, load, batch, length, cancellation);
        }
    }

    BenchRow Time(VisionLanguageModel model, InferenceLoad load, int batch, int length, CancellationToken cancellation)
    {
        var sequences = new Sequences(model, batch, load.Room(length));
        var ceilings = Ceilings!;
        if (load.Kind == BenchKind.Decode)
        {
            List<double> tokens;
            using (sequences) (_, tokens) = Answer(sequences, Prompts(model, batch, length), load, load.Room(length) - length, cancellation);
            return new(
                batch, length, [.. tokens.Skip(InferenceLoad.WarmUp)], costs.DecodeBytesRead(length, elementBytes, batch, stateElementBytes),
                ceilings.DecodeMs(costs, length, elementBytes, batch, stateElementBytes), null,
                load.Profile ? DecodeProfile.Measure(model, batch, length) : null);
        }
        var times = new List<double>();
        using (sequences)
            for (var i = 0; i <= load.Repeats; i++)
            {
                sequences.Reset();
                var (first, tokens) = Answer(sequences, Prompts(model, batch, length), load, load.Room(length) - length, cancellation);
                if (i > 0) times.Add(Math.Round(first + tokens.Sum(), 4));
            }
        var limit = ceilings.PrefillMs(costs, length, elementBytes, batch, stateElementBytes);
        if (load.Kind == BenchKind.Prefill)
            return new(
                batch, length, times, costs.PrefillFlops(length, 0, batch), limit, null, load.Profile ? PassProfile.Measure(model, Prompts(model, batch, length), load.Chunk > 0 ? load.Chunk : null) : null);
        // The first of its tokens is the prompt's, and the last one is not read.
        for (var written = 1; written < load.Tokens; written++) limit += ceilings.DecodeMs(costs, length + written - 1, elementBytes, batch, stateElementBytes);
        return new(batch, length, times, null, limit, null);
    }

    // Code that has run for a while is compiled again, and better: the first length would pay for that.
    void Settle(VisionLanguageModel model, InferenceLoad load, int batch, CancellationToken cancellation)
    {
        using var sequences = new Sequences(model, batch, load.Tokens + 2);
        for (var watch = Stopwatch.StartNew(); watch.Elapsed < InferenceLoad.Settling; sequences.Reset())
            Answer(sequences, Prompts(model, batch, 1), load, load.Tokens + 1, cancellation);
    }

    // First what decoding takes with caches of this length, then the whole prompt: what an allocator once had, it keeps.
    BenchRow Memory(VisionLanguageModel model, InferenceLoad load, int batch, int length, Footprint before, CancellationToken cancellation)
    {
        var room = load.Room(length);
        using var sequences = new Sequences(model, batch, room);
        Answer(sequences, Prompts(model, batch, 1), load, Math.Min(InferenceLoad.WarmUp, room - 1), cancellation);
        var decoding = before.Grown();
        sequences.Reset();
        Answer(sequences, Prompts(model, batch, length), load, room - length, cancellation);
        var elsewhere = model.Tensors.Values.Where(tensor => tensor.device_type != device.type).Sum(tensor => tensor.numel() * elementBytes);
        var predicted = costs.WeightBytes(elementBytes) - elsewhere + costs.CacheBytes(room, elementBytes, batch, stateElementBytes);
        return new(batch, length, [], null, null, new((long)predicted, decoding, before.Peaked()));
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
