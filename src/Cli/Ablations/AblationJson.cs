using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Ablations;

/// <summary>The report of an ablation for other programs.</summary>
static class AblationJson
{
    public static JsonSerializerOptions Readable { get; } = new() { WriteIndented = true, NewLine = "\n", Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static JsonObject Of(Ablation ablation, AblationFigures figures, JsonNode asked, ILookup<string, Contrast> further) => new()
    {
        ["data"] = asked["data"]?.DeepClone(),
        ["conversations"] = figures.Conversations,
        ["questions"] = figures.Questions,
        ["seeds"] = List(ablation.AllSeeds, seed => JsonValue.Create(seed)),
        ["level"] = 0.95,
        ["kinds"] = List(figures.Kinds, kind => new JsonObject { ["kind"] = kind.Kind, ["chance"] = kind.Chance }),
        ["teacher"] = new JsonObject
        {
            ["name"] = ablation.Teacher,
            ["figures"] = All(figures, (figure, kinds) => figures.OfTeacher(figure, kinds)),
        },
        ["families"] = List(ablation.Families, family => new JsonObject
        {
            ["name"] = family.Name,
            ["members"] = List(family.Members, member => new JsonObject
            {
                ["name"] = member.Name,
                ["values"] = List(member.Values, value => JsonValue.Create(value)),
                ["recipe"] = member.Recipe,
                ["figures"] = All(figures, (figure, kinds) => figures.OfMember(member, figure, kinds)),
            }),
            ["contrasts"] = new JsonArray([
                .. Contrasts.Of(family).Select(contrast => Compared(figures, family, contrast, isStated: true)),
                .. further[family.Name].Select(contrast => Compared(figures, family, contrast, isStated: false)),
            ]),
        }),
    };

    static JsonObject Compared(AblationFigures figures, AblationFamily family, Contrast contrast, bool isStated) => new()
    {
        ["name"] = contrast.Name,
        ["stated_beforehand"] = isStated,
        ["terms"] = List(contrast.Terms, term => List(term, member => new JsonObject { ["member"] = member.Member, ["weight"] = member.Weight })),
        ["figures"] = List(
            Enum.GetValues<AblationFigure>().Select(figure => (Figure: figure, Estimate: figures.Of(family, contrast, figure))).Where(one => one.Estimate is not null),
            one => Estimate(one.Figure, "", one.Estimate!, AblationReport.Verdict(one.Estimate))),
    };

    static JsonArray All(AblationFigures figures, Func<AblationFigure, Func<string, bool>?, SeededEstimate?> of) => List(
        from kind in (string[])["", .. figures.Kinds.Select(kind => kind.Kind)]
        from figure in Enum.GetValues<AblationFigure>()
        let estimate = of(figure, kind.Length == 0 ? null : name => name == kind)
        where estimate is not null
        select (Figure: figure, Kind: kind, Estimate: estimate), one => Estimate(one.Figure, one.Kind, one.Estimate, null));

    static JsonObject Estimate(AblationFigure figure, string kind, SeededEstimate estimate, string? verdict)
    {
        var json = new JsonObject { ["name"] = PlanWordOf(figure), ["kind"] = kind, ["value"] = Number(estimate.Value), ["by_seed"] = List(estimate.BySeed, Number) };
        if (estimate.Interval is { } interval) (json["low"], json["high"]) = (interval.Low, interval.High);
        if (verdict is not null) json["verdict"] = verdict;
        return json;
    }

    static string PlanWordOf(AblationFigure figure) => JsonNamingPolicy.SnakeCaseLower.ConvertName(figure.ToString());

    static JsonNode? Number(double value) => double.IsFinite(value) ? JsonValue.Create(value) : null;

    static JsonArray List<T>(IEnumerable<T> items, Func<T, JsonNode?> of) => [.. items.Select(of)];
}
