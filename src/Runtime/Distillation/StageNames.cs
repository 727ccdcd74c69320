using MmMamba.Runtime.Plans;

namespace MmMamba.Runtime.Distillation;

/// <summary>How stages are found in a recipe and called in reports: as in the spec language.</summary>
public static class StageNames
{
    /// <summary>The name of the run that trains a teacher.</summary>
    public const string Teacher = "teacher";

    /// <summary><c>introduced</c>, <c>mixer</c> or <c>end_to_end</c>.</summary>
    public static string NameOf(this StageKind kind) => PlanWords<StageKind>.Of(kind);

    /// <summary>The recipe's stage of a kind.</summary>
    /// <exception cref="InputException">The recipe does not declare it.</exception>
    public static StagePlan StageOf(this DistillationPlan recipe, StageKind kind)
    {
        foreach (var stage in recipe.Stages)
            if (stage.Kind == kind) return stage;
        throw new InputException($"the recipe declares no stage '{kind.NameOf()}'; add it under distill.stages");
    }

    /// <summary>The recipe of a student.</summary>
    /// <exception cref="InputException">The model has no teacher.</exception>
    public static DistillationPlan RecipeOf(this ModelPlan student) => student.Distillation
        ?? throw new InputException($"{student.Name} has no recipe of distillation; a student's spec needs teacher, seed and distill");
}
