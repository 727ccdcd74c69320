using System.Globalization;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.Generators.Emit;

/// <summary>The plan as a literal: kinds of layers, towers as strips of them, and what is not in a layer line by line.</summary>
static class PlanEmitter
{
    public static void Emit(CodeWriter w, ResolvedModel model)
    {
        w.Write("/// <summary>What the engine runs.</summary>");
        w.Write("public static new ModelPlan Plan { get; } = CreatePlan();");
        w.Space();
        using (w.Block("static ModelPlan CreatePlan()"))
        {
            w.Write("// Layers as they recur; * stands for a layer's place in the checkpoint.");
            var (kinds, strips) = LayerKinds.Of(model.Towers, model.Layers, model.Tensors);
            foreach (var kind in kinds) EmitKind(w, kind, "var");
            w.Space();
            foreach (var strip in strips) EmitStrip(w, strip);
            w.Space();
            using (w.Block("return new()", close: "};"))
            {
                w.Write($"""
                    Name = {Literal.Of(model.Name)},
                    Summary = {Literal.Of(model.Summary)},
                    Teacher = {Literal.Of(model.Teacher)},
                    Fingerprint = {Literal.Of(model.Fingerprint)},
                    Tokens = {Tokens(model.Tokens, "VocabSize")},
                    Vision = {Vision(model.Vision)},
                    HiddenSize = HiddenSize,
                    Checkpoint = {Literal.Of(model.Checkpoint)},
                    Layers = {Spread(strips, "Layers")},
                    """);
                EmitTensors(w, model.Tensors, strips);
                if (model.DroppedFromTeacher.Count > 0) EmitStrings(w, "DroppedFromTeacher", model.DroppedFromTeacher);
                w.Write("ParameterCount = ParameterCount,");
                if (model.Distillation is not null) w.Write("Distillation = CreateDistillationPlan(),");
            }
        }
        if (model.Distillation is { } distillation)
        {
            w.Space();
            EmitDistillation(w, model, distillation);
        }
    }

    static void EmitDistillation(CodeWriter w, ResolvedModel model, ResolvedDistillation distillation)
    {
        using (w.Block("static DistillationPlan CreateDistillationPlan()"))
        {
            w.Write("// Stages 1 and 2 train this form, in which every layer is converted.");
            var (kinds, strips) = LayerKinds.Of(model.Towers, distillation.ConvertedLayers, distillation.ConvertedTensors);
            foreach (var kind in kinds) EmitKind(w, kind, "var");
            w.Space();
            foreach (var strip in strips) EmitStrip(w, strip);
            w.Space();
            using (w.Block("return new()", close: "};"))
            {
                w.Write($"""
                    ConvertedFingerprint = {Literal.Of(distillation.ConvertedFingerprint)},
                    ConvertedLayers = {Spread(strips, "Layers")},
                    ConvertedTensors = {Spread(strips, "Tensors")},
                    Optimizer = {Optimizer(distillation.Optimizer)},
                    Clip = {Literal.Of(distillation.Clip)},
                    Schedule = {Schedule(distillation.Schedule)},
                    """);
                using (w.Indented("Stages = [", "],"))
                    foreach (var stage in distillation.Stages)
                        EmitStage(w, stage, $"Distillation.{stage.Spec.Kind}.TrainedCount, Distillation.{stage.Spec.Kind}.TotalCount");
                w.Write($"Run = {Literal.List(distillation.Run, Literal.Of)},");
            }
        }
    }

    /// <param name="counts">The stage's counts as they are written there.</param>
    public static void EmitStage(CodeWriter w, ResolvedStage stage, string counts)
    {
        var spec = stage.Spec;
        w.Write($"""
            new({Literal.Of(spec.Kind)},
                Train: {Groups(spec.Train)},
                {Literal.Of(spec.Loss)}, LossValue: {Literal.Of(spec.LossValue)}, LearningRate: {Literal.Of(spec.LearningRate)}, Batch: {Literal.Of(spec.Batch)}, Steps: {Literal.Of(spec.Steps)},
                {counts}){Switches(spec)},
            """);
    }

    static string Switches(StageSpec spec)
    {
        string[] set =
        [
            .. spec.PerToken ? ["PerToken = true"] : Array.Empty<string>(),
            .. spec.PromptWeight != 1 ? [$"PromptWeight = {Literal.Of(spec.PromptWeight)}"] : Array.Empty<string>(),
            .. spec.PaddingCounts ? ["PaddingCounts = true"] : Array.Empty<string>(),
        ];
        return set.Length == 0 ? "" : $" {{ {string.Join(", ", set)} }}";
    }

    /// <param name="declaration">What the variable is declared with.</param>
    public static void EmitKind(CodeWriter w, LayerKind kind, string declaration)
    {
        var content = kind.Content;
        w.Write($"""
            {declaration} {kind.Variable} = new LayerKind({Literal.Of(kind.Mark)},
                {Mixer(content.Mixer)},
                NormEps: {Literal.Of(content.NormEps)}, MlpHidden: {Literal.Of(content.MlpHidden)}, Source: {Literal.Of(content.Source)},
            """);
        using (w.Indented("    Tensors: [", "    ]);"))
            foreach (var tensor in content.Tensors) w.Write($"    new({Row(tensor)}),");
    }

    /// <param name="prefix">What the variable's name begins with.</param>
    public static void EmitStrip(CodeWriter w, TowerStrip strip, string prefix = "") => w.Write(
        $"var {Variable(strip, prefix)} = new TowerRun({Literal.Of(strip.Tower.Name)}, {Literal.Of(strip.Place)}, first: {Literal.Of(strip.Tower.First)}, "
        + $"{Literal.Of(strip.Strip)}, {string.Join(", ", strip.Kinds.Select(kind => kind.Variable))});");

    public static void EmitTensors(CodeWriter w, EquatableArray<ResolvedTensor> tensors, EquatableArray<TowerStrip> strips)
    {
        using (w.Indented("Tensors = [", "],"))
        {
            var written = -1;
            foreach (var tensor in tensors)
            {
                if (tensor.Layer < 0)
                {
                    w.Write($"TensorRow.Outside({Row(tensor)}),");
                    continue;
                }
                if (tensor.Layer <= written) continue;
                var strip = strips.First(strip => tensor.Layer >= strip.Tower.First && tensor.Layer < strip.Tower.First + strip.Tower.Layers);
                w.Write($".. {Variable(strip)}.Tensors,");
                written = strip.Tower.First + strip.Tower.Layers - 1;
            }
        }
    }

    public static void EmitStrings(CodeWriter w, string property, EquatableArray<string> items)
    {
        using (w.Indented($"{property} = [", "],"))
            foreach (var item in items) w.Write($"{Literal.Of(item)},");
    }

    // A tensor that is the teacher's of the same name needs no further word.
    static string Row(ResolvedTensor tensor) =>
        $"{Literal.Of(tensor.Name)}, {Shape(tensor.Shape)}, {Literal.Of(tensor.Group)}"
        + (tensor.Origin is Copied copied && copied.From == tensor.Name ? "" : $", {Origin(tensor.Origin)}");

    static string Shape(EquatableArray<long> shape) => $"[{string.Join(", ", shape.Select(extent => extent.ToString(CultureInfo.InvariantCulture)))}]";

    static string Origin(TensorOrigin origin) => origin switch
    {
        Copied copied => $"new Copied({Literal.Of(copied.From)})",
        Sliced sliced => $"new Sliced({Literal.Of(sliced.From)}, First: {Literal.Of(sliced.First)}, Rows: {Literal.Of(sliced.Rows)}, Stride: {Literal.Of(sliced.Stride)})",
        Drawn drawn => $"new Drawn({Literal.Of(drawn.Draw)}, {Literal.Of(drawn.A)}, {Literal.Of(drawn.B)})",
        _ => throw new InvalidOperationException($"No literal for {origin.GetType().Name}."),
    };

    static string Mixer(ResolvedMixer mixer)
    {
        string[] arguments =
        [
            $"Heads: {Literal.Of(mixer.Heads)}", $"KvHeads: {Literal.Of(mixer.KvHeads)}", $"HeadDim: {Literal.Of(mixer.HeadDim)}",
            .. mixer.Settings.Select(setting => $"{Identifier.Pascal(setting.Name)}: {Setting(setting.Value)}"),
        ];
        return $"new {mixer.Kind.PlanType}({Lines(arguments, perLine: 7)})";
    }

    public static string Optimizer(AdamWSpec optimizer) =>
        $"new(Beta1: {Literal.Of(optimizer.Beta1)}, Beta2: {Literal.Of(optimizer.Beta2)}, Eps: {Literal.Of(optimizer.Eps)}, WeightDecay: {Literal.Of(optimizer.WeightDecay)})";

    public static string Schedule(ScheduleSpec schedule) =>
        $"new({Literal.Of(schedule.Kind)}, Warmup: {Literal.Of(schedule.Warmup)}, Decay: {Literal.Of(schedule.Decay)})";

    static string Setting(object? value) => value switch
    {
        null => "null",
        bool on => Literal.Of(on),
        int whole => Literal.Of(whole),
        decimal number => Literal.Of(number),
        _ => throw new InvalidOperationException($"No literal for {value.GetType().Name}."),
    };

    static string Groups(EquatableArray<TensorGroup> groups) => $"[{Lines(groups.Select(group => Literal.Of(group)), perLine: 5)}]";

    static string Lines(IEnumerable<string> items, int perLine)
    {
        var lines = items.Select((item, i) => (item, Line: i / perLine)).GroupBy(one => one.Line, one => one.item);
        return string.Join(",\n        ", lines.Select(line => string.Join(", ", line)));
    }

    /// <param name="vocab">The size of the vocabulary as it is written there.</param>
    public static string Tokens(TokensSpec tokens, string vocab) =>
        $"new(Vocab: {vocab}, Image: {Literal.Of(tokens.Image)}, Template: {Literal.Of(tokens.Template)}, System: {Literal.Of(tokens.System)})";

    public static string Vision(VisionSpec vision) =>
        $"new(Image: {Literal.Of(vision.Image)}, Patch: {Literal.Of(vision.Patch)}, MaxTiles: {Literal.Of(vision.MaxTiles)}, "
        + $"PixelShuffle: {Literal.Of(vision.PixelShuffle)},\n    Projector: {Literal.Of(vision.Projector)}, Normalize: {Literal.Of(vision.Normalize)})";

    public static string Variable(TowerStrip strip, string prefix = "") =>
        (prefix == "" ? Identifier.Camel(strip.Tower.Name) : prefix + Identifier.Pascal(strip.Tower.Name)) + "Tower";

    public static string Spread(EquatableArray<TowerStrip> strips, string property, string prefix = "") =>
        $"[{string.Join(", ", strips.Select(strip => $".. {Variable(strip, prefix)}.{property}"))}]";
}
