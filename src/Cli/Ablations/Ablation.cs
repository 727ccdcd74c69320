using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using MmMamba.Runtime;

namespace MmMamba.Cli.Ablations;

/// <summary>
/// Families that are run together, as the folder of the run keeps them: everything that contrasts and reports are made from, so that neither needs a
/// spec, which may have changed since.
/// </summary>
/// <param name="FirstSeed">The first seed; the others follow it.</param>
/// <param name="Seeds">How many.</param>
/// <param name="Teacher">The teacher's name.</param>
/// <param name="Linear">The linear model whose seeds are the measure of what is closed: its name.</param>
/// <param name="LinearRecipe">Digest of that model as it is seeded: no stage is run.</param>
/// <param name="Families">The families, in the order in which they were named.</param>
sealed record Ablation(ulong FirstSeed, int Seeds, string Teacher, string Linear, string LinearRecipe, IReadOnlyList<AblationFamily> Families)
{
    const int MostSeeds = 1000;

    static readonly JsonSerializerOptions Json = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, RespectNullableAnnotations = true, RespectRequiredConstructorParameters = true,
    };

    /// <summary>The seeds in order.</summary>
    public IEnumerable<ulong> AllSeeds => Enumerable.Range(0, Seeds).Select(number => FirstSeed + (ulong)number);

    /// <summary>Where the answers of the teacher lie in the run's folder.</summary>
    public const string TeacherAnswers = "evaluations/teacher.jsonl";

    /// <summary>Where the answers of a member, or of the seeded linear model, lie: under the first member that is trained in this way.</summary>
    /// <param name="recipe">Digest of the model with its recipe.</param>
    /// <param name="seed">The seed.</param>
    public string AnswersOf(string recipe, ulong seed)
    {
        var named = Families.SelectMany(family => family.Members, (family, member) => (family, member)).FirstOrDefault(one => one.member.Recipe == recipe);
        var name = named.member is null ? $"{Linear}.seeded" : $"{named.family.Name}.{named.member.Name}";
        return string.Create(CultureInfo.InvariantCulture, $"evaluations/{name}-seed{seed}.jsonl");
    }

    /// <summary>As a record of a run keeps it.</summary>
    public JsonNode ToJson() => JsonSerializer.SerializeToNode(this, Json)!;

    /// <summary>Reads what <see cref="ToJson"/> gave.</summary>
    /// <exception cref="InputException">It is something else.</exception>
    public static Ablation Parse(JsonNode? json, string path)
    {
        try
        {
            if (json?.Deserialize<Ablation>(Json) is { Seeds: >= 1 and <= MostSeeds, Families.Count: > 0 } ablation && ablation.Families.All(family => family?.IsWhole == true)) return ablation;
        }
        catch (JsonException)
        {
        }
        throw new InputException($"{path}: is no record of an ablation; name the folder of a run of 'mmmamba ablate'.");
    }
}

/// <summary>A family of an ablation.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Summary">What it asks.</param>
/// <param name="Axes">What is varied; none for variants that are written out.</param>
/// <param name="Members">In the order of the table.</param>
/// <param name="Control">The member that equals the base; null where none is named.</param>
/// <param name="References">Models that are shown beside the members.</param>
/// <param name="Reported">A paper's figures; null where there are none.</param>
sealed record AblationFamily(
    string Name, string Summary, IReadOnlyList<AblationAxis> Axes, IReadOnlyList<AblationMember> Members, string? Control, IReadOnlyList<string> References,
    AblationReported? Reported)
{
    // What names a member or a value names one that is there.
    internal bool IsWhole => Axes.All(axis => axis is not null) && Members.Count > 0 && Members.All(member => member is not null)
        && Members.DistinctBy(member => member.Name).Count() == Members.Count
        && Members.DistinctBy(member => string.Join('\n', member.Values.Prepend(member.Values.Count == 0 ? member.Name : ""))).Count() == Members.Count
        && Members.Count(member => member.Values.Count > 0) is var grid && (grid == 0 || grid == Axes.Aggregate(1, (product, axis) => product * axis.Values.Count))
        && Members.All(member => member.Values.Count == 0 || member.Values.Count == Axes.Count && member.Values.Zip(Axes).All(pair => pair.Second.Values.Contains(pair.First)))
        && (Reported is null || Reported.Rows.Values.All(row => row?.Count == Reported.Metrics.Count));
}

/// <param name="Name">The axis.</param>
/// <param name="Set">The place of the spec that it sets.</param>
/// <param name="Values">Its values, in order.</param>
sealed record AblationAxis(string Name, string Set, IReadOnlyList<string> Values);

/// <summary>A member of a family.</summary>
/// <param name="Name">Its name in the family.</param>
/// <param name="Values">Its value on each axis; none for a variant.</param>
/// <param name="Stages">The stages that it runs, in order.</param>
/// <param name="AttentionLayers">Layers that keep attention.</param>
/// <param name="Recipe">Digest of the model with its recipe.</param>
/// <param name="WithAllStages">The same with every declared stage run: members that share it differ in the stages that they run and in nothing else.</param>
sealed record AblationMember(string Name, IReadOnlyList<string> Values, IReadOnlyList<string> Stages, int AttentionLayers, string Recipe, string WithAllStages);

/// <summary>What a paper reports of members and references.</summary>
/// <param name="Source">Where.</param>
/// <param name="Metrics">The figures' names.</param>
/// <param name="Rows">By member or reference, a figure for each metric; null where the paper has none.</param>
sealed record AblationReported(string Source, IReadOnlyList<string> Metrics, IReadOnlyDictionary<string, IReadOnlyList<double?>> Rows);
