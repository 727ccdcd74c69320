namespace MmMamba.Runtime.Distillation;

/// <summary>A student with the chain that made it.</summary>
/// <typeparam name="TModel">The student's class.</typeparam>
/// <param name="Student">The model, frozen.</param>
/// <param name="Chain">Teacher, seed and stages; belongs into the checkpoint's metadata.</param>
public sealed record StudentArtefact<TModel>(TModel Student, ArtefactChain Chain)
    where TModel : VisionLanguageModel;
