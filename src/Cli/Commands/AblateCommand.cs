using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using MmMamba.Cli.Ablations;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Live;
using MmMamba.Cli.Reports;
using MmMamba.ModelDsl.Rendering;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using Spectre.Console;
using TorchSharp;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba ablate</c>: every member of ablation families, for several seeds, what they share run once, with a report.</summary>
static class AblateCommand
{
    const string Threads = "--threads", Workers = "--workers";

    public static Command Create()
    {
        var families = new Argument<string[]>("family") { Description = "Ablation families: built-in families' names or spec files. What several of them need is run once.", Arity = ArgumentArity.ZeroOrMore };
        var report = RunOptions.NotEmpty(new Option<string?>("--report") { Description = "Make the report of a run's folder again from its records and figures; nothing is run." });
        var seeds = RunOptions.Range(new Option<int>("--seeds") { Description = "How many seeds, from --seed on.", DefaultValueFactory = _ => 3 }, 1, 1000);
        var jobs = RunOptions.Range(new Option<int>("--jobs") { Description = "Pieces of work at a time, each by a worker of its own. --threads and --workers count for each; the cores are divided among them if none are given.", DefaultValueFactory = _ => 1 }, 1, 256);
        var teacher = RunOptions.NotEmpty(new Option<string?>("--teacher") { Description = "The teacher's checkpoint; the one that comes with the tool if none is named." });
        var linear = RunOptions.NotEmpty(new Option<string?>("--linear") { Description = "The linear student whose seeds are the measure of what is closed; the teacher's own with mimic seeds if none is named." });
        var output = RunOptions.NotEmpty(new Option<string?>("--output") { Description = "The run's folder; runs/<family> if none is named." });
        var scale = RunOptions.Range(new Option<double>("--scale") { Description = "Factor on the steps of the recipes' stages.", DefaultValueFactory = _ => 1.0 }, 1e-6, 1e6);
        var command = new Command("ablate", "Run every member of ablation families, and report what each choice brings.") { families, report, seeds, jobs, teacher, linear, output, scale };
        var states = new StateArguments(command, keepsAfterwards: false);
        var run = new RunOptions(command);
        command.Validators.Add(result =>
        {
            var named = result.GetValue(families)?.Length ?? 0;
            if (result.GetResult(report) is null && named == 0) result.AddError("Name a family, or a folder with --report.");
            if (result.GetResult(report) is not null && named > 0) result.AddError("--report makes the report of a folder that is there; name no family with it.");
        });
        command.SetAction((result, cancellation) =>
        {
            if (result.GetValue(report) is { } folder)
            {
                AblationReport.Of(folder).Write(folder, AnsiConsole.Console.Profile.Out.Writer);
                return Task.FromResult(ExitCode.Ok);
            }
            var source = AblationSource.Find(result.GetRequiredValue(families), result.GetValue(linear));
            var checkpoint = result.GetValue(teacher) ?? Bundled(source.Teacher.Plan.Name, result.GetValue(run.Data) is not null);
            var asked = new Asked(
                source, source.ToAblation(result.GetValue(run.Seed), result.GetValue(seeds)), checkpoint, result.GetValue(output) ?? Path.Combine("runs", source.Families[0].Family.Name),
                result.GetValue(scale), result.GetValue(jobs), states.Read(result), WorkerArguments(result, result.GetValue(jobs)));
            var settings = run.Open(result, cancellation);
            torch.set_num_threads(ThreadsOf(result, result.GetValue(jobs))); // a worker's: bits depend on them, and the record says so
            return Task.FromResult(Run(asked, settings, cancellation));
        });
        return command;
    }

    sealed record Asked(
        AblationSource Source, Ablation Ablation, string Teacher, string Output, double Scale, int Jobs, (bool Resume, StateOptions Options) States, IReadOnlyList<string> Worker);

    static int Run(Asked asked, RunSettings settings, CancellationToken cancellation)
    {
        var jobs = AblationGraph.Build(asked.Source, asked.Ablation);
        foreach (var plan in jobs.Select(job => job.Model?.Plan).OfType<Runtime.Plans.ModelPlan>()) _ = Encoders.For(plan);
        settings.Data.RequireHeldOut(settings.TestConversations, cancellation);
        var identity = TeacherOf(asked);
        var computedBy = Compute.Describe(settings.Device);
        var shared = new JsonObject
        {
            ["job"] = "ablate",
            ["data"] = new JsonObject { ["name"] = settings.Data.Description, ["sha256"] = settings.Data.Digest },
            ["teacher"] = identity.Hash,
            ["scale"] = asked.Scale,
        };
        var console = AnsiConsole.Console;
        using var folder = RunFolder.Open(asked.Output, new(With(shared, ("test_conversations", settings.TestConversations), ("ablation", asked.Ablation.ToJson())), computedBy, settings.Data.Shown), asked.States.Resume, Say,
            jobs.Where(job => job.Stage is null).Select(job => job.Result));
        if (folder.IsFinished)
        {
            Say($"{asked.Output}: this run is finished; there is nothing left to do");
            return ExitCode.Ok;
        }
        IReadOnlyList<AblationFailure> failures = [];
        RunStoppedException.Run(folder, () =>
        {
            foreach (var name in (string[])["stages", "evaluations"]) AtomicFile.MakeFolder(folder.At(name));
            File.Delete(folder.At(AblationReport.Failures)); // what failed before is tried again
            State(asked.Ablation, folder, console);
            Say($"{string.Join(", ", asked.Ablation.Families.Select(family => family.Name))} on {settings.Data.Description}; seeds {string.Join(", ", asked.Ablation.AllSeeds)}; {computedBy}, {asked.Jobs} at a time");
            var setup = new WorkerSetup(asked.Output, Runtime.Plans.PlanJson.Write(asked.Source.Teacher.Plan), asked.Teacher, asked.Scale, asked.States.Options);
            using (var display = new AblationDisplay(console))
                failures = new AblationRun(
                    jobs, folder.At(""), asked.Jobs, (number, happened) => new(number, asked.Worker, setup, happened),
                    job => With(shared, ("seed", job.Seed), ("stage", job.Stage?.NameOf()), ("identity", job.Identity), ("after", job.After?.Identity)), display, cancellation).Run();
            Keep(failures, folder);
            AblationReport.Of(folder.At("")).Write(folder.At(""), console.Profile.Out.Writer);
            if (failures.Count == 0) folder.Complete();
        });
        Say($"report: {Path.Combine(asked.Output, "report.md")}");
        if (failures.Count == 0) return ExitCode.Ok;
        Say($"{failures.Count} of {jobs.Count} pieces of work failed; with --resume they are tried again");
        return ExitCode.Stopped;

        void Say(string line) => console.Profile.Out.Writer.WriteLine(Printable.Line(line));
    }

    // Before anything is run.
    static void State(Ablation ablation, RunFolder folder, IAnsiConsole console)
    {
        var stated = AblationReport.State(ablation);
        if (!File.Exists(folder.At(AblationReport.Stated))) CheckpointFolder.WriteText(folder.At(AblationReport.Stated), DocumentMarkdown.Render(stated));
        console.Profile.Out.Writer.Write(DocumentText.Render(stated));
    }

    static void Keep(IReadOnlyList<AblationFailure> failures, RunFolder folder)
    {
        if (failures.Count > 0)
            AtomicFile.Write(folder.At(AblationReport.Failures), JsonSerializer.SerializeToUtf8Bytes(failures.ToDictionary(failure => failure.Job.Path, failure => failure.Why), AblationJson.Readable));
    }

    // The parent computes nothing with it.
    static TeacherIdentity TeacherOf(Asked asked)
    {
        using var teacher = Checkpoint.Load(asked.Source.Teacher.Plan, asked.Teacher, torch.CPU);
        return TeacherIdentity.Of(teacher);
    }

    static JsonObject With(JsonObject shared, params IEnumerable<(string Name, JsonNode? Value)> more)
    {
        var record = (JsonObject)shared.DeepClone();
        foreach (var (name, value) in more) record[name] = value;
        return record;
    }

    // What a worker is told as well, with its share of the cores.
    static IReadOnlyList<string> WorkerArguments(ParseResult result, int jobs)
    {
        var worker = AblationWorkerCommand.Create();
        var forwarded = result.CommandResult.Command.Options.Where(option => option.Name is not (Threads or Workers) && worker.Options.Any(other => other.Name == option.Name))
            .Select(result.GetResult).Where(given => given is { Implicit: false })
            .SelectMany(given => (string[])[given!.Option.Name, .. given.Tokens.Select(token => token.Value)]);
        return [worker.Name, .. forwarded, Threads, Number(ThreadsOf(result, jobs)), Workers, Number(result.GetResult(Workers) is null or System.CommandLine.Parsing.OptionResult { Implicit: true } ? Share(jobs) : result.GetValue<int>(Workers))];

        static string Number(int count) => count.ToString(CultureInfo.InvariantCulture);
    }

    static int ThreadsOf(ParseResult result, int jobs) => result.GetValue<int>(Threads) is > 0 and var threads ? threads : Share(jobs);

    static int Share(int jobs) => Math.Max(1, Environment.ProcessorCount / jobs);

    static string Bundled(string teacher, bool hasData) =>
        hasData ? throw new InputException($"{teacher}: with --data, name a teacher that was trained on it with --teacher.")
        : teacher == TinyTeacher.Model && TinyTeacher.Path is { } path ? path
        : throw new InputException($"no checkpoint of {teacher} comes with the tool; name one with --teacher.");
}
