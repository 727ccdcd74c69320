using System.Text.Json.Nodes;
using MmMamba.Cli.Ablations;
using MmMamba.ModelDsl.Rendering;
using MmMamba.Runtime;

namespace MmMamba.Cli.Tests.Ablations;

/// <summary>The report of an ablation, made from files.</summary>
public sealed class AblationReportTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static AblationMember Member(string name, string value) => new(name, [value], [], 0, name, "");

    // Four conversations; the last member follows the teacher more closely, by the same in every seed but for a little.
    string Text(double[] kl, double?[] paper, string? missing = null)
    {
        var family = new AblationFamily("F", "What x does.", [new("x", "seed", ["a", "b"])], [Member("A", "a"), Member("B", "b")], "A", [],
            new("a paper", ["M", "N"], new Dictionary<string, IReadOnlyList<double?>> { ["A"] = [1, 5], ["B"] = paper }));
        var ablation = new Ablation(0, kl.Length, "T", "L", "l", [family]);
        var record = new JsonObject { ["asked"] = new JsonObject { ["data"] = new JsonObject { ["name"] = "pictures" }, ["ablation"] = ablation.ToJson() } };
        File.WriteAllText(_folder["run.json"], record.ToJsonString());
        Write(Ablation.TeacherAnswers, 0);
        foreach (var seed in ablation.AllSeeds)
        {
            Write(ablation.AnswersOf("l", seed), 4);
            Write(ablation.AnswersOf("A", seed), 2);
            if (ablation.AnswersOf("B", seed) != missing) Write(ablation.AnswersOf("B", seed), kl[seed]);
        }
        if (missing is not null) File.WriteAllText(_folder["failures.json"], $$"""{"{{missing}}": "the disk is full"}""");
        return DocumentText.Render(AblationReport.Of(_folder.Path).ToDocument());

        void Write(string path, double nats) => new AnswerTable([new("at", 0.25, [1, 1, 1, 1], [1, 1, 0, 1], [2, 2, 2, 2], [2, 2, 1, 2], [nats, nats, nats, nats])]).Write(_folder[path]);
    }

    [Fact]
    public void The_committed_tables_are_those_of_the_committed_answers()
    {
        var folder = Path.Combine(Tool.Repository, "docs", "results", "cifar10");
        Assert.Equal(File.ReadAllText(Path.Combine(folder, "report.md")), DocumentMarkdown.Render(AblationReport.Of(folder).ToDocument()));
    }

    [Fact]
    public void Members_stand_beside_the_paper_and_contrasts_have_a_verdict()
    {
        var text = Text([1, 1, 1.04], [2, 6]);
        Assert.Contains("\nF: What x does.\n", text);
        Assert.Contains("pictures; teacher T; seeds 0, 1, 2; 4 questions in 4 conversations.", text);
        // 1 - 1/4 and 1 - 1.04/4; t(2) = 4.3027 times 0.003333.
        Assert.Matches(@"\n  B +3 +74\.7 \[73\.2, 76\.1\] +0\.5067 \[0\.4780, 0\.5354\] +87\.5 ", text);
        Assert.Matches(@"\n  T +\u2013 +100\.0 +0\.0000 ", text);
        Assert.Matches(@"reported in a paper\n +M +N\n  A +1 +5\n  B +2 +6\n", text);
        Assert.Matches(@"x: a to b +KL closed, % +\+24\.67 \[\+23\.23, \+26\.10\] +3 +above 0, as in the paper +\+ in all 2\n", text);
    }

    [Fact]
    public void A_sign_that_is_not_the_paper_s_is_said()
    {
        Assert.Matches(@"x: a to b .* below 0, unlike the paper +\+ in all 2\n", Text([3, 3, 3.04], [2, 6]));
        Assert.Matches(@"x: a to b .* below 0 +M \+, N -\n", Text([3, 3, 3.04], [2, 4]));
        Assert.Matches(@"x: a to b .* inconclusive +\+ in all 2\n", Text([1, 2, 3], [2, 6]));
        Assert.Matches(@"x: a to b .* above 0 +\u2013\n", Text([1, 1, 1.04], [null, null]));
    }

    [Fact]
    public void Contrasts_that_were_asked_for_later_are_said_to_be_so()
    {
        File.WriteAllText(_folder[AblationReport.Further], "F: B to A\n\nF: A to B, A to B\n");
        var text = Text([1, 1, 1.04], [2, 6]);
        Assert.Matches(@"\nF: contrasts that were not stated beforehand\n.*\n  B to A +KL closed, % +-24\.67 \[-26\.10, -23\.23\] +3 +below 0, as in the paper +- in all 2\n", text);
        Assert.Matches(@"\n  mean over 2 pairs: A to B, A to B +KL closed, % +\+24\.67 ", text);
        using var screen = new StringWriter();
        AblationReport.Of(_folder.Path).Write(_folder.Path, screen);
        var contrasts = JsonNode.Parse(File.ReadAllText(_folder["report.json"]))!["families"]![0]!["contrasts"]!.AsArray();
        Assert.Equal([("x: a to b", true), ("B to A", false), ("mean over 2 pairs: A to B, A to B", false)], contrasts.Select(one => (one!["name"]!.ToString(), one["stated_beforehand"]!.GetValue<bool>())));
        Assert.DoesNotContain("not stated", DocumentText.Render(AblationReport.State(Ablation.Parse(JsonNode.Parse(File.ReadAllText(_folder["run.json"]))!["asked"]!["ablation"], ""))));
    }

    [Theory]
    [InlineData("A to B", "further-contrasts.txt:1: is no contrast")]
    [InlineData("F: A to B\nG: A to B", "further-contrasts.txt:2: the run has no family 'G'; it has F.")]
    [InlineData("F: A", "further-contrasts.txt:1: 'A' is no pair of members")]
    [InlineData("F: A to B, A to C", "further-contrasts.txt:1: F has no member 'C'; it has A, B.")]
    public void A_later_contrast_of_nothing_is_refused_at_its_line(string lines, string message)
    {
        File.WriteAllText(_folder[AblationReport.Further], lines);
        Assert.Contains(message, Assert.Throws<InputException>(() => Text([1, 1, 1.04], [2, 6])).Message);
    }

    [Theory]
    [InlineData("\"seeds\":3", "\"seeds\":2000000000")]
    [InlineData("\"families\":[", "\"families\":[null,")]
    [InlineData("\"members\":[", "\"members\":[null,")]
    [InlineData("\"linear\":\"L\"", "\"linear\":null")]
    [InlineData("\"values\":[\"a\"]", "\"values\":[\"c\"]")]
    [InlineData("\"values\":[\"a\"]", "\"values\":[\"a\",\"b\"]")]
    [InlineData("\"values\":[\"a\"]", "\"values\":[\"b\"]")]
    [InlineData("\"M\",\"N\"", "\"M\"")]
    public void A_record_that_contradicts_itself_is_refused(string before, string after)
    {
        Text([1, 1, 1.04], [2, 6]);
        var record = File.ReadAllText(_folder["run.json"]);
        Assert.Contains(before, record);
        File.WriteAllText(_folder["run.json"], record.Replace(before, after));
        Assert.Contains("is no record of an ablation", Assert.Throws<InputException>(() => AblationReport.Of(_folder.Path)).Message);
    }

    [Fact]
    public void What_failed_is_marked_and_the_other_seeds_count()
    {
        var text = Text([1, 1, 1.04], [2, 6], "evaluations/F.B-seed1.jsonl");
        Assert.Matches(@"\n  B +2 of 3, failed +74\.5 ", text);
        Assert.Matches(@"x: a to b +KL closed, % +\+24\.50 .* 2 +", text);
        Assert.Contains("failed: evaluations/F.B-seed1.jsonl: the disk is full", text);
    }
}
