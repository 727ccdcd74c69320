using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using MmMamba.Cli.Jobs;
using MmMamba.ModelDsl.Rendering;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Ablations;

/// <summary>What an ablation came to, made from the files of its folder alone: records and answers, no weights and no specs.</summary>
sealed class AblationReport
{
    /// <summary>The contrasts, written before anything is run.</summary>
    public const string Stated = "contrasts.md";

    /// <summary>Contrasts that were asked for after the run, where there are some.</summary>
    public const string Further = "further-contrasts.txt";

    /// <summary>What failed, where something did.</summary>
    public const string Failures = "failures.json";

    const string None = "\u2013";

    static readonly (AblationFigure Figure, string Name)[] Contrasted =
        [(AblationFigure.KlClosed, "KL closed, %"), (AblationFigure.Accuracy, "right, %"), (AblationFigure.Agreement, "same token, %")];

    readonly Ablation _ablation;
    readonly AblationFigures _figures;
    readonly JsonNode _asked;
    readonly ILookup<string, Contrast> _further;
    readonly IReadOnlyDictionary<string, string> _failures;

    AblationReport(Ablation ablation, AblationFigures figures, JsonNode asked, ILookup<string, Contrast> further, IReadOnlyDictionary<string, string> failures) =>
        (_ablation, _figures, _asked, _further, _failures) = (ablation, figures, asked, further, failures);

    /// <summary>Reads a run's folder.</summary>
    /// <exception cref="InputException">It is none, or nothing is answered yet.</exception>
    public static AblationReport Of(string folder)
    {
        var record = Path.Combine(folder, RunFolder.Record);
        if (!File.Exists(record)) throw new InputException($"{folder}: holds no {RunFolder.Record}; name the folder of a run of 'mmmamba ablate'.");
        JsonNode? asked;
        Dictionary<string, string>? failures = null;
        try
        {
            asked = JsonNode.Parse(File.ReadAllText(record))?["asked"];
            if (File.Exists(Path.Combine(folder, Failures))) failures = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(Path.Combine(folder, Failures)));
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            throw new InputException($"{record}: can't be read as the record of a run: {e.Message}", e);
        }
        var ablation = Ablation.Parse(asked?["ablation"], record);
        var further = Path.Combine(folder, Further);
        return new(
            ablation, new(ablation, path => AnswerTable.Read(Path.Combine(folder, path))), asked!,
            Contrasts.Further(File.Exists(further) ? File.ReadLines(further) : [], ablation.Families, further), failures ?? []);
    }

    /// <summary>What is going to be tested, before anything is run.</summary>
    public static Document State(Ablation ablation)
    {
        var document = new Document().Title("What is tested").Remark(
            "The primary figure is the share of the answers' KL that is closed, from the linear model before any stage to the teacher. Accuracy and agreement stand beside it.");
        foreach (var family in ablation.Families)
        {
            document.Heading(HeadingOf(family));
            var columns = new Columns("ll").Titled("contrast", "the paper's sign");
            foreach (var contrast in Contrasts.Of(family)) columns.Row(contrast.Name, Paper(Signs(family, contrast)));
            document.Table(columns);
        }
        return document;
    }

    /// <summary>Writes report.md and report.json, and shows the tables.</summary>
    public void Write(string folder, TextWriter output)
    {
        var document = ToDocument();
        AtomicFile.Write(Path.Combine(folder, "report.md"), Encoding.UTF8.GetBytes(DocumentMarkdown.Render(document)));
        AtomicFile.Write(Path.Combine(folder, "report.json"), Encoding.UTF8.GetBytes(AblationJson.Of(_ablation, _figures, _asked, _further).ToJsonString(AblationJson.Readable) + "\n"));
        output.Write(DocumentText.Render(document));
    }

    /// <summary>All tables.</summary>
    public Document ToDocument()
    {
        var seeds = string.Join(", ", _ablation.AllSeeds);
        var document = new Document().Title(string.Join(", ", _ablation.Families.Select(family => family.Name))).Remark(string.Create(CultureInfo.InvariantCulture,
            $"{_asked["data"]?["name"]}; teacher {_ablation.Teacher}; seeds {seeds}; {_figures.Questions} questions in {_figures.Conversations} conversations. [95 % interval] over seeds and conversations."));
        foreach (var family in _ablation.Families)
        {
            document.Heading(HeadingOf(family)).Table(Members(family)).Heading($"{family.Name}: percent right by kind of question").Table(Kinds(family));
            if (family.Reported is { } reported) document.Heading($"{family.Name}: reported in {reported.Source}").Table(Reported(reported));
            document.Heading($"{family.Name}: contrasts, paired by seed and picture").Table(Compared(family, Contrasts.Of(family)));
            if (_further.Contains(family.Name)) document.Heading($"{family.Name}: contrasts that were not stated beforehand").Table(Compared(family, _further[family.Name]));
        }
        foreach (var (what, why) in _failures) document.Line($"failed: {what}: {why}");
        return document;
    }

    static string HeadingOf(AblationFamily family) => family.Summary.Length == 0 ? family.Name : $"{family.Name}: {family.Summary}";

    Columns Members(AblationFamily family)
    {
        var columns = new Columns("lrrrrr").Titled("", "seeds", "KL closed, %", "KL, nats a token", "same token, %", "right, mean over kinds, %");
        foreach (var member in family.Members)
        {
            var kl = _figures.OfMember(member, AblationFigure.Kl);
            columns.Row([
                member.Name, kl?.BySeed.Count == _ablation.Seeds ? $"{_ablation.Seeds}" : $"{kl?.BySeed.Count ?? 0} of {_ablation.Seeds}{(HasFailed(member) ? ", failed" : "")}", Percent(_figures.OfMember(member, AblationFigure.KlClosed)), Nats(kl),
                Percent(_figures.OfMember(member, AblationFigure.Agreement)), Percent(_figures.OfMember(member, AblationFigure.Accuracy), isShare: true),
            ]);
        }
        columns.Row(_ablation.Teacher, None, "100.0", Nats(_figures.OfTeacher(AblationFigure.Kl)), Percent(_figures.OfTeacher(AblationFigure.Agreement)), Percent(_figures.OfTeacher(AblationFigure.Accuracy), isShare: true));
        return columns;
    }

    bool HasFailed(AblationMember member) => _ablation.AllSeeds.Any(seed => _failures.ContainsKey(_ablation.AnswersOf(member.Recipe, seed)));

    Columns Kinds(AblationFamily family)
    {
        var columns = new Columns("l" + new string('r', _figures.Kinds.Count)).Titled(["", .. _figures.Kinds.Select(kind => kind.Kind)]);
        columns.Row(["chance", .. _figures.Kinds.Select(kind => Number(100 * kind.Chance))]);
        foreach (var member in family.Members)
            columns.Row([member.Name, .. _figures.Kinds.Select(kind => Percent(_figures.OfMember(member, AblationFigure.Accuracy, name => name == kind.Kind), isShare: true))]);
        return columns.Row([_ablation.Teacher, .. _figures.Kinds.Select(kind => Percent(_figures.OfTeacher(AblationFigure.Accuracy, name => name == kind.Kind), isShare: true))]);
    }

    static Columns Reported(AblationReported reported)
    {
        var columns = new Columns("l" + new string('r', reported.Metrics.Count)).Titled(["", .. reported.Metrics]);
        foreach (var (name, figures) in reported.Rows) columns.Row([name, .. figures.Select(figure => figure?.ToString(CultureInfo.InvariantCulture) ?? None)]);
        return columns;
    }

    Columns Compared(AblationFamily family, IEnumerable<Contrast> contrasts)
    {
        var columns = new Columns("llrrll").Titled("contrast", "figure", "difference", "seeds", "", "the paper");
        foreach (var contrast in contrasts)
            foreach (var (figure, name) in Contrasted)
            {
                if (contrast.Gain && !_figures.HasBothGroups) continue;
                var isFirst = figure == AblationFigure.KlClosed;
                var (estimate, signs) = (_figures.Of(family, contrast, figure), Signs(family, contrast));
                columns.Row(
                    isFirst ? contrast.Name : "", name, estimate is null ? None : Percent(estimate, signed: true), $"{estimate?.BySeed.Count ?? 0}",
                    Verdict(estimate) + (isFirst ? Beside(estimate, signs) : ""), isFirst ? Paper(signs) : "");
            }
        return columns;
    }

    /// <summary>What an estimate says about the sign.</summary>
    public static string Verdict(SeededEstimate? estimate) => estimate switch
    {
        null => "not run",
        { BySeed.Count: 1 } => "inconclusive: one seed",
        { Interval: null } => "inconclusive: too few questions",
        { Interval: { } interval } when interval.Holds(0) => "inconclusive",
        { Value: > 0 } => "above 0",
        _ => "below 0",
    };

    /// <summary>The sign of a contrast in each of a paper's metrics, by the same weights over the paper's rows; none where the paper has no such rows.</summary>
    static IReadOnlyList<(string Metric, int Sign)> Signs(AblationFamily family, Contrast contrast) => family.Reported is not { } reported || contrast.Gain ? [] :
    [
        .. from metric in reported.Metrics.Index()
           let value = contrast.Of(member => reported.Rows.TryGetValue(member, out var row) ? row[metric.Index] : null)
           where value is not null
           select (metric.Item, Math.Sign(value.Value)),
    ];

    static string Paper(IReadOnlyList<(string Metric, int Sign)> signs)
    {
        return signs.Count == 0 ? None
            : signs.DistinctBy(metric => metric.Sign).Count() == 1 ? $"{Mark(signs[0].Sign)} in all {signs.Count}"
            : string.Join(", ", signs.Select(metric => $"{metric.Metric} {Mark(metric.Sign)}"));

        static string Mark(int sign) => sign switch { > 0 => "+", < 0 => "-", _ => "0" };
    }

    // Only where both have one sign.
    static string Beside(SeededEstimate? estimate, IReadOnlyList<(string Metric, int Sign)> signs) =>
        estimate?.Interval is not { } interval || interval.Holds(0) || signs.Count == 0 || signs.Any(metric => metric.Sign != signs[0].Sign) ? ""
        : Math.Sign(estimate.Value) == signs[0].Sign ? ", as in the paper" : ", unlike the paper";

    static string Percent(SeededEstimate? estimate, bool signed = false, bool isShare = false)
    {
        if (estimate is null) return None;
        if (estimate.Interval is not { } ends) return Number(100 * estimate.Value, signed);
        // A share's interval ends where shares do.
        var (low, high) = isShare ? (Math.Clamp(ends.Low, 0, 1), Math.Clamp(ends.High, 0, 1)) : (ends.Low, ends.High);
        return $"{Number(100 * estimate.Value, signed)} [{Number(100 * low, signed)}, {Number(100 * high, signed)}]";
    }

    static string Nats(SeededEstimate? estimate) => estimate is null ? None
        : estimate.Interval is { } ends ? string.Create(CultureInfo.InvariantCulture, $"{estimate.Value:0.0000} [{ends.Low:0.0000}, {ends.High:0.0000}]")
        : estimate.Value.ToString("0.0000", CultureInfo.InvariantCulture);

    static string Number(double value, bool signed = false) => value.ToString(signed ? "+0.00;-0.00;0.00" : "0.0", CultureInfo.InvariantCulture);
}
