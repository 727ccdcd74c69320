using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MmMamba.Cli.Tests.Runs;

namespace MmMamba.Cli.Tests.Ablations;

/// <summary>A family that takes seconds, as a user runs it.</summary>
[Trait("Category", "Long")]
[Collection(Lanes.Ablations)]
public sealed class AblateTests : IDisposable
{
    const int Kill = 9;

    readonly TemporaryFolder _folder = new();

    public AblateTests()
    {
        File.WriteAllText(_folder["short.mmmodel.yaml"], """
            mmmodel: 1
            model: Short
            extends: TinyMmMambaLinear
            summary: The tiny linear model with a recipe of seconds.
            distill: { stages: { introduced: { batch: 2, steps: 10 }, mixer: { batch: 2, steps: 10 }, end_to_end: { batch: 2, steps: 10 } } }
            """);
        File.WriteAllText(_folder["stages.mmmodel.yaml"], """
            mmmodel: 1
            ablation: Stages
            summary: What two stages bring.
            of: Short
            variants:
              First: { distill: { run: [introduced] } }
              Last:  { distill: { run: [end_to_end] } }
              Both:  { distill: { run: [introduced, end_to_end] } }
            """);
        File.WriteAllText(_folder["wild.mmmodel.yaml"], """
            mmmodel: 1
            ablation: Wild
            summary: A member that cannot be trained.
            of: Short
            variants:
              Tame: { distill: { run: [introduced] } }
              Mad:  { distill: { run: [introduced, end_to_end], optimizer: { adamw: { betas: [0.9, 0.999], weight_decay: 1 } }, stages: { introduced: { lr: 10, steps: 20 } } } }
            """);
    }

    public void Dispose() => _folder.Dispose();

    static string[] Command(string family, string output, params string[] more) =>
        ["ablate", family, "--threads", "1", "--test-conversations", "4", "--output", output, .. more];

    ToolRun Run(params string[] arguments) => Tool.Run(_folder.Path, arguments);

    // Everything that stays, but for time and memory that it took, and what TensorBoard reads of the same.
    Dictionary<string, string> Files(string output) => Directory.EnumerateFiles(_folder[output], "*", SearchOption.AllDirectories).Where(path => !path.Contains("tfevents")).ToDictionary(
        path => Path.GetRelativePath(_folder[output], path),
        path => path.EndsWith(".safetensors", StringComparison.Ordinal)
            ? Convert.ToHexString(System.Security.Cryptography.SHA256.HashData(File.ReadAllBytes(path)))
            : Regex.Replace(File.ReadAllText(path), ",?\"(seconds|tokens_per_second|memory|time)\":[0-9.e-]+", ""));

    [Fact]
    public void It_is_killed_and_goes_on_and_comes_to_the_same_whatever_the_number_of_workers()
    {
        var whole = Run(Command("stages.mmmodel.yaml", "whole", "--seeds", "2"));
        Assert.True(whole.ExitCode == 0, whole.Error + whole.Output);
        Assert.Contains("15 pieces of work", whole.Output);
        // Stated before anything is run.
        Assert.InRange(whole.Output.IndexOf("introduced: Last to Both", StringComparison.Ordinal), 0, whole.Output.IndexOf("15 pieces", StringComparison.Ordinal));
        Assert.Contains("introduced: Last to Both", File.ReadAllText(_folder["whole/contrasts.md"]));
        Assert.False(File.Exists(_folder["whole/unfinished"]));

        // A worker is killed at work: what it did fails, and what depends on it; then the whole.
        string[] command = Command("stages.mmmodel.yaml", "cut", "--seeds", "2", "--jobs", "2", "--checkpoint-every", "2");
        using (var parent = Start(command))
        {
            ShortRun.Until(parent, () => Find("cut", "introduced-*.safetensors").Length > 0);
            var workers = Children(parent);
            Assert.Equal(2, workers.Length);
            using (var worker = Process.GetProcessById(workers[0])) ShortRun.Signal(worker, Kill);
            ShortRun.Until(parent, () => Find("cut", "*.jsonl", "evaluations").Length > 1);
            var left = Children(parent);
            ShortRun.Signal(parent, Kill);
            parent.WaitForExit();
            foreach (var worker in left) Assert.True(Ends(worker), "a worker outlives its parent");
        }
        Assert.False(File.Exists(_folder["cut/report.md"]));
        Assert.Contains("go on with --resume", Run(command).Refusal);
        Assert.Contains("ablation.first_seed was 0 and is 1", Run([.. command, "--resume", "--seed", "1"]).Refusal);

        var before = Find("cut", "*.jsonl", "evaluations").ToDictionary(path => path, File.GetLastWriteTimeUtc);
        var resumed = Run([.. command, "--resume"]);
        Assert.True(resumed.ExitCode == 0, resumed.Error + resumed.Output);
        Assert.Matches(@"\d+ pieces of work; \d+ need not be done any more", resumed.Output);
        Assert.All(before, file => Assert.Equal(file.Value, File.GetLastWriteTimeUtc(file.Key)));
        Assert.Equal(Files("whole"), Files("cut"));
        Assert.Contains("this run is finished", Run([.. command, "--resume"]).Output);

        // The report again, of what one commits.
        foreach (var weights in Find("cut", "*.safetensors")) File.Delete(weights);
        var (markdown, json) = (File.ReadAllText(_folder["cut/report.md"]), File.ReadAllText(_folder["cut/report.json"]));
        File.Delete(_folder["cut/report.md"]);
        File.Delete(_folder["cut/report.json"]);
        var again = Run("ablate", "--report", "cut");
        Assert.True(again.ExitCode == 0, again.Error);
        Assert.Equal((markdown, json), (File.ReadAllText(_folder["cut/report.md"]), File.ReadAllText(_folder["cut/report.json"])));
        Assert.Contains("Stages: contrasts, paired by seed and picture", again.Output);

        // Answers that are gone are asked for again, after the stages that they need: their weights are gone too.
        var asked = _folder["cut/evaluations/Stages.Both-seed1.jsonl"];
        var answers = File.ReadAllText(asked);
        File.Delete(asked);
        var more = Run([.. command, "--resume"]);
        Assert.True(more.ExitCode == 0, more.Error + more.Output);
        Assert.Contains("3 pieces of work; 12 need not be done any more", more.Output);
        Assert.Equal(answers, File.ReadAllText(asked));
        Assert.Equal(markdown, File.ReadAllText(_folder["cut/report.md"]));
    }

    [Fact]
    public void What_fails_does_not_stop_the_others_and_is_told_at_the_end()
    {
        var run = Run(Command("wild.mmmodel.yaml", "wild", "--jobs", "2", "--seeds", "1"));
        Assert.Equal(5, run.ExitCode);
        Assert.Matches(@"introduced-Wild.Mad-seed0: failed: introduced: the .* is \w+ in step \d+ of 20, and 5 steps in a row had no finite numbers", run.Output);
        Assert.Contains("ask Wild.Mad-seed0: failed: needs end_to_end-Wild.Mad-seed0, which failed", run.Output);
        Assert.Contains("3 of 7 pieces of work failed", run.Output);
        var report = File.ReadAllText(_folder["wild/report.md"]);
        Assert.Matches(@"\| Mad \| 0 of 1, failed \|", report);
        Assert.Matches(@"\| Tame \| 1 \|", report);
        Assert.Contains("Wild.Mad-seed0.jsonl: needs end", report);
        Assert.True(File.Exists(_folder["wild/unfinished"]));
        var members = JsonDocument.Parse(File.ReadAllText(_folder["wild/report.json"])).RootElement.GetProperty("families")[0].GetProperty("members");
        Assert.Equal([true, false], members.EnumerateArray().Select(member => member.GetProperty("figures").GetArrayLength() > 0));
    }

    [Theory]
    [InlineData(2, 130)]
    [InlineData(15, 143)]
    public void A_signal_keeps_what_workers_have(int signal, int code)
    {
        // Long stages, and by itself a state is written after two minutes: those that there are, the signal brought.
        using var process = Tool.Start(_folder.Path, Command("stages.mmmodel.yaml", "signal", "--jobs", "2", "--seeds", "1", "--scale", "100"));
        ShortRun.Until(process, () => Find("signal", "metrics.jsonl").Count(path => new FileInfo(path).Length > 0) == 2);
        Assert.Empty(Find("signal", "*-????????.safetensors"));
        ShortRun.Signal(process, signal);
        var rest = process.StandardOutput.ReadToEndAsync();
        Assert.Equal("mmmamba: stopped; what is done is in signal: go on with --resume\n", process.StandardError.ReadToEnd());
        process.WaitForExit();
        Assert.Equal(code, process.ExitCode);
        // Both workers kept their last whole step.
        var begun = Find("signal", "metrics.jsonl");
        Assert.Equal(2, begun.Length);
        Assert.All(begun, metrics => Assert.EndsWith(
            $"-{File.ReadLines(metrics).Count():D8}.safetensors", Assert.Single(Directory.GetFiles(Path.Combine(Path.GetDirectoryName(metrics)!, "states")))));
    }

    [Fact]
    public void Bad_input_is_refused_in_a_line()
    {
        Assert.Contains("Name a family, or a folder with --report.", Run("ablate").Refusal);
        Assert.Contains("name no family with it", Run("ablate", "TinySeedStrategy", "--report", "x").Refusal);
        Assert.Contains("nothing: holds no run.json", Run("ablate", "--report", "nothing").Refusal);
        Assert.Contains("no checkpoint of Hovle comes with the tool", Run("ablate", "HybridStrategy").Refusal);
        Directory.CreateDirectory(_folder["other"]);
        File.WriteAllText(_folder["other/run.json"], "{}");
        Assert.Contains("is no record of an ablation", Run("ablate", "--report", "other").Refusal);
        Assert.Contains("ablation-worker is started by 'mmmamba ablate'", Run("ablation-worker").Refusal);
    }

    Process Start(string[] arguments)
    {
        var process = Tool.Start(_folder.Path, arguments);
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    string[] Find(string output, string pattern, string below = "stages") =>
        Directory.Exists(_folder[$"{output}/{below}"]) ? Directory.GetFiles(_folder[$"{output}/{below}"], pattern, SearchOption.AllDirectories) : [];

    static int[] Children(Process parent)
    {
        using var ps = Process.Start(new ProcessStartInfo("ps", ["-o", "pid=", "--ppid", parent.Id.ToString(CultureInfo.InvariantCulture)]) { RedirectStandardOutput = true })!;
        return [.. ps.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).Select(line => int.Parse(line, CultureInfo.InvariantCulture))];
    }

    static bool Ends(int id)
    {
        try
        {
            using var process = Process.GetProcessById(id);
            return process.WaitForExit(20_000);
        }
        catch (ArgumentException)
        {
            return true;
        }
    }
}
