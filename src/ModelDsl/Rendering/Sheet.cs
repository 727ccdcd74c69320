using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;
using static MmMamba.ModelDsl.Rendering.Figures;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>The architecture sheet: a resolved model for reviews and snapshots, the same on every machine.</summary>
public static class Sheet
{
    const int StripWidth = 96;

    /// <summary>Strip, sizes, memory, transfer, stages, tensors and identity of a model as text; lines end in <c>\n</c>.</summary>
    public static string Render(ResolvedModel model) => DocumentText.Render(Of(model));

    /// <summary>The same in GitHub's Markdown, for a pull request.</summary>
    public static string Markdown(ResolvedModel model) => DocumentMarkdown.Render(Of(model));

    /// <summary>The sheet's content.</summary>
    /// <param name="places">Whether it says which file and line placed the layers: a snapshot leaves them out, so that a comment moves nothing.</param>
    internal static Document Of(ResolvedModel model, bool places = true)
    {
        var sheet = new Document();
        Title(sheet, model);
        Strip(sheet, model);
        Towers(sheet, model, places);
        Inputs(sheet, model);
        Parameters(sheet, model);
        SheetCosts.AddTo(sheet, model);
        if (model.Teacher is not null) Transferred(sheet, model);
        if (model.Distillation is { } recipe) Stages(sheet, recipe);
        Tensors(sheet, model);
        Identity(sheet, model);
        return sheet;
    }

    static void Title(Document sheet, ResolvedModel model)
    {
        var title = model.Name;
        if (model.Extends is not null) title += $"  extends {model.Extends}";
        if (model.Teacher is not null) title += $"  teacher {model.Teacher}";
        sheet.Title($"{title}  ({model.File})");
        if (model.Summary.Length > 0) sheet.Remark(model.Summary);
    }

    static void Strip(Document sheet, ResolvedModel model)
    {
        sheet.Heading($"layers {model.Layers.Count}: "
            + string.Join(", ", MixerKinds.Counted(model.Layers).Select(mixers => $"{mixers.Count} {mixers.Kind.Word} ({mixers.Kind.Mark})")));
        var columns = new Columns("lrl");
        foreach (var tower in model.Towers)
        {
            var strip = string.Concat(Layers(model, tower).Select(layer => layer.Mixer.Kind.Mark));
            for (var at = 0; at < strip.Length; at += StripWidth)
            {
                var part = strip.Substring(at, Math.Min(StripWidth, strip.Length - at));
                columns.Row(at == 0 ? tower.Name : "", Indices([.. Enumerable.Range(tower.First + at, part.Length)]), part);
            }
        }
        sheet.Strip(columns);
    }

    static void Towers(Document sheet, ResolvedModel model, bool places)
    {
        foreach (var tower in model.Towers)
        {
            sheet.Heading($"{tower.Name} {Count(tower.Layers)} layers");
            var runs = Layers(model, tower).GroupBy(layer => (layer.Mixer, layer.NormEps, layer.MlpHidden, Source: places ? layer.Source : ""));
            foreach (var alike in runs.OrderBy(run => MixerKinds.Order(run.Key.Mixer.Kind)))
            {
                var (mixer, normEps, mlp, source) = alike.Key;
                sheet.Line($"{alike.Count()} x {Text(mixer)}; swiglu {mlp}, norm eps {CanonicalNumber.Of(normEps)}");
                sheet.Line($"layers {Indices([.. alike.Select(layer => layer.Index)])}" + (places ? $", placed by {source}" : ""), depth: 1);
            }
        }
    }

    static string Text(ResolvedMixer mixer) =>
        FormattableString.Invariant($"{mixer.Kind.Word}, {mixer.Heads} heads of {mixer.HeadDim}, {mixer.KvHeads} kv heads, {mixer.Text}");

    static void Inputs(Document sheet, ResolvedModel model)
    {
        var (tokens, vision) = (model.Tokens, model.Vision);
        sheet.Heading(FormattableString.Invariant($"hidden {model.Hidden}"));
        var system = tokens.System is null ? "the template's own system message"
            : tokens.System.Length == 0 ? "no system turn"
            : $"system message {JsonText.String(tokens.System)}";
        sheet.Table(new Columns("ll")
            .Row("text", FormattableString.Invariant($"vocab {tokens.Vocab}, image token {tokens.Image}, template {tokens.Template}, {system}"))
            .Row("vision", FormattableString.Invariant($"tiles of {vision.Image} px, at most {vision.MaxTiles}, patches of {vision.Patch} px, ")
                + FormattableString.Invariant($"pixel shuffle {CanonicalNumber.Of(vision.PixelShuffle)}, {model.TokensPerTile} tokens a tile, ")
                + $"projector {vision.Projector}, normalize {vision.Normalize}"));
    }

    static void Parameters(Document sheet, ResolvedModel model)
    {
        var census = Census.Of(model);
        sheet.Heading($"parameters {Count(model.ParameterCount)} in {Count(model.Tensors.Count)} tensors");
        var columns = new Columns("lrr");
        void Part(string name, Tally part)
        {
            if (part.Tensors > 0) columns.Row(name, Count(part.Parameters), $"{Count(part.Tensors)} tensors");
        }
        Part("vision", census.Vision);
        Part("embeddings, head", census.Embeddings);
        foreach (var (kind, tally) in census.Mixers) Part(kind.Word, tally);
        Part("mlp", census.Mlp);
        Part("norms", census.Norms);
        sheet.Table(columns);
    }

    static void Transferred(Document sheet, ResolvedModel model)
    {
        var census = Census.Of(model);
        sheet.Heading($"transfer from {model.Teacher}" + (model.Seed is { } seed ? $", seed {Words.Of(seed.Kind)}" : ""));
        var columns = new Columns("lrr");
        void Line(string name, Tally tally) => columns.Row(name, $"{Count(tally.Tensors)} tensors", Count(tally.Parameters));
        Line("copied", census.Copied);
        Line("sliced", census.Sliced);
        Line("drawn", census.Drawn);
        columns.Row("dropped", $"{Count(model.DroppedFromTeacher.Count)} tensors");
        sheet.Table(columns);
        foreach (var (name, count) in TensorLine.Collapsed(model.DroppedFromTeacher)) sheet.Line($"{Count(count)} x {name}", depth: 1);
    }

    static void Stages(Document sheet, ResolvedDistillation recipe)
    {
        sheet.Heading("stages");
        var columns = new Columns("lrrrlrrrl").Titled("", "trained", "of", "share", "loss", "lr", "batch", "steps", "trains");
        foreach (var stage in recipe.Stages)
        {
            var spec = stage.Spec;
            columns.Row(
                Words.Of(spec.Kind), Count(stage.TrainedCount), Count(stage.TotalCount), Percent(stage.Percent),
                LossText.Of(spec) + (spec.PaddingCounts ? ", padding counted" : ""), CanonicalNumber.Of(spec.LearningRate),
                Count(spec.Batch), Count(spec.Steps),
                string.Join(" ", spec.Train.Select(Words.Of)));
        }
        sheet.Table(columns);
        var held = recipe.Stages.Select(stage => $"{Words.Of(stage.Spec.Kind)} {Bytes(stage.OptimizerBytes(sizeof(float)))}");
        var (adamw, schedule) = (recipe.Optimizer, recipe.Schedule);
        sheet.Line($"run {(recipe.Run.Count == 0 ? "none" : string.Join(", ", recipe.Run.Select(Words.Of)))}");
        sheet.Line($"adamw betas {CanonicalNumber.Of(adamw.Beta1)} {CanonicalNumber.Of(adamw.Beta2)}, eps {CanonicalNumber.Of(adamw.Eps)}, "
            + $"weight decay {CanonicalNumber.Of(adamw.WeightDecay)}; clip {CanonicalNumber.Of(recipe.Clip)}; "
            + $"{Words.Of(schedule.Kind)}, warm-up {CanonicalNumber.Of(100 * schedule.Warmup)} %"
            + (schedule.Kind == ScheduleKind.Wsd ? $", decay {CanonicalNumber.Of(100 * schedule.Decay)} %" : ""));
        sheet.Line($"adamw holds, in float32: {string.Join(", ", held)}");
    }

    static void Tensors(Document sheet, ResolvedModel model)
    {
        sheet.Heading("tensors, * for a layer's index in its tower");
        var columns = new Columns("rlrll");
        foreach (var line in TensorLine.Of(model)) columns.Row(Count(line.Count), line.Name, line.Shape, line.Group, line.Origin);
        sheet.Table(columns);
    }

    static void Identity(Document sheet, ResolvedModel model)
    {
        sheet.Heading("fingerprints");
        var columns = new Columns("ll").Row("architecture", model.Fingerprint);
        if (model.Distillation is { } recipe) columns.Row($"every layer {MixerKinds.Converted.Word}", recipe.ConvertedFingerprint).Row("with recipe", ModelIdentity.Of(model).Recipe);
        sheet.Table(columns);
    }

    static IEnumerable<ResolvedLayer> Layers(ResolvedModel model, ResolvedTower tower) => model.Layers.Skip(tower.First).Take(tower.Layers);
}
