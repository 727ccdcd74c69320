using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>From what a spec says to what it means: layers, tensors with their origins, identity, the recipe with its counts.</summary>
public static class Resolver
{
    /// <summary>Resolves a model. The same spec and teacher give an equal result, everywhere.</summary>
    /// <param name="model">A bound spec, so within the language's bounds.</param>
    /// <param name="teacher">The resolved model that <paramref name="model"/> names as its teacher; null where it names none.</param>
    /// <exception cref="ArgumentException">The teacher is missing, superfluous, or has not the tensors that the student's come from.</exception>
    public static ResolvedModel Resolve(ModelSpec model, ResolvedModel? teacher = null) => Resolve(model, teacher, new());

    /// <param name="forms">The forms that other models of the tree are in; this one's come to them.</param>
    internal static ResolvedModel Resolve(ModelSpec model, ResolvedModel? teacher, Forms forms)
    {
        if (model.Teacher is null != teacher is null)
            throw new ArgumentException(teacher is null
                ? $"{model.Name} needs its teacher {model.Teacher} resolved first."
                : $"{model.Name} names no teacher, and was given {teacher.Name}.", nameof(teacher));

        var layers = LayerList.Placed(model);
        var placed = forms.Of(model, layers);
        var resolved = new ResolvedModel(
            model.Name, model.Summary, model.Extends, model.File, model.Teacher, placed.Fingerprint,
            model.Tokens, model.Vision, model.Hidden, model.Checkpoint, model.Seed,
            LayerList.Towers(model), layers, placed.Tensors, [], placed.ParameterCount,
            teacher is null || model.Distill is null ? null : Distillation(model, model.Distill, layers, placed, forms))
        {
            Budget = model.Budget, Reported = model.Reported,
        };
        return teacher is null ? resolved : resolved with { DroppedFromTeacher = placed.Dropped ??= TransferPlan.Of(resolved, teacher).Dropped };
    }

    static ResolvedDistillation Distillation(ModelSpec model, DistillSpec recipe, EquatableArray<ResolvedLayer> layers, Form placed, Forms forms)
    {
        var all = LayerList.Converted(model);
        var converted = forms.Of(model, all);
        return new(
            converted.Fingerprint, all, converted.Mixers, recipe.Optimizer, recipe.Clip, recipe.Schedule,
            [.. recipe.Stages.Select(stage => stage.Kind == StageKind.EndToEnd ? Stage(stage, placed, layers) : Stage(stage, converted, all))], recipe.Run);
    }

    // A retained layer is frozen as a whole, so its output projection is not trained where `train` names `output`.
    static ResolvedStage Stage(StageSpec stage, Form form, EquatableArray<ResolvedLayer> layers)
    {
        var groups = new HashSet<TensorGroup>(stage.Train);
        var trained = Tally.Of(form.Tensors.Where(tensor => groups.Contains(tensor.Group) && tensor.Layer >= 0 && layers[tensor.Layer].Mixer.Kind.Converts));
        return new(stage, trained.Parameters, form.ParameterCount) { TrainedTensors = trained.Tensors };
    }
}
