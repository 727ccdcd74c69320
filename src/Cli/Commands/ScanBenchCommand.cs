using System.CommandLine;
using System.Globalization;
using MmMamba.Cli.Benchmarks;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Architecture;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Plans;
using TorchSharp;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba bench scan</c>: the state-space scan of a Mamba-2 layer by itself.</summary>
static class ScanBenchCommand
{
    // Runs before the clock counts, and bytes of all inputs together: more than a cache holds.
    const int WarmUp = 3, MostSets = 64;
    const long Inputs = 512L << 20;

    // What the cost model counts as the scan, without the states at the boundaries of its chunks, which only the plain operations multiply out.
    static readonly string[] Terms = ["ssd.scores", "ssd.within", "ssd.states", "ssd.carried"];

    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "A built-in model's name, a spec file or a checkpoint, of which the first Mamba-2 layer's sizes are taken.", DefaultValueFactory = _ => "MmMambaLinear" };
        var lengths = RunOptions.Counts(new Option<int[]>("--lengths") { Description = "Tokens, one length or several.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [4096] }, 1 << 24);
        var batch = RunOptions.Range(new Option<int>("--batch") { Description = "Sequences at once.", DefaultValueFactory = _ => 1 }, 1, 1 << 16);
        var repeats = RunOptions.Range(new Option<int>("--repeats") { Description = $"Runs that are timed, after {WarmUp} that are not.", DefaultValueFactory = _ => 20 }, 1, 1 << 16);
        var segments = RunOptions.Range(new Option<int>("--segments") { Description = "Segments that kernels of our own cut a sequence into; 0 is what suits the device.", DefaultValueFactory = _ => 0 }, 0, 1 << 16);
        var json = RunOptions.NotEmpty(new Option<string?>("--json") { Description = "A file to write the figures to." });
        var command = new Command("scan", "Time the state-space scan of a Mamba-2 layer by itself; bfloat16 on a GPU, float32 on a CPU.") { model, lengths, batch, repeats, segments, json };
        var compute = new ComputeOptions(command, readsWeights: false);
        command.SetAction((result, cancellation) =>
        {
            Run(
                result.GetRequiredValue(model), [.. result.GetRequiredValue(lengths).Distinct().Order()], result.GetValue(batch), result.GetValue(repeats), result.GetValue(segments),
                result.GetValue(json), compute.Open(result).Device, cancellation);
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    static void Run(string model, int[] lengths, int batch, int repeats, int segments, string? json, torch.Device device, CancellationToken cancellation)
    {
        var named = SpecLibrary.Find(model).Model;
        if (named.Plan.Layers.FirstOrDefault(layer => layer.Mixer is Mamba2Plan) is not { Mixer: Mamba2Plan plan, Index: var index })
            throw new InputException($"{named.Plan.Name} has no Mamba-2 layer; name a model that has one.");
        if (json is not null && Path.GetDirectoryName(Path.GetFullPath(json)) is var folder && !Directory.Exists(folder)) throw new InputException($"{json}: there is no folder {folder}; make it first.");
        var costs = Costs.Of(named.Resolved);
        var document = new ScanDocument(Machine.Describe(device), Machine.Versions, device.type.ToString().ToLowerInvariant(), named.Plan.Name, index, batch, []);
        Console.WriteLine(Printable.Line(string.Join("; ", document.Machine.Concat(document.Versions).Select(told => $"{told.Key} {told.Value}"))));
        Console.WriteLine(Printable.Line(FormattableString.Invariant(
            $"{named.Plan.Name}, layer {index}: {plan.Heads} heads of {plan.HeadDim} in {plan.KvHeads} groups, {document.Device}, {batch} at once; {repeats} runs after {WarmUp} that are not counted")));
        Console.WriteLine(Line("length", "ms", "least", "greatest", "MB", "GB/s", "GFLOP", "TFLOP/s", "path"));
        torch.manual_seed(0);
        foreach (var length in lengths)
        {
            cancellation.ThrowIfCancellationRequested();
            var row = Measure(plan, length, batch, repeats, segments, device, costs.Lines(CostQuantity.Flops, new(length, Batch: batch)).Where(line => Terms.Contains(line.Term.Name)).Sum(line => line.Layers[index]));
            document = document with { Rows = [.. document.Rows, row] };
            Console.WriteLine(Line(
                Number(length, "#,0"), Number(row.MedianMs, "#,0.000"), Number(row.Ms.Min(), "#,0.000"), Number(row.Ms.Max(), "#,0.000"), Number(row.Bytes / 1e6, "#,0.0"),
                // A byte in a millisecond is 1e-6 GB/s, an operation 1e-9 TFLOP/s.
                Number(row.Bytes / row.MedianMs * 1e-6, "#,0"), Number((double)row.Flops / 1e9, "#,0.0"), Number((double)row.Flops / row.MedianMs * 1e-9, "#,0.00"), row.Path));
        }
        if (json is not null) AtomicFile.Write(json, document.ToJson());
    }

    static ScanRow Measure(Mamba2Plan plan, int length, int batch, int repeats, int segments, torch.Device device, decimal flops)
    {
        // As many sets of inputs as no cache holds.
        var set = (long)batch * length * (plan.Heads + 2L * plan.KvHeads) * plan.HeadDim * 2;
        using var runs = new ScanRuns(plan, device, batch, length, (int)Math.Clamp((Inputs + set - 1) / set, 2, MostSets), segments);
        runs.Time(WarmUp);
        return new(length, runs.Path, [.. runs.Time(repeats).Select(ms => Math.Round(ms, 4))], runs.Bytes, flops);
    }

    static string Line(params string[] cells) => string.Join("  ", cells.Select((cell, i) => i == cells.Length - 1 ? cell : cell.PadLeft(9)));

    static string Number(double value, string format) => value.ToString(format, CultureInfo.InvariantCulture);
}
