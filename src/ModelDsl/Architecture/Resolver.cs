using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>From what a spec says to what it means: layers, tensors with their origins, identity, the recipe with its counts.</summary>
public static class Resolver
{
    /// <summary>Resolves a model. The same spec and teacher give an equal result, everywhere.</summary>
    /// <param name="model">A bound spec, so within the language's bounds.</param>
    /// <param name="teacher">The resolved model that <paramref name="model"/> names as its teacher; null where it names none.</param>
    /// <exception cref="ArgumentException">The teacher is missing, superfluous, or has not the tensors that the student's come from.</exception>
    public static ResolvedModel Resolve(ModelSpec model, ResolvedModel? teacher = null)
    {
        if (model.Teacher is null != teacher is null)
            throw new ArgumentException(teacher is null
                ? $"{model.Name} needs its teacher {model.Teacher} resolved first."
                : $"{model.Name} names no teacher, and was given {teacher.Name}.", nameof(teacher));

        var layers = LayerList.Placed(model);
        var slots = TensorTable.Of(model, layers);
        var transfer = teacher is null ? null : new Transfer(model.Seed ?? new(SeedKind.Mimic, 1));
        var tensors = Tensors(slots, layers, transfer);
        var count = Count(tensors);
        var distillation = transfer is null || model.Distill is null ? null : Distillation(model, model.Distill, transfer, layers, tensors);
        var resolved = new ResolvedModel(
            model.Name, model.Summary, model.Extends, model.File, model.Teacher, Fingerprint.Of(model, layers, slots),
            model.Tokens, model.Vision, model.Hidden, model.Checkpoint, model.Seed,
            LayerList.Towers(model), layers, tensors, [], count, distillation) { Budget = model.Budget, Reported = model.Reported };
        return teacher is null ? resolved : resolved with { DroppedFromTeacher = TransferPlan.Of(resolved, teacher).Dropped };
    }

    static ResolvedDistillation Distillation(
        ModelSpec model, DistillSpec recipe, Transfer transfer, EquatableArray<ResolvedLayer> layers, EquatableArray<ResolvedTensor> tensors)
    {
        var converted = LayerList.Converted(model);
        var slots = TensorTable.Of(model, converted);
        var all = Tensors(slots, converted, transfer);
        var stages = recipe.Stages.Select(stage => stage.Kind == StageKind.EndToEnd
            ? Stage(stage, tensors, layers)
            : Stage(stage, all, converted));
        return new(
            Fingerprint.Of(model, converted, slots), converted,
            slots.Where(TensorTable.InMixer).Select(slot => slot.From(transfer.Origin(slot, converted[slot.Layer]))).ToEquatableArray(),
            recipe.Optimizer, recipe.Clip, recipe.Schedule, stages.ToEquatableArray(), recipe.Run);
    }

    static EquatableArray<ResolvedTensor> Tensors(List<TensorSlot> slots, EquatableArray<ResolvedLayer> layers, Transfer? transfer) =>
        slots.Select(slot =>
        {
            var layer = slot.Layer < 0 ? null : layers[slot.Layer];
            return slot.From(transfer?.Origin(slot, layer) ?? Draws.Base(slot, layer, layers.Count));
        }).ToEquatableArray();

    static long Count(IEnumerable<ResolvedTensor> tensors) => tensors.Aggregate(0L, (sum, tensor) => checked(sum + tensor.Size));

    // A retained layer is frozen as a whole, so its output projection is not trained where `train` names `output`.
    static ResolvedStage Stage(StageSpec stage, EquatableArray<ResolvedTensor> tensors, EquatableArray<ResolvedLayer> layers)
    {
        var groups = new HashSet<TensorGroup>(stage.Train);
        var trained = Tally.Of(tensors.Where(tensor => groups.Contains(tensor.Group) && tensor.Layer >= 0 && layers[tensor.Layer].Mixer is ResolvedMamba2));
        return new(stage, trained.Parameters, Count(tensors)) { TrainedTensors = trained.Tensors };
    }
}
