using System.Text;
using System.Text.Json;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;

namespace MmMamba.Runtime.Distillation;

/// <summary>The fully converted form that mixers belong to, as the text that an artefact carries: by it a misfit is explained.</summary>
static class ConvertedForm
{
    public const string MetadataKey = "mmmamba.converted_form";

    /// <summary>The form of a student: what the converted fingerprint is of.</summary>
    public static string Of(ModelPlan student)
    {
        // Where a spec placed a mixer is not what it is.
        var recipe = student.RecipeOf();
        var layers = recipe.ConvertedLayers.Select(layer => layer with { Source = "" }).ToPlanList();
        using var plan = JsonDocument.Parse(PlanJson.Write(student with { Distillation = recipe with { ConvertedLayers = layers } }));
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            foreach (var key in (string[])["hidden_size", "tokens", "vision"])
            {
                json.WritePropertyName(key);
                plan.RootElement.GetProperty(key).WriteTo(json);
            }
            json.WritePropertyName("layers");
            plan.RootElement.GetProperty("distillation").GetProperty("converted_layers").WriteTo(json);
            json.WriteEndObject();
        }

        return Encoding.UTF8.GetString(buffer.ToArray());
    }

    /// <summary>Why mixers of a form fit no student of a plan; empty when that cannot be told.</summary>
    /// <param name="kept">The form of the mixers, of whatever text a file held.</param>
    /// <param name="student">The student.</param>
    public static string Difference(string? kept, ModelPlan student)
    {
        try
        {
            return kept is null || JsonDifference.Of(kept, Of(student)) is not { Count: > 0 } found ? "" : $": {Shown.Faults(found, 8)}";
        }
        catch (JsonException)
        {
            return "";
        }
    }
}
