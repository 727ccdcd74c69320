using MmMamba.Cli.Jobs;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Tests.Runs;

/// <summary>The lines of a run that was broken off are neither doubled nor missing.</summary>
public sealed class MetricsFileTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    string Path => _folder["metrics.jsonl"];

    static StepReport Step(string stage, int step, double loss = 0.1) => new(stage, step, 9, loss, 1e-3 / 3, 0.7, 40, 10, TimeSpan.FromSeconds(step), TimeSpan.Zero);

    void Write(params StepReport[] steps)
    {
        using var file = new MetricsFile(Path);
        foreach (var step in steps) file.Step(step);
    }

    static EvaluationResult Result(int right) => new([new("at", new(right, 10), 0.5, 2), new("count", new(3, 10), 0.25, 4)], []);

    (string, int)[] Steps
    {
        get
        {
            using var file = new MetricsFile(Path);
            return [.. file.Steps.Select(step => (step.Stage, step.Step))];
        }
    }

    [Fact]
    public void A_stage_that_goes_on_replaces_its_lines_from_there_and_keeps_the_others()
    {
        Write(Step("introduced", 1), Step("introduced", 2), Step("mixer", 1), Step("mixer", 2), Step("mixer", 3));
        Write(Step("mixer", 2, loss: 7), Step("mixer", 3, loss: 8), Step("mixer", 4));
        Assert.Equal([("introduced", 1), ("introduced", 2), ("mixer", 1), ("mixer", 2), ("mixer", 3), ("mixer", 4)], Steps);
        using var file = new MetricsFile(Path);
        Assert.Equal([0.1, 0.1, 0.1, 7, 8, 0.1], file.Steps.Select(step => step.Loss));
        Assert.Equal(1e-3 / 3, file.Steps[0].LearningRate);
    }

    [Fact]
    public void What_a_machine_without_power_left_is_dropped_with_all_behind_it()
    {
        Write(Step("mixer", 1), Step("mixer", 2), Step("mixer", 3));
        var lines = File.ReadAllLines(Path);
        foreach (var left in (string[])[
            "\0\0\0", "{\"stage\":", "7", "", "{}", "{\"stage\":\"mixer\"}", lines[1].Replace("\"mixer\"", "5"), lines[1].Replace("\"step\":2", "\"step\":2e99"),
            lines[1].Replace("\"loss\":0.1", "\"loss\":\"low\""), lines[1].Replace("\"seconds\":2", "\"seconds\":1e300"), "{\"model\":\"seeded\",\"kind\":\"at\"}", "{\"model\":1}"])
        {
            File.WriteAllText(Path, $"{lines[0]}\n{left}\n{lines[2]}\n");
            Assert.Equal([("mixer", 1)], Steps);
        }
    }

    [Fact]
    public void A_line_that_was_torn_is_dropped_before_anything_follows_it()
    {
        Write(Step("mixer", 1), Step("mixer", 2));
        var text = File.ReadAllText(Path);
        for (var length = text.IndexOf('\n') + 1; length < text.Length; length++)
        {
            File.WriteAllText(Path, text[..length]);
            Assert.Equal([("mixer", 1)], Steps);
            Write(Step("mixer", 2));
            Assert.Equal(Untimed(text), Untimed(File.ReadAllText(Path)));
        }
    }

    static string Untimed(string text) => System.Text.RegularExpressions.Regex.Replace(text, "\"time\":[0-9.]+", "");

    [Fact]
    public void An_evaluation_that_is_written_again_takes_the_place_of_its_lines()
    {
        using (var file = new MetricsFile(Path)) file.Evaluation("seeded", Result(1));
        var lines = File.ReadAllLines(Path);
        File.WriteAllText(Path, lines[0] + "\n" + lines[1][..20]);
        using (var file = new MetricsFile(Path))
        {
            file.Evaluation("teacher", Result(9));
            file.Evaluation("seeded", Result(2));
        }
        var written = File.ReadAllLines(Path);
        Assert.Equal(4, written.Length);
        Assert.Equal(2, written.Count(line => line.Contains("\"teacher\"")));
        Assert.Contains("\"right\":2", written[2]);
    }

    [Fact]
    public void A_step_without_finite_numbers_has_its_line()
    {
        Write(Step("mixer", 1, double.NaN) with { Skipped = true, GradientNorm = double.PositiveInfinity }, Step("mixer", 2));
        Assert.Contains("\"loss\":null", File.ReadAllLines(Path)[0]);
        using var file = new MetricsFile(Path);
        Assert.Equal((double.NaN, true, false), (file.Steps[0].Loss, file.Steps[0].Skipped, file.Steps[1].Skipped));
    }

    [Fact]
    public void An_evaluation_is_read_as_it_was_written()
    {
        var result = Result(4) with { Samples = [new(3, 1, "at", [5, 6], [5, 7])] };
        EvaluationFile.Write(_folder["e.json"], result);
        var read = EvaluationFile.Read(_folder["e.json"])!;
        Assert.Equal(result.Kinds, read.Kinds);
        Assert.Equal((3, 1, "at", "5,6", "5,7"), (read.Samples[0].Item, read.Samples[0].Turn, read.Samples[0].Kind, string.Join(',', read.Samples[0].Expected), string.Join(',', read.Samples[0].Predicted)));
        Assert.Null(EvaluationFile.Read(_folder["none.json"]));
        File.WriteAllText(_folder["e.json"], "{}");
        Assert.Contains("is no evaluation", Assert.Throws<Runtime.InputException>(() => EvaluationFile.Read(_folder["e.json"])).Message);
    }
}
