using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Specs;
using MmMamba.Cli.Tests.Reports;
using MmMamba.ModelDsl.Review;

namespace MmMamba.Cli.Tests;

/// <summary>The main job and the making of its teacher, shortened, as a user runs them.</summary>
[Collection(Lanes.MainJob)]
public sealed class MainJobTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    [Trait("Category", "Long")]
    public void The_shortened_main_job_distils_and_reports()
    {
        var run = Tool.Run(_folder.Path, "distill", "--scale", "0.1", "--test-conversations", "60", "--output", "run");
        Assert.True(run.ExitCode == 0, run.Error + run.Output);

        Assert.Equal(["curves.png", "metrics.jsonl", "report.html", "run.json", "sheet.txt", "student.safetensors"],
            Directory.GetFiles(_folder["run"]).Select(Path.GetFileName).Order(StringComparer.Ordinal));
        var lines = File.ReadAllLines(_folder["run/metrics.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(["introduced", "mixer", "end_to_end"],
            lines.Where(line => line.TryGetProperty("stage", out _)).Select(line => line.GetProperty("stage").GetString()!).Distinct());

        var (teacher, seeded, distilled) = (Mean("teacher"), Mean("seeded"), Mean("distilled"));
        foreach (var kind in Kinds("teacher")) Assert.True(Accuracy(kind) >= Chance(kind) + 0.3, $"the teacher is too weak: {kind}");
        Assert.True(teacher >= seeded + 0.2, $"teacher {teacher}, seeded {seeded}");
        Assert.True(distilled >= seeded + 0.3 * (teacher - seeded), $"teacher {teacher}, seeded {seeded}, distilled {distilled}");
        Assert.Contains("recovered", run.Output);
        Assert.DoesNotContain("void", run.Output);

        // The checkpoint is the student that was judged.
        var eval = Tool.Run(_folder.Path, "eval", "run/student.safetensors", "--test-conversations", "60");
        Assert.Equal(0, eval.ExitCode);
        foreach (var kind in Kinds("distilled"))
            Assert.Contains($"{kind.GetProperty("right").GetInt64()}/{kind.GetProperty("asked").GetInt64()}", eval.Output);

        AssertReport([.. lines.Where(line => line.TryGetProperty("model", out _))]);

        IEnumerable<JsonElement> Kinds(string model) =>
            lines.Where(line => line.TryGetProperty("model", out var name) && name.GetString() == model);
        double Mean(string model) => Kinds(model).Average(Accuracy);
    }

    // The page of a run that was: all that it is to tell, from the run's own files, with nothing that is loaded.
    void AssertReport(JsonElement[] answers)
    {
        var html = File.ReadAllText(_folder["run/report.html"]);
        ReportHtmlTests.AssertLoadsNothing(html);
        var page = ReportHtmlTests.Parse(html);
        string Section(string heading) => page.Descendants("section").Single(section => section.Element("h2")?.Value == heading).Value;
        const string heading = "TinyMmMambaHybrid distilled from TinyHovle";
        Assert.Equal(heading, page.Descendants("h1").Single().Value);

        Assert.Contains(File.ReadAllText(_folder["run/sheet.txt"]).TrimEnd(), Section("The model"));
        var (model, library) = SpecLibrary.Find("TinyMmMambaHybrid");
        Assert.Contains(TransferView.Text(model.Resolved, library.Model("TinyHovle").Resolved).TrimEnd(), Section("How its tensors began"));
        Assert.Equal("mmmamba distill --scale 0.1 --test-conversations 60 --output run", page.Descendants("pre").Single(pre => (string?)pre.Attribute("class") == "command").Value);
        var facts = page.Descendants("dl").Last().Elements("div").ToDictionary(fact => fact.Element("dt")!.Value, fact => fact.Element("dd")!.Value);
        foreach (var (what, version) in Machine.Versions) Assert.Equal(version, facts[what]);
        Assert.Equal("0", facts["seed"]);
        Assert.Contains("seed of the draws0", Section("What it was made from"));

        Assert.Equal(["introduced", "mixer", "end_to_end"], page.Descendants("figcaption").Select(caption => caption.Value.Split(' ')[0]).Where(name => name is "introduced" or "mixer" or "end_to_end"));
        var curves = page.Descendants("polyline").Where(line => (string?)line.Attribute("class") == "line").ToArray();
        Assert.Equal(3, curves.Length);
        foreach (var curve in curves) Assert.InRange(curve.Attribute("points")!.Value.Split(' ', StringSplitOptions.RemoveEmptyEntries).Length, 2, int.MaxValue);

        // A row a kind: chance, then right answers with interval and counts of all three models.
        var rows = page.Descendants("tbody").First().Elements("tr").Select(row => row.Elements().Take(5).Select(cell => string.Join('|', cell.DescendantNodes().OfType<XText>().Select(text => text.Value)))).ToArray();
        Assert.Equal(answers.GroupBy(answer => answer.GetProperty("kind").GetString()!).Select(kind => (IEnumerable<string>)
            [kind.Key, Percent(Chance(kind.First())), .. ((string[])["teacher", "seeded", "distilled"]).Select(name => Cell(kind.Single(answer => answer.GetProperty("model").GetString() == name)))]), rows);

        if (!Chromium.IsInstalled) return;
        using var picture = Chromium.Shot(_folder, _folder["run/report.html"], heading, "report.png");
        Chromium.AssertHas(picture, ReportInBrowserTests.LightColors);

        static string Cell(JsonElement answer) =>
            $"{Percent(Accuracy(answer))}|{Percent(answer.GetProperty("low").GetDouble())}\u2013{Percent(answer.GetProperty("high").GetDouble())}|{answer.GetProperty("right").GetInt64()} of {answer.GetProperty("asked").GetInt64()}";
        static string Percent(double share) => (100 * share).ToString("0.0", CultureInfo.InvariantCulture);
    }

    [Fact]
    [Trait("Category", "Long")]
    public void A_teacher_is_trained_and_can_be_asked()
    {
        var train = Tool.Run(_folder.Path, "train", "--steps", "30", "--batch", "16", "--test-conversations", "20", "--half", "--output", "teacher.safetensors");
        Assert.True(train.ExitCode == 0, train.Error + train.Output);
        var losses = Regex.Match(train.Output, @"loss ([\d.]+) -> ([\d.]+)");
        Assert.True(losses.Success, train.Output);
        Assert.True(Number(losses.Groups[2]) < 0.6 * Number(losses.Groups[1]), losses.Value);
        Assert.InRange(new FileInfo(_folder["teacher.safetensors"]).Length, 1, 8_000_000);
        var eval = Tool.Run(_folder.Path, "eval", "teacher.safetensors", "--test-conversations", "20");
        Assert.True(eval.ExitCode == 0, eval.Error + eval.Output);
        Assert.Contains("present", eval.Output);
    }

    [Fact]
    [Trait("Category", "Long")]
    public void A_set_on_disk_is_trained_on_like_the_stream()
    {
        var data = Tool.Run(_folder.Path, "data", "--train-conversations", "12", "--test-conversations", "6", "--output", "set");
        Assert.True(data.ExitCode == 0, data.Error + data.Output);
        string[] command = ["distill", "--data", "set", "--teacher-steps", "2", "--teacher-batch", "4", "--scale", "0.01", "--test-conversations", "6", "--threads", "1", "--output", "run"];
        var run = Tool.Run(_folder.Path, [.. command, "--checkpoint-every", "1", "--keep-every", "1"]);
        Assert.True(run.ExitCode == 0, run.Error + run.Output);
        Assert.True(File.Exists(_folder["run/teacher.safetensors"]));
        Assert.Contains("the comparison is void", run.Output);

        // Its states go with the teacher that it trained, which is in its folder.
        var states = Directory.GetFiles(_folder["run/states"]).Order(StringComparer.Ordinal).ToArray();
        var state = states.First(path => Path.GetFileName(path).StartsWith("end_to_end", StringComparison.Ordinal));
        string[] artefact = ["artefact", "TinyMmMambaHybrid", state, "--output", "before.safetensors"];
        Assert.Contains("the run trained its own teacher", Tool.Run(_folder.Path, [.. artefact, "--teacher", "run/teacher.safetensors"]).Refusal);
        File.Move(_folder["run/teacher.safetensors"], _folder["aside.safetensors"]);
        Assert.Contains("teacher.safetensors: is gone", Tool.Run(_folder.Path, artefact).Refusal);
        File.Move(_folder["aside.safetensors"], _folder["run/teacher.safetensors"]);
        var whole = File.ReadAllBytes(_folder["run/teacher.safetensors"]);
        File.WriteAllBytes(_folder["run/teacher.safetensors"], [.. whole[..^1], (byte)(whole[^1] ^ 1)]);
        Assert.Contains("teacher.safetensors: is damaged", Tool.Run(_folder.Path, artefact).Refusal);
        File.WriteAllBytes(_folder["run/teacher.safetensors"], whole);
        var made = Tool.Run(_folder.Path, artefact);
        Assert.True(made.ExitCode == 0, made.Error + made.Output);

        // As if the end of it had been lost: the teacher that was trained here and the first stages are taken, the rest is done again.
        var student = File.ReadAllBytes(_folder["run/student.safetensors"]);
        File.Delete(_folder["run/student.safetensors"]);
        File.WriteAllText(_folder["run/unfinished"], "");
        var again = Tool.Run(_folder.Path, [.. command, "--resume"]);
        Assert.True(again.ExitCode == 0, again.Error + again.Output);
        Assert.Contains("teacher: taken from the folder", again.Output);
        Assert.Contains("mixer: taken from the folder", again.Output);
        Assert.Equal(student, File.ReadAllBytes(_folder["run/student.safetensors"]));
        // Nobody asked for states the second time: those of the stage that ran again are gone, and the teacher's, which did not, stay.
        Assert.Equal(states.Where(path => path.Contains("teacher-", StringComparison.Ordinal)), Directory.GetFiles(_folder["run/states"]));
        Assert.Contains(states, path => path.Contains("teacher-", StringComparison.Ordinal));
    }

    static double Number(Group group) => double.Parse(group.Value, CultureInfo.InvariantCulture);
    static double Accuracy(JsonElement kind) => kind.GetProperty("right").GetDouble() / kind.GetProperty("asked").GetDouble();
    static double Chance(JsonElement kind) => kind.GetProperty("chance").GetDouble();
}
