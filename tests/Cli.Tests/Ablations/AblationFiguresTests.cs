using MmMamba.Cli.Ablations;
using MmMamba.Runtime;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Tests.Ablations;

/// <summary>Figures of answers, with numbers that were computed by hand.</summary>
public sealed class AblationFiguresTests
{
    static readonly AblationFamily Family = new("F", "", [], [Member("A", "a"), Member("B", "b")], null, [], null);
    static readonly Ablation Two = new(0, 2, "T", "L", "l", [Family]);
    static readonly Contrast Step = new("A to B", [[new("A", -1), new("B", 1)]]);

    static AblationMember Member(string name, string recipe) => new(name, [], [], 0, recipe, "");

    // Two conversations, each with one question by place and one on presence, of two tokens each.
    static AnswerTable Table(int[] at, int[] present, double atKl, double presentKl) => new(
    [
        new("at", 0.1, [1, 1], at, [2, 2], [1, 2], [atKl, atKl]),
        new("present", 0.5, [1, 1], present, [2, 2], [2, 2], [presentKl, presentKl]),
    ]);

    static readonly Dictionary<string, AnswerTable> Answers = new()
    {
        ["evaluations/teacher.jsonl"] = Table([1, 1], [1, 1], 0, 0),
        ["evaluations/L.seeded-seed0.jsonl"] = Table([0, 0], [0, 0], 4, 4),
        ["evaluations/L.seeded-seed1.jsonl"] = Table([0, 0], [0, 0], 8, 8),
        ["evaluations/F.A-seed0.jsonl"] = Table([0, 1], [1, 1], 2, 2),
        ["evaluations/F.A-seed1.jsonl"] = Table([0, 0], [1, 1], 4, 4),
        ["evaluations/F.B-seed0.jsonl"] = Table([1, 1], [1, 1], 0, 1),
        ["evaluations/F.B-seed1.jsonl"] = Table([1, 1], [1, 0], 2, 4),
    };

    static AblationFigures Of(Ablation ablation, Dictionary<string, AnswerTable> answers) => new(ablation, answers.GetValueOrDefault, resamples: 200);

    [Fact]
    public void Members_have_means_over_seeds()
    {
        var figures = Of(Two, Answers);
        Assert.Equal((2, 4), (figures.Conversations, figures.Questions));
        // Mean over kinds of (1/2, 2/2), then (0/2, 2/2).
        Assert.Equal([0.75, 0.5], figures.OfMember(Family.Members[0], AblationFigure.Accuracy)!.BySeed);
        Assert.Equal(0.625, figures.OfMember(Family.Members[0], AblationFigure.Accuracy)!.Value);
        Assert.Equal(0.25, figures.OfMember(Family.Members[0], AblationFigure.Accuracy, kind => kind == "at")!.Value);
        // 1 - 2/4 and 1 - 4/8, each to the linear model of its own seed; B: 1 - 1/8 and 1 - 6/16.
        Assert.Equal([0.5, 0.5], figures.OfMember(Family.Members[0], AblationFigure.KlClosed)!.BySeed);
        Assert.Equal([0.875, 0.625], figures.OfMember(Family.Members[1], AblationFigure.KlClosed)!.BySeed);
        Assert.Equal(7 / 8.0, figures.OfMember(Family.Members[0], AblationFigure.Agreement)!.Value);
        Assert.Equal((1.0, 0.0), (figures.OfTeacher(AblationFigure.Accuracy)!.Value, figures.OfTeacher(AblationFigure.Kl)!.Value));
    }

    [Fact]
    public void A_contrast_is_paired_by_seed()
    {
        var figures = Of(Two, Answers);
        var closed = figures.Of(Family, Step, AblationFigure.KlClosed)!;
        Assert.Equal([0.375, 0.125], closed.BySeed);
        Assert.Equal(0.25, closed.Value);
        // Every conversation has the same KL: the seeds alone vary. s^2 / 2 = 0.015625, t(1) = 12.7062.
        Assert.Equal(0.25 - 12.7062047364 * 0.125, closed.Interval!.Value.Low, 6);
        Assert.Equal("inconclusive", AblationReport.Verdict(closed));
        // Recall: 1 - 0/4 less 1 - 2/4, and 1 - 2/8 less 1 - 4/8; recognition: 1 - 1/4 less 1 - 2/4, and 1 - 4/8 less 1 - 4/8.
        var gain = figures.Of(Family, Step with { Gain = true }, AblationFigure.KlClosed)!;
        Assert.Equal([0.5 - 0.25, 0.25 - 0], gain.BySeed);
        // Neither the two seeds nor the two pictures vary: that says nothing of how much others would.
        Assert.Null(gain.Interval);
        Assert.Equal("inconclusive: too few questions", AblationReport.Verdict(gain));
    }

    [Fact]
    public void A_seed_without_answers_is_left_out_and_one_seed_has_no_interval()
    {
        var some = Answers.Where(answer => answer.Key != "evaluations/F.B-seed0.jsonl").ToDictionary();
        var figures = Of(Two, some);
        var estimate = figures.Of(Family, Step, AblationFigure.KlClosed)!;
        Assert.Equal([0.125], estimate.BySeed);
        Assert.Null(estimate.Interval);
        Assert.Equal("inconclusive: one seed", AblationReport.Verdict(estimate));
        some.Remove("evaluations/F.B-seed1.jsonl");
        Assert.Null(Of(Two, some).Of(Family, Step, AblationFigure.KlClosed));
    }

    [Fact]
    public void Other_questions_are_refused()
    {
        var other = new Dictionary<string, AnswerTable>(Answers) { ["evaluations/F.B-seed1.jsonl"] = new([.. Answers["evaluations/F.A-seed0.jsonl"].Kinds.Take(1)]) };
        Assert.Contains("F.B-seed1.jsonl: holds answers to other questions", Assert.Throws<InputException>(() => Of(Two, other)).Message);
        Assert.Contains("nothing to report", Assert.Throws<InputException>(() => Of(Two, [])).Message);
    }

    [Fact]
    public void An_interval_knows_seeds_and_pictures()
    {
        // Seeds alone: s^2 = 0.01, t(2) = 4.302653.
        Assert.Equal(0.2 + 4.3026527 * Math.Sqrt(0.01 / 3), AblationFigures.Interval(0.2, [0.1, 0.2, 0.3], 0, 400)!.Value.High, 6);
        // Pictures alone: t(399) = 1.965927.
        Assert.Equal(0.2 + 1.9659273 * 0.05, AblationFigures.Interval(0.2, [0.2, 0.2, 0.2], 0.0025, 400)!.Value.High, 6);
        Assert.Equal(0.2 + 1.9659273 * 0.05, AblationFigures.Interval(0.2, [0.2], 0.0025, 400)!.Value.High, 6);
        // Both alike, 1/300 each: 4 / (1/2 + 1/399) = 7.960 degrees of freedom, t = 2.3079.
        Assert.Equal(0.2 + 2.3079 * Math.Sqrt(2 / 300.0), AblationFigures.Interval(0.2, [0.1, 0.2, 0.3], 1 / 300.0, 400)!.Value.High, 4);
        // Nothing but what rounding leaves of equal values.
        Assert.Null(AblationFigures.Interval(0.2, [0.2, 0.2, 0.2], 5e-29, 400));
    }

    [Theory]
    [InlineData(0.975, 1, 12.7062047364)]
    [InlineData(0.975, 2, 4.3026527297)]
    [InlineData(0.975, 5, 2.5705818366)]
    [InlineData(0.975, 10, 2.2281388520)]
    [InlineData(0.975, 399, 1.9659272959)]
    [InlineData(0.95, 2, 2.9199855804)]
    [InlineData(0.975, 1e7, 1.9599642216)]
    public void Student_s_quantiles_are_those_of_the_tables(double share, double freedom, double value) => Assert.Equal(value, StudentT.Quantile(share, freedom), 5);

    [Fact]
    public void Answers_are_kept_as_they_are()
    {
        var folder = Directory.CreateTempSubdirectory().FullName;
        var path = Path.Combine(folder, "answers.jsonl");
        Prediction Answer(int item, string kind, int[] expected, int[] predicted, double kl) =>
            new(item, 0, kind, expected, predicted) { Teacher = new TeacherMatch(1, kl) };
        AnswerTable.Of([Answer(0, "present", [1, 9], [1, 9], 0.25), Answer(0, "at", [3, 9], [4, 9], 1.23456789), Answer(1, "present", [2, 9], [1, 9], 0.5), Answer(1, "present", [1, 9], [1, 9], 0.5)]).Write(path);
        Assert.Equal("""
            {"kind":"at","chance":1,"asked":[1,0],"right":[0,0],"tokens":[2,0],"same":[1,0],"kl":[1.23457,0]}
            {"kind":"present","chance":0.6666666666666666,"asked":[1,2],"right":[1,1],"tokens":[2,4],"same":[1,2],"kl":[0.25,1]}

            """, File.ReadAllText(path));
        Assert.Equal([1, 1], AnswerTable.Read(path)!.Kinds[1].Right);
        const string good = """{"kind":"at","chance":1,"asked":[1,0],"right":[1,0],"tokens":[2,0],"same":[1,0],"kl":[1,0]}""";
        foreach (var bad in (string[])[
            """{"kind":"at","asked":[1]}""", "null", """{"kind":"at","chance":1,"asked":[],"right":[],"tokens":[],"same":[],"kl":[]}""", good.Replace("\"asked\":[1,0]", "\"asked\":[0,0]"),
            good.Replace("\"right\":[1,0]", "\"right\":[2,0]"), good.Replace("\"same\":[1,0]", "\"same\":[1,-1]"), good + "\n" + good])
        {
            File.WriteAllText(path, bad + "\n");
            Assert.Contains("holds no answers", Assert.Throws<InputException>(() => AnswerTable.Read(path)).Message);
        }
        Assert.Null(AnswerTable.Read(path + "x"));
        Directory.Delete(folder, recursive: true);
    }
}
