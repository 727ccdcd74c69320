using MmMamba.Runtime.Data;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// Stage 3 (paper, section 3.3): the student, its attention layers retained from the teacher and frozen, runs free and learns the
/// teacher's next-token distribution at every position.
/// </summary>
public sealed class EndToEndDistillation
{
    readonly VisionLanguageModel _teacher;
    readonly ModelPlan _plan;
    readonly StagePlan _stage;

    /// <param name="teacher">The teacher; its tensors are read and never changed.</param>
    /// <param name="student">The student's plan with its recipe.</param>
    /// <exception cref="InputException">The plan has no recipe, or its recipe no such stage.</exception>
    public EndToEndDistillation(VisionLanguageModel teacher, ModelPlan student)
    {
        _teacher = teacher;
        _plan = student;
        _stage = student.RecipeOf().StageOf(StageKind.EndToEnd);
    }

    /// <summary>Builds the student and trains it.</summary>
    /// <param name="start">Its mixers; the artefact stays as it is.</param>
    /// <param name="data">Batches for all steps.</param>
    /// <param name="options">Length, rate and seed; <see cref="TrainingOptions.Of"/> gives the recipe's.</param>
    /// <param name="create">Makes the student of a source: a generated class's constructor, or <c>source => new VisionLanguageModel(plan, source)</c>.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellation">Stops between two parts of batches.</param>
    /// <param name="states">Where the stage goes on and where its states are written; null keeps none.</param>
    /// <exception cref="InputException">The mixers, the data or the numbers of the run are unfit.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public StudentArtefact<TModel> Run<TModel>(
        MixerArtefact start, IEnumerable<Batch> data, TrainingOptions options, Func<ParameterSource, TModel> create,
        IProgress<StepReport>? progress = null, CancellationToken cancellation = default, TrainingStates? states = null)
        where TModel : VisionLanguageModel
    {
        var student = StudentAssembly.Build(_teacher, _plan, start.Mixers, create);
        try
        {
            var trained = Train(student, _stage.Train);
            var loss = new LogitsKl(_stage.LossValue, options.KlPerToken);
            var summary = new TrainingLoop(StageKind.EndToEnd.NameOf(), options, trained)
                .Run(data, part => Gradients(part.Input, student, loss, Mask(part, options), options.GradientCheckpointing), progress, cancellation, states);
            foreach (var (_, parameter) in trained) parameter.requires_grad = false;
            return new(student, start.Mixers.Chain.With(StageRecord.Of(_stage, options, summary, start.Mixers.Hash)));
        }
        catch
        {
            student.Dispose();
            throw;
        }
    }

    /// <summary>Marks what the stage trains: the groups' tensors of the converted layers. Retained layers stay frozen, whatever is named.</summary>
    internal static IReadOnlyList<NamedParameter> Train(VisionLanguageModel student, PlanList<TensorGroup> groups)
    {
        var plan = student.Plan;
        var converted = plan.Layers.Where(layer => layer.Mixer is Mamba2Plan).Select(layer => layer.Index).ToHashSet();
        return NamedParameter.Train(plan.Tensors.Where(tensor => converted.Contains(tensor.Layer)), student.Tensors, groups);
    }

    /// <summary>
    /// The loss of a part of a batch, its gradients added to the student's trained tensors. What lies before the first converted layer is frozen
    /// and the teacher's own, so it is run once for both.
    /// </summary>
    internal Tensor Gradients(ModelInput input, VisionLanguageModel student, LogitsKl kl, TokenMask mask, bool checkpointing = false)
    {
        Tensor stream, target;
        var shared = SharedLayers(input.Length);
        using (StepProfile.Enter(StepPart.Teacher))
        using (no_grad())
        {
            stream = _teacher.Run(input, null, null, null, end: shared);
            target = _teacher.HiddenFrom(shared, stream, input);
        }

        var recomputed = checkpointing ? new GradientCheckpointing(student, shared, input) : null;
        Tensor features, loss, gradient;
        using (StepProfile.Enter(StepPart.Forward)) features = recomputed?.Forward(stream) ?? student.HiddenFrom(shared, stream, input);
        using (StepProfile.Enter(StepPart.Loss)) (loss, gradient) = kl.Evaluate(features, student.Head, target, _teacher.Head, mask);
        using (StepProfile.Enter(StepPart.Backward))
        {
            if (recomputed is not null) recomputed.Backward(gradient);
            else GivenGradients.From(features, gradient);
        }
        return loss;
    }

    TokenMask Mask(MicroBatch part, TrainingOptions options) => options.PromptWeight == 0 && part.Step.AnswerTokens == 0
        ? throw new InputException($"{StageKind.EndToEnd.NameOf()}: a batch without any answer, and prompts weigh nothing; there is nothing to learn from it")
        : TokenMask.Of(part, _teacher.Device, options.MaskPadding, options.PromptWeight);

    // A student's attention keeps to plain positions unless its spec retains the scaling; a teacher's may stretch them beyond a length.
    int SharedLayers(long tokens)
    {
        var shared = 0;
        while (shared < _plan.Layers.Count && IsShared(_plan.Layers[shared], _teacher.Plan.Layers[shared])) shared++;
        return shared;

        bool IsShared(LayerPlan own, LayerPlan theirs) =>
            own.Mixer is AttentionPlan retained && theirs.Mixer is AttentionPlan attention && own.NormEps == theirs.NormEps
            && retained with { DynamicFactor = attention.DynamicFactor } == attention
            && (retained.DynamicFactor == attention.DynamicFactor || tokens <= attention.MaxPositions);
    }
}
