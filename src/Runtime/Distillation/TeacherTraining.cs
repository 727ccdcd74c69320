using MmMamba.Runtime.Data;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Native;
using MmMamba.Runtime.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>Trains a model from where it stands, all of its tensors, by the cross-entropy of its answers.</summary>
public static class TeacherTraining
{
    /// <summary>Trains the model in place; it is frozen again afterwards.</summary>
    /// <param name="model">The model, its parameters in float32.</param>
    /// <param name="data">Batches for all steps, with at least one answer each.</param>
    /// <param name="options">Length and rate.</param>
    /// <param name="progress">Told after every step.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <param name="states">Where the training goes on and where its states are written; null keeps none.</param>
    /// <exception cref="InputException">The data or the numbers of the run are unfit.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static TrainingSummary Run(
        VisionLanguageModel model, IEnumerable<Batch> data, TrainingOptions options,
        IProgress<StepReport>? progress = null, CancellationToken cancellation = default, TrainingStates? states = null)
    {
        var trained = model.Plan.Tensors.Select(tensor => new NamedParameter(tensor.Name, model.Tensors[tensor.Name])).ToArray();
        try
        {
            foreach (var (_, parameter) in trained) parameter.requires_grad = true;
            return new TrainingLoop(StageNames.Teacher, options, trained)
                .Run(data, part => Gradients(model, part), progress, cancellation, states);
        }
        finally
        {
            foreach (var (_, parameter) in trained)
            {
                parameter.grad = null;
                parameter.requires_grad = false;
            }
        }
    }

    internal static Tensor Gradients(VisionLanguageModel model, MicroBatch part)
    {
        if (part.Step.AnswerTokens == 0) throw new InputException($"{StageNames.Teacher}: a batch without any answer; every conversation needs one");
        var answers = AnswerPositions.Of(part);
        if (answers.Targets.Length == 0) return zeros([], ScalarType.Float32, model.Device);
        var loss = AnswerCrossEntropy.Of(model.Hidden(part.Input), model.Head, answers);
        if (answers.Targets.Length < part.Step.AnswerTokens) loss = loss.mul(HeldNumber.Of((double)answers.Targets.Length / part.Step.AnswerTokens));
        GivenGradients.From(loss);
        return loss.detach();
    }
}
