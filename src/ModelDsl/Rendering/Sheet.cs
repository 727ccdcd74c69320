using System.Text;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;
using static MmMamba.ModelDsl.Rendering.Figures;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>The architecture sheet: a resolved model as text for reviews and snapshots, the same on every machine.</summary>
public static class Sheet
{
    const int StripWidth = 96;

    /// <summary>Strip, sizes, memory, transfer, stages, tensors and identity of a model; lines end in <c>\n</c>.</summary>
    public static string Render(ResolvedModel model)
    {
        var text = new StringBuilder();
        Title(text, model);
        Strip(text, model);
        Towers(text, model);
        Inputs(text, model);
        Parameters(text, model);
        Memory(text, Costs.Of(model));
        if (model.Teacher is not null) Transferred(text, model);
        if (model.Distillation is { } recipe) Stages(text, recipe);
        Tensors(text, model);
        Identity(text, model);
        return text.ToString();
    }

    static void Title(StringBuilder text, ResolvedModel model)
    {
        text.Append(model.Name);
        if (model.Extends is not null) text.Append($"  extends {model.Extends}");
        if (model.Teacher is not null) text.Append($"  teacher {model.Teacher}");
        text.Append($"  ({model.File})\n");
        if (model.Summary.Length > 0) text.Append(OneLine(model.Summary)).Append('\n');
    }

    static void Strip(StringBuilder text, ResolvedModel model)
    {
        var attention = model.Layers.Count(layer => layer.Mixer is ResolvedAttention);
        Heading(text, $"layers {model.Layers.Count}: {attention} attention (A), {model.Layers.Count - attention} mamba2 (.)");
        var columns = new Columns("lrl");
        foreach (var tower in model.Towers)
        {
            var strip = string.Concat(Layers(model, tower).Select(layer => layer.Mixer is ResolvedAttention ? 'A' : '.'));
            for (var at = 0; at < strip.Length; at += StripWidth)
            {
                var part = strip.Substring(at, Math.Min(StripWidth, strip.Length - at));
                columns.Row(at == 0 ? tower.Name : "", Indices([.. Enumerable.Range(tower.First + at, part.Length)]), part);
            }
        }
        columns.AppendTo(text);
    }

    static void Towers(StringBuilder text, ResolvedModel model)
    {
        foreach (var tower in model.Towers)
        {
            Heading(text, $"{tower.Name} {Count(tower.Layers)} layers");
            var runs = Layers(model, tower).GroupBy(layer => (layer.Mixer, layer.NormEps, layer.MlpHidden, layer.Source));
            foreach (var alike in runs.OrderBy(run => run.Key.Mixer is ResolvedAttention ? 0 : 1))
            {
                var (mixer, normEps, mlp, source) = alike.Key;
                text.Append($"  {alike.Count()} x {Text(mixer)}; swiglu {mlp}, norm eps {CanonicalNumber.Of(normEps)}\n");
                Wrapped(text, $"    layers {Indices([.. alike.Select(layer => layer.Index)])}, placed by {source}");
            }
        }
    }

    static string Text(ResolvedMixer mixer)
    {
        var heads = FormattableString.Invariant($"{mixer.Heads} heads of {mixer.HeadDim}, {mixer.KvHeads} kv heads");
        return mixer switch
        {
            ResolvedAttention a => $"attention, {heads}, rope theta {CanonicalNumber.Of(a.RopeTheta)}, " + (a.DynamicFactor is { } factor
                ? FormattableString.Invariant($"dynamic {CanonicalNumber.Of(factor)} past {a.MaxPositions}")
                : "plain"),
            ResolvedMamba2 m => $"mamba2, {heads}, " + (m.Conv > 0 ? FormattableString.Invariant($"conv {m.Conv}") : "no conv")
                + FormattableString.Invariant($", chunk {m.Chunk}")
                + Switch(m.Gate, "gate") + Switch(m.GateNorm, "gate_norm") + Switch(m.Decay, "decay")
                + (m.Skip ? ", skip" : "") + (m.QkNorm ? ", qk_norm" : ""),
            _ => throw new ArgumentOutOfRangeException(nameof(mixer), mixer, "A mixer is attention or Mamba-2."),
        };
    }

    static string Switch(bool on, string name) => on ? ", " + name : ", no " + name;

    static void Inputs(StringBuilder text, ResolvedModel model)
    {
        var (tokens, vision) = (model.Tokens, model.Vision);
        Heading(text, FormattableString.Invariant($"hidden {model.Hidden}"));
        var system = tokens.System is null ? "the template's own system message"
            : tokens.System.Length == 0 ? "no system turn"
            : $"system message {JsonText.String(tokens.System)}";
        text.Append(FormattableString.Invariant($"  text    vocab {tokens.Vocab}, image token {tokens.Image}, template {tokens.Template}, {system}\n"));
        text.Append(FormattableString.Invariant($"  vision  tiles of {vision.Image} px, at most {vision.MaxTiles}, patches of {vision.Patch} px, "));
        text.Append(FormattableString.Invariant($"pixel shuffle {CanonicalNumber.Of(vision.PixelShuffle)}, {model.TokensPerTile} tokens a tile, "));
        text.Append($"projector {vision.Projector}, normalize {vision.Normalize}\n");
    }

    static void Parameters(StringBuilder text, ResolvedModel model)
    {
        var census = Census.Of(model);
        Heading(text, $"parameters {Count(model.ParameterCount)} in {Count(model.Tensors.Count)} tensors");
        var columns = new Columns("lrr");
        void Part(string name, Tally part)
        {
            if (part.Tensors > 0) columns.Row(name, Count(part.Parameters), $"{Count(part.Tensors)} tensors");
        }
        Part("vision", census.Vision);
        Part("embeddings, head", census.Embeddings);
        Part("attention", census.Attention);
        Part("mamba2", census.Mamba2);
        Part("mlp", census.Mlp);
        Part("norms", census.Norms);
        columns.AppendTo(text);
    }

    static void Memory(StringBuilder text, Costs costs)
    {
        const int bfloat16 = 2, float32 = 4;
        Heading(text, "memory of the weights, and of one sequence");
        var columns = new Columns("lrrrr").Row("", "bfloat16", "", "float32", "");
        void Line(string name, Func<int, long> bytes) =>
            columns.Row(name, Count(bytes(bfloat16)), Bytes(bytes(bfloat16)), Count(bytes(float32)), Bytes(bytes(float32)));
        Line("weights", costs.WeightBytes);
        Line("mamba2 state, any length", costs.StateBytes);
        foreach (var tokens in Costs.Lengths)
        {
            Line($"kv cache, {Count(tokens)} tokens", bytes => costs.KvBytes(tokens, bytes));
            Line($"state and kv cache, {Count(tokens)} tokens", bytes => costs.CacheBytes(tokens, bytes));
        }
        columns.AppendTo(text);
    }

    static void Transferred(StringBuilder text, ResolvedModel model)
    {
        var census = Census.Of(model);
        Heading(text, $"transfer from {model.Teacher}" + (model.Seed is { } seed ? $", seed {Words.Of(seed.Kind)}" : ""));
        var columns = new Columns("lrr");
        void Line(string name, Tally tally) => columns.Row(name, $"{Count(tally.Tensors)} tensors", Count(tally.Parameters));
        Line("copied", census.Copied);
        Line("sliced", census.Sliced);
        Line("drawn", census.Drawn);
        columns.Row("dropped", $"{Count(model.DroppedFromTeacher.Count)} tensors");
        columns.AppendTo(text);
        foreach (var (name, count) in TensorLine.Collapsed(model.DroppedFromTeacher)) text.Append($"    {Count(count)} x {name}\n");
    }

    static void Stages(StringBuilder text, ResolvedDistillation recipe)
    {
        Heading(text, "stages");
        var columns = new Columns("lrrrlrrrl").Row("", "trained", "of", "share", "loss", "lr", "batch", "steps", "trains");
        foreach (var stage in recipe.Stages)
        {
            var spec = stage.Spec;
            columns.Row(
                Words.Of(spec.Kind), Count(stage.TrainedCount), Count(stage.TotalCount), Percent(stage.Percent),
                $"{Words.Of(spec.Loss)} {CanonicalNumber.Of(spec.LossValue)}", CanonicalNumber.Of(spec.LearningRate),
                Count(spec.Batch), Count(spec.Steps),
                string.Join(" ", spec.Train.Select(Words.Of)));
        }
        columns.AppendTo(text);
        var (adamw, schedule) = (recipe.Optimizer, recipe.Schedule);
        text.Append($"  run {(recipe.Run.Count == 0 ? "none" : string.Join(", ", recipe.Run.Select(Words.Of)))}\n");
        text.Append($"  adamw betas {CanonicalNumber.Of(adamw.Beta1)} {CanonicalNumber.Of(adamw.Beta2)}, eps {CanonicalNumber.Of(adamw.Eps)}, ");
        text.Append($"weight decay {CanonicalNumber.Of(adamw.WeightDecay)}; clip {CanonicalNumber.Of(recipe.Clip)}; ");
        text.Append($"{Words.Of(schedule.Kind)}, warm-up {CanonicalNumber.Of(100 * schedule.Warmup)} %");
        if (schedule.Kind == ScheduleKind.Wsd) text.Append($", decay {CanonicalNumber.Of(100 * schedule.Decay)} %");
        text.Append('\n');
    }

    static void Tensors(StringBuilder text, ResolvedModel model)
    {
        Heading(text, "tensors, * for a layer's index in its tower");
        var columns = new Columns("rlrll");
        foreach (var line in TensorLine.Of(model)) columns.Row(Count(line.Count), line.Name, line.Shape, line.Group, line.Origin);
        columns.AppendTo(text);
    }

    static void Identity(StringBuilder text, ResolvedModel model)
    {
        Heading(text, "fingerprints");
        var columns = new Columns("ll").Row("architecture", model.Fingerprint);
        if (model.Distillation is { } recipe) columns.Row("every layer mamba2", recipe.ConvertedFingerprint);
        columns.AppendTo(text);
    }

    // Breaks at commas, so that a list of a hundred layers stays readable.
    static void Wrapped(StringBuilder text, string line)
    {
        const string indent = "      ";
        while (line.Length > StripWidth && line.LastIndexOf(", ", StripWidth, StringComparison.Ordinal) is var comma and > 0)
        {
            text.Append(line, 0, comma + 1).Append('\n');
            line = indent + line.Substring(comma + 2);
        }
        text.Append(line).Append('\n');
    }

    static void Heading(StringBuilder text, string heading) => text.Append('\n').Append(heading).Append('\n');

    static IEnumerable<ResolvedLayer> Layers(ResolvedModel model, ResolvedTower tower) => model.Layers.Skip(tower.First).Take(tower.Layers);

    // A summary is anyone's text: its line breaks and control characters become spaces.
    static string OneLine(string text) => string.Concat(text.Select(letter => char.IsControl(letter) ? ' ' : letter));
}
