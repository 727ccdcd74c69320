using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;
using static MmMamba.ModelDsl.Rendering.JsonText;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>What the table of a family says, for programs.</summary>
public static class FamilyJson
{
    /// <summary>The description's text: fixed order of keys, the same bytes on every machine.</summary>
    public static string Render(ResolvedFamily family)
    {
        var json = new JsonText()
            .Field("name", String(family.Name))
            .Field("summary", String(family.Summary))
            .Field("file", String(family.File))
            .Field("of", String(family.Of.Name))
            .Field("control", String(family.Control))
            .Lines("axes", family.Axes.Select(axis => Inline(
                ("name", String(axis.Name)), ("set", String(axis.Set)), ("values", List(axis.Values.Select(String))))))
            .Lines("members", family.Members.Select(member => Inline(
                [("name", String(member.Name)), ("values", List(member.Values.Select(String))), .. Model(member.Model, member.Identity),
                ("stages", List(member.Identity.Stages.Select(String)))])))
            .Lines("references", family.References.Select(reference => Inline([.. Model(reference, ModelIdentity.Of(reference))])))
            .Lines("stage_runs", family.StageRuns.Select(run => Inline(
                ("identity", String(run.Identity)), ("stage", String(Words.Of(run.Kind))), ("after", String(run.After)),
                ("members", List(run.Members.Select(String))))));
        if (family.Reported is not { } reported) return json.Field("reported", "null").ToString();
        return json.Object("reported", fields => fields
            .Field("source", String(reported.Source))
            .Field("metrics", List(reported.Metrics.Select(String)))
            .Lines("rows", reported.Rows.Select(row => Inline(
                ("name", String(row.Name)), ("figures", List(row.Figures.Select(figure => Number(figure)))))))).ToString();
    }

    static IEnumerable<(string, string)> Model(ResolvedModel model, ModelIdentity identity) =>
    [
        ("model", String(model.Name)), ("fingerprint", String(model.Fingerprint)), ("recipe_fingerprint", String(identity.Recipe)),
        ("parameter_count", Number(model.ParameterCount)), ("layer_count", Number(model.Layers.Count)),
        // All that is left is converted.
        .. MixerKinds.All.Where(kind => kind != MixerKinds.Converted).Select(kind =>
            ($"{kind.Word}_layers", List(model.Layers.Where(layer => layer.Mixer.Kind == kind).Select(layer => Number(layer.Index))))),
        ("run", List(model.Distillation?.Run.Select(kind => String(Words.Of(kind))) ?? [])),
    ];
}
