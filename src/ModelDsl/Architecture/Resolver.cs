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

        var placed = forms.Placed(model);
        var resolved = new ResolvedModel(
            model.Name, model.Summary, model.Extends, model.File, model.Teacher, placed.Fingerprint,
            model.Tokens, model.Vision, model.Hidden, model.Checkpoint, model.Seed,
            LayerList.Towers(model), placed.Layers, placed.Tensors, [], placed.ParameterCount,
            teacher is null || model.Distill is null ? null : Distillation(model.Distill, placed, forms.Converted(model)))
        {
            Budget = model.Budget, Reported = model.Reported,
        };
        return teacher is null ? resolved : resolved with { DroppedFromTeacher = placed.Dropped ??= TransferPlan.Of(resolved, teacher).Dropped };
    }

    static ResolvedDistillation Distillation(DistillSpec recipe, Form placed, Form converted) => new(
        converted.Fingerprint, converted.Layers, converted.Mixers, recipe.Optimizer, recipe.Clip, recipe.Schedule,
        [.. recipe.Stages.Select(stage => Stage(stage, stage.Kind == StageKind.EndToEnd ? placed : converted))], recipe.Run);

    // A retained layer is frozen as a whole, so its output projection is not trained where `train` names `output`.
    static ResolvedStage Stage(StageSpec stage, Form form)
    {
        var groups = new HashSet<TensorGroup>(stage.Train);
        var trained = Tally.Of(form.Tensors.Where(tensor => groups.Contains(tensor.Group) && tensor.Layer >= 0 && form.Layers[tensor.Layer].Mixer.Kind.Converts));
        return new(stage, trained.Parameters, form.ParameterCount) { TrainedTensors = trained.Tensors };
    }
}
