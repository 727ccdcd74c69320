using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.Generators.Emit;

/// <summary>One member's plan as what it changes in another plan.</summary>
/// <param name="from">The model whose plan it is written over.</param>
/// <param name="start">That plan, as code.</param>
/// <param name="placed">The member's towers; null where layers and tensors are the other's.</param>
/// <param name="converted">The same of the form in which every layer is converted.</param>
sealed class MemberPlan(
    ResolvedModel model, ResolvedModel from, string start, EquatableArray<TowerStrip>? placed, EquatableArray<TowerStrip>? converted)
{
    /// <summary>What the variables of converted towers begin with.</summary>
    const string Converted = "converted";

    public void Emit(CodeWriter w, string name)
    {
        using var method = w.Block($"public static ModelPlan {name}()");
        foreach (var strip in placed ?? []) PlanEmitter.EmitStrip(w, strip);
        foreach (var strip in converted ?? []) PlanEmitter.EmitStrip(w, strip, Converted);
        var runs = placed is { } strips && SameOutside ? $".WithTowers({string.Join(", ", strips.Select(strip => PlanEmitter.Variable(strip)))})" : "";
        w.Write($"var plan = {start}{runs};");
        using (w.Block("return plan with", close: "};"))
        {
            EmitModel(w);
            if (model.Distillation == from.Distillation) return;
            if (model.Distillation is not { } recipe) w.Write("Distillation = null,");
            else if (from.Distillation is not { } other) using (w.Block("Distillation = new()", close: "},")) EmitRecipe(w, recipe, null);
            else using (w.Block("Distillation = plan.Distillation! with", close: "},")) EmitRecipe(w, recipe, other);
        }
    }

    void EmitModel(CodeWriter w)
    {
        w.Write($"Name = {Literal.Of(model.Name)},\nSummary = {Literal.Of(model.Summary)},");
        Line("Teacher", model.Teacher, from.Teacher, Literal.Of);
        Line("Fingerprint", model.Fingerprint, from.Fingerprint, Literal.Of);
        Line("Tokens", model.Tokens, from.Tokens, tokens => PlanEmitter.Tokens(tokens, Literal.Of(tokens.Vocab)));
        Line("Vision", model.Vision, from.Vision, PlanEmitter.Vision);
        Line("HiddenSize", model.Hidden, from.Hidden, Literal.Of);
        Line("Checkpoint", model.Checkpoint, from.Checkpoint, Literal.Of);
        if (placed is { } strips && !SameOutside)
        {
            w.Write($"Layers = {PlanEmitter.Spread(strips, "Layers")},");
            PlanEmitter.EmitTensors(w, model.Tensors, strips);
        }
        if (model.DroppedFromTeacher != from.DroppedFromTeacher) PlanEmitter.EmitStrings(w, "DroppedFromTeacher", model.DroppedFromTeacher);
        Line("ParameterCount", model.ParameterCount, from.ParameterCount, Literal.Of);

        void Line<T>(string property, T value, T other, Func<T, string> literal)
        {
            if (!EqualityComparer<T>.Default.Equals(value, other)) w.Write($"{property} = {literal(value)},");
        }
    }

    /// <param name="other">The recipe that it is written over; null where there is none.</param>
    void EmitRecipe(CodeWriter w, ResolvedDistillation recipe, ResolvedDistillation? other)
    {
        Line("ConvertedFingerprint", recipe.ConvertedFingerprint, other?.ConvertedFingerprint, Literal.Of);
        if (converted is { } strips)
            w.Write($"ConvertedLayers = {PlanEmitter.Spread(strips, "Layers", Converted)},\nConvertedTensors = {PlanEmitter.Spread(strips, "Tensors", Converted)},");
        Line("Optimizer", recipe.Optimizer, other?.Optimizer, PlanEmitter.Optimizer);
        if (other is null || recipe.Clip != other.Clip) w.Write($"Clip = {Literal.Of(recipe.Clip)},");
        Line("Schedule", recipe.Schedule, other?.Schedule, PlanEmitter.Schedule);
        if (other is null || recipe.Stages != other.Stages)
            using (w.Indented("Stages = [", "],"))
                foreach (var stage in recipe.Stages)
                    PlanEmitter.EmitStage(w, stage, $"TrainedCount: {Literal.Of(stage.TrainedCount)}, TotalCount: {Literal.Of(stage.TotalCount)}");
        if (other is null || recipe.Run != other.Run) w.Write($"Run = {Literal.List(recipe.Run, Literal.Of)},");

        void Line<T>(string property, T value, T? before, Func<T, string> literal) where T : class
        {
            if (!value.Equals(before)) w.Write($"{property} = {literal(value)},");
        }
    }

    bool SameOutside => Outside(model).SequenceEqual(Outside(from));

    /// <summary>The tensors that are in no layer, with the names of the towers between them.</summary>
    static List<object> Outside(ResolvedModel model)
    {
        var outside = new List<object>();
        foreach (var tensor in model.Tensors)
        {
            object item = tensor.Layer < 0 ? tensor : model.Layers[tensor.Layer].Tower;
            if (outside.Count == 0 || !item.Equals(outside[outside.Count - 1])) outside.Add(item);
        }
        return outside;
    }
}
