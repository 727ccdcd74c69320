using System.Diagnostics;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Generation;

/// <summary>
/// Times the pieces of a pass over a prompt's tokens, which follow one another: libtorch's products and attention by the cost model's terms, our own kernels by their names. On a GPU a kernel
/// begins when the one before it has ended, which a pass that nobody watches does not wait for.
/// </summary>
public static class PassProfile
{
    /// <summary>What has no name: embedding, copies, the logits' types.</summary>
    public const string Other = "other";

    /// <summary>The pieces in the order of their first launches, <see cref="Other"/>, and the whole pass as it is when nobody watches, which reads every token.</summary>
    /// <param name="model">Reads.</param>
    /// <param name="prompts">What the sequences read, one of each.</param>
    /// <param name="chunk">Most tokens of a sequence in a pass; null is what <see cref="Sequences.Read"/> takes. The last pass is the one that is timed.</param>
    /// <param name="repeats">How often it is timed, of which the middle one counts; one comes before.</param>
    public static IReadOnlyList<KernelTime> Measure(VisionLanguageModel model, IReadOnlyList<Prompt> prompts, int? chunk = null, int repeats = 5)
    {
        using var guard = no_grad();
        var longest = prompts.Max(prompt => prompt.Ids.Count);
        var (first, most) = Sequences.Passes(model.Device, prompts.Count, longest, chunk).Last();
        using var sequences = new Sequences(model, prompts.Count, longest);
        if (first > 0) sequences.Read(Part(0, first), chunk).Dispose();
        var rest = Part(first, most);
        using var before = sequences.Mark();

        var whole = new double[repeats];
        var runs = new Dictionary<string, Piece>[repeats];
        for (var i = -1; i < repeats; i++)
        {
            var watch = Stopwatch.StartNew();
            Read();
            if (i >= 0) whole[i] = watch.Elapsed.TotalMicroseconds;
            var pieces = Watched(model.Device, Read);
            if (i >= 0) runs[i] = pieces;
        }
        return
        [
            .. runs.SelectMany(run => run.Values).GroupBy(piece => piece.Name).OrderBy(pieces => pieces.Key == Other).Select(OfOne),
            new("all", 1, Median.Of(whole), runs[0].Values.Sum(piece => piece.Bytes), runs[0].Values.Sum(piece => piece.Flops)),
        ];

        Prompt[] Part(int from, int count) => [.. prompts.Select(prompt => new Prompt([.. prompt.Ids.Skip(from).Take(count)]))];

        void Read()
        {
            // Copied to the host: all of it has run then.
            using (var logits = sequences.Read(rest, most)) logits.cpu().Dispose();
            before.Return();
        }
    }

    // A piece in the runs that had it: libtorch may take another kernel at a later one.
    static KernelTime OfOne(IEnumerable<Piece> runs)
    {
        var piece = runs.First();
        return new(piece.Name, piece.Times, Median.Of(runs.Select(run => run.Microseconds / run.Times)), piece.Bytes / piece.Times, piece.Flops / piece.Times);
    }

    static Dictionary<string, Piece> Watched(Device device, Action read)
    {
        using var clock = new DeviceClock(device);
        List<Piece> begun = [];
        Begin(null, 0, 0);
        using (Work.Watch(Begin)) read();
        clock.Mark();
        var times = clock.Milliseconds();
        var pieces = new Dictionary<string, Piece>();
        for (var i = 0; i < begun.Count; i++)
        {
            if (!pieces.TryGetValue(begun[i].Name, out var piece)) pieces.Add(begun[i].Name, piece = begun[i] with { Times = 0, Bytes = 0, Flops = 0 });
            pieces[piece.Name] = piece with
            {
                Times = piece.Name == Other ? 1 : piece.Times + 1, Microseconds = piece.Microseconds + 1000 * times[i], Bytes = piece.Bytes + begun[i].Bytes, Flops = piece.Flops + begun[i].Flops,
            };
        }
        return pieces;

        void Begin(string? what, long flops, long bytes)
        {
            clock.Mark();
            begun.Add(new(what ?? Other, 1, 0, bytes, flops));
        }
    }

    readonly record struct Piece(string Name, int Times, double Microseconds, long Bytes, long Flops);
}
