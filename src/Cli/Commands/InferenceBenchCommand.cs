using System.CommandLine;
using System.Globalization;
using System.Text;
using MmMamba.Cli.Benchmarks;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Architecture;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using static TorchSharp.torch;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba bench decode</c>, <c>prefill</c>, <c>answer</c> and <c>memory</c>: what reading and writing cost, by length.</summary>
sealed class InferenceBenchCommand
{
    readonly BenchKind _kind;
    readonly Command _command;
    readonly ComputeOptions _compute;
    readonly Argument<string[]> _models = new("models") { Description = "Checkpoints; with --random built-in models' names or spec files.", Arity = ArgumentArity.OneOrMore };
    readonly Option<bool> _random = new("--random") { Description = "Draw the weights on the device instead of reading them." };
    readonly Option<int[]> _lengths = new("--lengths") { Description = "Tokens of the prompt, one length or several.", AllowMultipleArgumentsPerToken = true };
    readonly Option<int[]> _batch = new("--batch") { Description = "Sequences at once, one number or several.", AllowMultipleArgumentsPerToken = true, DefaultValueFactory = _ => [1] };
    readonly Option<int> _tokens = RunOptions.Range(new Option<int>("--tokens") { Description = "Tokens that are written behind the prompt." }, 1, 1 << 20);
    readonly Option<int> _repeats = RunOptions.Range(new Option<int>("--repeats") { Description = "How often a prompt is read.", DefaultValueFactory = _ => 5 }, 1, 1 << 16);
    readonly Option<int> _chunk = RunOptions.Range(new Option<int>("--chunk") { Description = "Most tokens of a prompt in one pass; 0 is what suits the device, as answers are written.", DefaultValueFactory = _ => 0 }, 0, 1 << 24);
    readonly Option<bool> _profile = new("--profile") { Description = "Then time the kernels one by one: of a captured token over all layers' own weights, of a prompt's last pass as they follow one another." };
    readonly Option<string?> _json = RunOptions.NotEmpty(new Option<string?>("--json") { Description = "A file to write the figures to." });
    readonly Option<string?> _plot = RunOptions.NotEmpty(new Option<string?>("--plot") { Description = "A picture of the figures against the length to write (svg)." });
    readonly Option<bool> _figures = new("--figures") { Description = "Write the figures as JSON to the standard output, and nothing else.", Hidden = true };

    InferenceBenchCommand(BenchKind kind, string description, int length, int tokens)
    {
        _kind = kind;
        _lengths.DefaultValueFactory = _ => [length];
        RunOptions.Counts(_lengths, 1 << 24);
        RunOptions.Counts(_batch, 1 << 16);
        _tokens.DefaultValueFactory = _ => tokens;
        _command = new Command(NameOf(kind), description) { _models, _random, _lengths, _batch };
        if (kind != BenchKind.Prefill) _command.Add(_tokens);
        if (kind is BenchKind.Prefill or BenchKind.Answer) _command.Add(_repeats);
        if (kind is BenchKind.Decode or BenchKind.Prefill) _command.Add(_profile);
        foreach (var option in (Option[])[_chunk, _json, _plot, _figures]) _command.Add(option);
        _compute = new ComputeOptions(_command, readsWeights: true, holdsStates: true);
        _command.SetAction(async (result, cancellation) =>
        {
            await Run(result, cancellation).ConfigureAwait(false);
            return ExitCode.Ok;
        });
    }

    /// <summary>The four commands.</summary>
    public static IEnumerable<Command> All()
    {
        yield return new InferenceBenchCommand(BenchKind.Decode, "Time one more token after prompts of some lengths.", 1024, 64)._command;
        yield return new InferenceBenchCommand(BenchKind.Prefill, "Time prompts of some lengths to their first token.", 1024, 1)._command;
        yield return new InferenceBenchCommand(BenchKind.Answer, "Time prompts with their answers (the paper's Table 2: 768 and 256 tokens).", 768, 256)._command;
        yield return new InferenceBenchCommand(BenchKind.Memory, "Measure the memory of prompts and of decoding, beside what the cost model predicts.", 1024, 8)._command;
    }

    static string NameOf(BenchKind kind) => kind.ToString().ToLowerInvariant();

    async Task Run(ParseResult result, CancellationToken cancellation)
    {
        var models = result.GetRequiredValue(_models);
        var load = new InferenceLoad(
            _kind, [.. result.GetRequiredValue(_lengths).Distinct().Order()], [.. result.GetRequiredValue(_batch).Distinct().Order()],
            result.GetValue(_tokens), result.GetValue(_repeats), result.GetValue(_chunk), result.GetValue(_profile));
        var (json, plot) = (result.GetValue(_json), result.GetValue(_plot));
        foreach (var path in new[] { json, plot }.OfType<string>())
            if (Path.GetDirectoryName(Path.GetFullPath(path)) is var folder && !Directory.Exists(folder)) throw new InputException($"{path}: there is no folder {folder}; make it first.");
        if (result.GetValue(_figures))
        {
            using var output = Console.OpenStandardOutput();
            output.Write(Measure(models.Single(), load, result, cancellation).ToJson());
            return;
        }

        var random = result.GetValue(_random);
        foreach (var model in models) Named(model, random);
        var width = models.Max(model => Named(model, random).Resolved.Name.Length);
        var documents = new List<BenchDocument>();
        // A process for each model, and where memory is measured for each length: an allocator keeps what it once had.
        foreach (var (model, own) in models.SelectMany(model => Processes(load).Select(own => (model, own))))
        {
            var document = await BenchProcess.Run(Arguments(model, own, result), cancellation).ConfigureAwait(false);
            if (documents.Count == 0) Head(document, load, width);
            documents.Add(document);
            foreach (var row in document.Models.Single().Rows)
            {
                Console.WriteLine(BenchTable.Row(document, document.Models.Single(), row, width));
                if (row.Kernels is { } kernels) Console.Write(KernelTable.Of(kernels));
            }
        }
        var all = BenchDocument.Join(documents);
        foreach (var told in all.Models.Where(model => model.DecodePath is not null).GroupBy(model => model.DecodePath!))
            Console.WriteLine(Printable.Line($"single tokens of {string.Join(", ", told.Select(model => model.Model))}: {told.Key}"));
        if (_kind == BenchKind.Answer)
            foreach (var ratios in BenchTable.Ratios(all)) Console.WriteLine(Printable.Line(ratios));
        if (json is not null) AtomicFile.Write(json, all.ToJson());
        if (plot is null) return;
        if (!LengthPlot.Shows(all)) throw new InputException($"{plot}: is not drawn: nobody tells the memory here.");
        AtomicFile.Write(plot, Encoding.UTF8.GetBytes(LengthPlot.Render(all)));
    }

    // What one process measures.
    static IEnumerable<InferenceLoad> Processes(InferenceLoad load) => load.Kind == BenchKind.Memory
        ? load.Batches.SelectMany(batch => load.Lengths.Select(length => load with { Batches = [batch], Lengths = [length] }))
        : [load];

    static void Head(BenchDocument document, InferenceLoad load, int width)
    {
        Console.WriteLine(Printable.Line(string.Join("; ", document.Machine.Concat(document.Versions).Select(told => $"{told.Key} {told.Value}"))));
        if (document.Models.Single().Ceilings is { } ceilings) Console.WriteLine(BenchTable.Ceilings(ceilings, document.Device));
        Console.WriteLine(FormattableString.Invariant($"{document.Device}, {document.Dtype}{(document.StateDtype is { } states ? $", states in {states}" : "")}, {document.Weights} weights; {load.What}"));
        Console.WriteLine(BenchTable.Header(document.Kind, width));
    }

    IEnumerable<string> Arguments(string model, InferenceLoad load, ParseResult result)
    {
        static string Text(int value) => value.ToString(CultureInfo.InvariantCulture);
        return
        [
            "bench", NameOf(_kind), model, "--figures", "--lengths", .. load.Lengths.Select(Text), "--batch", .. load.Batches.Select(Text), "--chunk", Text(load.Chunk),
            .. _kind != BenchKind.Prefill ? (string[])["--tokens", Text(load.Tokens)] : [],
            .. _kind is BenchKind.Prefill or BenchKind.Answer ? (string[])["--repeats", Text(load.Repeats)] : [],
            .. load.Profile ? (string[])["--profile"] : [],
            .. result.GetValue(_random) ? (string[])["--random"] : [],
            .. _compute.Arguments(result),
        ];
    }

    BenchDocument Measure(string argument, InferenceLoad load, ParseResult result, CancellationToken cancellation)
    {
        var random = result.GetValue(_random);
        var (named, library) = SpecLibrary.Find(argument);
        var compute = _compute.Open(result);
        if (random && compute.Access == WeightAccess.Map) throw new InputException("drawn weights cannot be mapped; leave --map out.");
        var teacher = named.Plan.Teacher is { } name ? library.Model(name).Plan : null;
        var elementBytes = Dtypes.BytesOf(compute.Dtype);
        var bench = new InferenceBench(
            () => random
                ? new(named.Plan, new RandomParameters(named.Plan, teacher, compute.Device, compute.Dtype)) { StateDtype = compute.StateDtype }
                : compute.Load(named.Plan, argument),
            compute.Device, elementBytes, Dtypes.BytesOf(compute.StateDtype), Costs.Of(named.Resolved));
        BenchRow[] rows = [.. bench.Run(load, cancellation)];
        return new(
            _kind, Machine.Describe(compute.Device), Machine.Versions, compute.Device.type.ToString().ToLowerInvariant(), Dtypes.NameOf(compute.Dtype), random ? "random" : "read",
            load.Tokens, load.Chunk, [new(named.Plan.Name, named.Plan.Fingerprint, named.Plan.ParameterCount, named.Plan.Teacher, bench.DecodePath, bench.Ceilings, rows)])
        {
            StateDtype = compute.StateDtype == ScalarType.Float32 ? null : Dtypes.NameOf(compute.StateDtype),
        };
    }

    static NamedModel Named(string argument, bool random) => random || CheckpointSpec.Is(argument)
        ? SpecLibrary.Find(argument).Model
        : throw new InputException($"{argument} is no checkpoint; name one, or have weights drawn with --random.");
}
