using System.Text;
using System.Text.Json;
using MmMamba.Cli.Jobs;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Reports;

/// <summary>What a checkpoint is, for people and for programs.</summary>
static class InspectionText
{
    public static string Text(Inspection found)
    {
        var text = new StringBuilder();
        void Line(string label, FormattableString value) => text.Append($"{label,-12}").Append(FormattableString.Invariant(value)).Append('\n');
        Line("checkpoint", $"{found.Path}");
        if (found.Plan is { } plan)
        {
            Line("model", $"{plan.Name}, by {found.Told}");
            Line("fingerprint", $"{plan.Fingerprint}{(found.Misfit is null ? ", and the tensors fit" : ", and the tensors don't fit")}");
            Line("layers", $"{plan.Layers.Count}: {string.Join(", ", Kinds(plan).Select(kind => $"{kind.Count} {kind.Kind}"))}");
        }
        else Line("model", $"unknown: {found.Told} which it is");
        Line("layout", $"{Layout(found)}");
        Line("tensors", $"{found.Tensors:#,0}");
        Line("parameters", $"{found.Elements:#,0}");
        foreach (var type in found.Types) Line(type == found.Types[0] ? "types" : "", $"{type.Name}: {type.Tensors:#,0} tensors, {type.Bytes:#,0} bytes");
        foreach (var file in found.Files) Line(file == found.Files[0] ? "files" : "", $"{file.Name}: {file.Tensors:#,0} tensors, {file.Bytes:#,0} bytes");
        if (found.Chain is not { } chain) Line("chain", $"none");
        else
        {
            Line("chain", $"teacher {chain.Teacher.Name} ({chain.Teacher.Fingerprint}), weights {chain.Teacher.Hash}, seed {chain.Seed}");
            foreach (var stage in chain.Stages) Line("", $"{stage.Stage.NameOf()}: {Told(stage)}");
        }
        if (found.Misfit is { } misfit) Line("misfit", $"{misfit}");
        return string.Concat(text.ToString().Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => Printable.Line(line) + "\n"));
    }

    static string Told(StageRecord stage) => stage.Skipped
        ? "skipped"
        : FormattableString.Invariant($"{stage.Steps:#,0} steps of {stage.Batch} at {stage.LearningRate}, loss {stage.FirstLoss:0.####} -> {stage.LastLoss:0.####}, on {stage.Data}, seed {stage.Seed}");

    public static string Json(Inspection found)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, new() { Indented = true, NewLine = "\n" }))
        {
            json.WriteStartObject();
            json.WriteString("path", found.Path);
            json.WriteString("model", found.Plan?.Name);
            json.WriteString("told_by", found.Told);
            json.WriteString("fingerprint", found.Plan?.Fingerprint);
            if (found.Plan is null) json.WriteNull("fits");
            else json.WriteBoolean("fits", found.Misfit is null);
            json.WriteString("misfit", found.Misfit);
            json.WriteString("checkpoint", found.Plan?.Checkpoint);
            json.WriteString("layout", Layout(found));
            json.WriteStartObject("layers");
            if (found.Plan is { } plan)
                foreach (var (kind, count) in Kinds(plan)) json.WriteNumber(kind, count);
            json.WriteEndObject();
            json.WriteNumber("tensor_count", found.Tensors);
            json.WriteNumber("parameter_count", found.Elements);
            json.WriteNumber("bytes", found.Bytes);
            Parts(json, "types", found.Types);
            Parts(json, "files", found.Files);
            json.WritePropertyName("chain");
            if (found.Chain is { } chain) json.WriteRawValue(chain.ToJson());
            else json.WriteNullValue();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.ToArray()) + "\n";
    }

    static void Parts(Utf8JsonWriter json, string name, IReadOnlyList<InspectedPart> parts)
    {
        json.WriteStartArray(name);
        foreach (var part in parts)
        {
            json.WriteStartObject();
            json.WriteString("name", part.Name);
            json.WriteNumber("tensor_count", part.Tensors);
            json.WriteNumber("bytes", part.Bytes);
            json.WriteEndObject();
        }
        json.WriteEndArray();
    }

    static string Layout(Inspection found) => found.Layout.ToString().ToLowerInvariant();

    static IEnumerable<(string Kind, int Count)> Kinds(ModelPlan plan) =>
        plan.Layers.GroupBy(layer => layer.Mixer.Word).Select(kind => (kind.Key, kind.Count()));
}
