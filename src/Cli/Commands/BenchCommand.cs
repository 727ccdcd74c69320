using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;
using MmMamba.Cli.Specs;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba bench</c>: what a model costs on this machine.</summary>
static class BenchCommand
{
    public static Command Create()
    {
        var command = new Command("bench", "Measure what a model costs on this machine.") { Train() };
        foreach (var kind in InferenceBenchCommand.All()) command.Add(kind);
        command.Add(ScanBenchCommand.Create());
        return command;
    }

    static Command Train()
    {
        var model = new Argument<string>("spec") { Description = "A student: a built-in model's name or a spec file." };
        var teacher = RunOptions.NotEmpty(new Option<string?>("--teacher") { Description = "The teacher's checkpoint; without it the teacher is drawn." });
        var stage = new Option<string?>("--stage") { Description = "introduced, mixer or end_to_end; all three without it. Memory is told best of one." };
        stage.AcceptOnlyFromAmong([.. Enum.GetValues<StageKind>().Select(kind => kind.NameOf())]);
        var length = RunOptions.Range(new Option<int>("--length") { Description = "Tokens of a sequence.", DefaultValueFactory = _ => 2048 }, 1, 1 << 20);
        var batch = RunOptions.Range(new Option<int>("--batch") { Description = "Sequences of a step.", DefaultValueFactory = _ => 1 }, 1, 1 << 16);
        var steps = RunOptions.Range(new Option<int>("--steps") { Description = $"Steps that are timed, after {TrainingBench.WarmUp} that are not.", DefaultValueFactory = _ => 10 }, 1, 1 << 20);
        var checkpointing = new Option<bool>("--checkpointing") { Description = "Run the layers again for their gradients in the end-to-end stage, instead of keeping what they computed." };
        var profile = new Option<bool>("--profile") { Description = "Then time as many steps part by part, each part waited for: teacher, forward, loss, backward, update." };
        var json = RunOptions.NotEmpty(new Option<string?>("--json") { Description = "A file to write the figures to." });
        var command = new Command("train", "Time the steps of a student's stages, teacher's pass included.") { model, teacher, stage, length, batch, steps, checkpointing, profile, json };
        var compute = new ComputeOptions(command, readsWeights: true);
        command.SetAction((result, cancellation) =>
        {
            StageKind? only = result.GetValue(stage) is { } name ? Enum.GetValues<StageKind>().Single(kind => kind.NameOf() == name) : null;
            var load = new TrainingLoad(result.GetValue(length), result.GetValue(batch), result.GetValue(steps), only, result.GetValue(checkpointing), result.GetValue(profile));
            Run(result.GetRequiredValue(model), result.GetValue(teacher), load, result.GetValue(json), compute.Open(result), cancellation);
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    static void Run(string spec, string? checkpoint, TrainingLoad load, string? json, ComputeSettings compute, CancellationToken cancellation)
    {
        var (student, library) = SpecLibrary.Find(spec);
        var plan = student.Plan;
        if (plan.Teacher is null) throw new InputException($"{plan.Name} has no teacher; name a student.");
        if (load.Tokens > TrainingBench.MostTokens)
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"{load.Batch} x {load.Length} tokens are too many for a step; at most {TrainingBench.MostTokens}."));
        if (checkpoint is null && compute.Access == WeightAccess.Map) throw new InputException("a drawn teacher cannot be mapped; name one with --teacher, or leave --map out.");
        if (json is not null && Path.GetDirectoryName(Path.GetFullPath(json)) is var folder && !Directory.Exists(folder)) throw new InputException($"{json}: there is no folder {folder}; make it first.");
        var teacherPlan = library.Model(plan.Teacher).Plan;
        var machine = Compute.Describe(compute.Device);
        Console.WriteLine(Printable.Line($"{plan.Name} from {(checkpoint is null ? $"a drawn {plan.Teacher}" : $"{plan.Teacher} in {checkpoint}")}, {Dtypes.NameOf(compute.Dtype)}; {machine}"));
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
            $"{load.Batch} x {load.Length} tokens a step, {load.Steps} steps after {TrainingBench.WarmUp}{(load.Checkpointing ? ", layers run again for their gradients" : "")}"));
        using var teacher = checkpoint is null
            ? new VisionLanguageModel(teacherPlan, new DrawnParameters(0, compute.Device, compute.Dtype))
            : compute.Load(teacherPlan, checkpoint);

        Console.WriteLine("stage              trained   ms, median    ms, least     greatest   tokens/s   memory, GiB");
        var timings = new List<StageTiming>();
        foreach (var timing in TrainingBench.Run(teacher, plan, load, cancellation))
        {
            timings.Add(timing);
            var memory = timing.PeakBytes is { } bytes ? (bytes / (double)(1L << 30)).ToString("0.00", CultureInfo.InvariantCulture) : "unknown";
            Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{timing.Stage.NameOf(),-12} {timing.Trained,13:#,0} {timing.MedianMs,12:0.0} {timing.Milliseconds.Min(),12:0.0} {timing.Milliseconds.Max(),12:0.0} {load.Tokens * 1000 / timing.MedianMs,10:0} {memory,13}"));
            if (timing.Parts is { } parts)
                Console.WriteLine($"  part by part, ms: {string.Join(", ", parts.Select(part => string.Create(CultureInfo.InvariantCulture, $"{NameOf(part.Key)} {Median.Of(part.Value):0.0}")))}");
        }
        if (json is not null) AtomicFile.Write(json, Json(plan, load, compute, machine, timings));
    }

    static string NameOf(StepPart part) => part.ToString().ToLowerInvariant();

    static byte[] Json(ModelPlan plan, TrainingLoad load, ComputeSettings compute, string machine, IEnumerable<StageTiming> timings)
    {
        using var bytes = new MemoryStream();
        using (var json = new Utf8JsonWriter(bytes, new JsonWriterOptions { Indented = true }))
        {
            json.WriteStartObject();
            json.WriteString("model", plan.Name);
            json.WriteString("fingerprint", plan.Fingerprint);
            json.WriteString("dtype", Dtypes.NameOf(compute.Dtype));
            json.WriteString("machine", machine);
            json.WriteNumber("length", load.Length);
            json.WriteNumber("batch", load.Batch);
            json.WriteBoolean("checkpointing", load.Checkpointing);
            json.WriteStartArray("stages");
            foreach (var timing in timings)
            {
                json.WriteStartObject();
                json.WriteString("stage", timing.Stage.NameOf());
                json.WriteNumber("trained", timing.Trained);
                json.WriteNumber("median_ms", Math.Round(timing.MedianMs, 3));
                json.WriteStartArray("ms");
                foreach (var milliseconds in timing.Milliseconds) json.WriteNumberValue(Math.Round(milliseconds, 3));
                json.WriteEndArray();
                if (timing.Parts is { } parts)
                {
                    json.WriteStartObject("parts_ms");
                    foreach (var (part, times) in parts)
                    {
                        json.WriteStartArray(NameOf(part));
                        foreach (var milliseconds in times) json.WriteNumberValue(Math.Round(milliseconds, 3));
                        json.WriteEndArray();
                    }
                    json.WriteEndObject();
                }
                if (timing.PeakBytes is { } peak) json.WriteNumber("peak_bytes", peak);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return bytes.ToArray();
    }
}
