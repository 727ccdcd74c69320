using System.Security.Cryptography;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Jobs;

/// <summary>What a run was asked for, as its folder keeps it: all that decides on its results. Going on with anything else is refused by name.</summary>
/// <param name="asked">The settings by name.</param>
/// <param name="computedBy">What computes: another one may come to other bits.</param>
/// <param name="pictures">What the pictures of a set on disk show; null for data that its digest tells all of.</param>
sealed class RunRecord(JsonObject asked, string computedBy, PictureList? pictures = null)
{
    static readonly JsonSerializerOptions Readable = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>A record of a job on data.</summary>
    /// <param name="job">The job's name.</param>
    /// <param name="plan">The model.</param>
    /// <param name="settings">Data, seed, device.</param>
    /// <param name="more">What else decides.</param>
    public static RunRecord Of(string job, ModelPlan plan, RunSettings settings, params IEnumerable<(string Name, JsonNode? Value)> more)
    {
        var asked = new JsonObject
        {
            ["job"] = job,
            ["seed"] = settings.Seed,
            ["data"] = new JsonObject { ["name"] = settings.Data.Description, ["sha256"] = settings.Data.Digest },
            ["test_conversations"] = settings.TestConversations,
        };
        foreach (var (name, value) in more) asked[name] = value;
        asked["plan"] = JsonNode.Parse(PlanJson.Write(Bare(plan)));
        return new(asked, Compute.Describe(settings.Device), settings.Data.Shown);
    }

    // Where a spec stands and how it is introduced decides on nothing.
    static ModelPlan Bare(ModelPlan plan) => plan with
    {
        Summary = "", Layers = Bare(plan.Layers),
        Distillation = plan.Distillation is { } recipe ? recipe with { ConvertedLayers = Bare(recipe.ConvertedLayers) } : null,
    };

    static PlanList<LayerPlan> Bare(PlanList<LayerPlan> layers) => layers.Select(layer => layer with { Source = "" }).ToPlanList();

    /// <summary>Identity of all that was asked, for a result that lies outside the run's folder.</summary>
    public string Digest => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(asked.ToJsonString())));

    /// <summary>Writes the record into a run's folder; with it the run has begun.</summary>
    public void Write(string folder)
    {
        pictures?.Write(Path.Combine(folder, RunFolder.Pictures));
        AtomicFile.Write(Path.Combine(folder, RunFolder.Record), Encoding.UTF8.GetBytes(
            new JsonObject { ["asked"] = asked.DeepClone(), ["computed_by"] = computedBy }.ToJsonString(Readable) + "\n"));
    }

    /// <summary>Makes sure that the run in a folder was asked for the same; says so where something else computed it.</summary>
    /// <exception cref="InputException">It was not, or its record can't be read.</exception>
    public void RequireSame(string folder, Action<string> tell)
    {
        var path = Path.Combine(folder, RunFolder.Record);
        var kept = Read(path);
        var differences = JsonDifference.Of(kept["asked"]?.ToJsonString() ?? "{}", asked.ToJsonString());
        if (differences.Count > 0)
            throw new InputException($"{path}: the run here was asked for something else: {string.Join("; ", differences.Take(8))}{(differences.Count > 8 ? $"; and {differences.Count - 8} more" : "")}. Ask for the same, or name another output.");
        if (pictures is not null && Path.Combine(folder, RunFolder.Pictures) is var list && File.Exists(list)) pictures.RequireSame(list);
        if (kept["computed_by"]?.ToString() is { } before && before != computedBy)
            tell($"computed so far by {before}, from here on by {computedBy}: it goes on, but not bit for bit");
    }

    /// <summary>What the run of a model in a folder was asked for.</summary>
    /// <exception cref="InputException">There is no such run, or it was of another model.</exception>
    public static JsonNode AskedOf(string folder, ModelPlan plan)
    {
        var path = Path.Combine(folder, RunFolder.Record);
        var asked = Read(path)["asked"];
        if (asked?["plan"] is not { } kept) throw new InputException($"{path}: is no record of a run of 'mmmamba distill' or 'mmmamba train'.");
        var differences = JsonDifference.Of(kept.ToJsonString(), PlanJson.Write(Bare(plan)));
        return differences.Count == 0 ? asked : throw new InputException($"{path}: the run here was of another model than {plan.Name}: {string.Join("; ", differences.Take(3))}.");
    }

    static JsonObject Read(string path)
    {
        try
        {
            return JsonNode.Parse(File.ReadAllText(path))!.AsObject();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or NullReferenceException)
        {
            throw new InputException($"{path}: can't be read as the record of a run: {e.Message}", e);
        }
    }
}
