using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Evaluation;

/// <summary>
/// Asks a model every question of a set. One forward pass a batch is enough: a turn is right when every token of its true answer, the
/// end token included, is the most likely one after the true tokens before it. That is the case exactly when greedy decoding of that turn, after the
/// true turns before it, gives the true answer.
/// </summary>
public static class Evaluator
{
    /// <summary>Evaluates a model on batches.</summary>
    /// <param name="model">The model; nothing about it changes.</param>
    /// <param name="batches">The set, once.</param>
    /// <param name="samplesPerKind">Answered turns of each kind that the result shows.</param>
    /// <param name="progress">Told the number of evaluated conversations after every batch, on the calling thread.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <exception cref="InputException">The set has no answer.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static EvaluationResult Run(
        VisionLanguageModel model, IEnumerable<Batch> batches, int samplesPerKind = 3,
        IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        var tally = new Tally(samplesPerKind);
        var conversations = 0L;
        foreach (var batch in batches)
        {
            cancellation.ThrowIfCancellationRequested();
            foreach (var prediction in Predict(model, batch, (int)conversations)) tally.Add(prediction);
            conversations += batch.Items.Count;
            progress?.Report(conversations);
        }

        var result = tally.Result();
        return result.Kinds.Count > 0 ? result : throw new InputException("the evaluated set has no answers; give conversations with at least one turn");
    }

    /// <summary>Evaluates a model on all conversations of a source, in its order.</summary>
    /// <param name="model">The model; nothing about it changes.</param>
    /// <param name="source">The set; it has to end.</param>
    /// <param name="encoder">Makes tokens and tiles of it.</param>
    /// <param name="batch">Conversations a forward pass; the result does not depend on it.</param>
    /// <inheritdoc cref="Run(VisionLanguageModel, IEnumerable{Batch}, int, IProgress{long}?, CancellationToken)"/>
    public static EvaluationResult Run(
        VisionLanguageModel model, IConversationSource source, ConversationEncoder encoder, int batch = 16, int samplesPerKind = 3,
        IProgress<long>? progress = null, CancellationToken cancellation = default) =>
        Run(model, new BatchLoader(source, encoder, new BatchOptions { Size = batch, Device = model.Device }), samplesPerKind, progress, cancellation);

    static IEnumerable<Prediction> Predict(VisionLanguageModel model, Batch batch, int firstItem)
    {
        var answers = AnswerPositions.Of(batch);
        var predicted = MostLikely(model, batch.Input, answers);
        var next = 0;
        for (var item = 0; item < batch.Items.Count; item++)
        {
            var conversation = batch.Items[item];
            foreach (var answer in conversation.Answers)
            {
                yield return new Prediction(
                    firstItem + item, answer.Turn, answer.Kind,
                    conversation.Ids[answer.Start..(answer.Start + answer.Length)], predicted[next..(next + answer.Length)]);
                next += answer.Length;
            }
        }
    }

    static int[] MostLikely(VisionLanguageModel model, ModelInput input, AnswerPositions answers)
    {
        if (answers.Rows.Length == 0) return [];
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var logits = AnswerLogits(model, input, answers);
        return [.. logits.argmax(-1).to_type(ScalarType.Int32).cpu().data<int>()];
    }

    /// <summary>Logits (answer tokens, vocab) in float32; the head is applied to no other position.</summary>
    internal static Tensor AnswerLogits(VisionLanguageModel model, ModelInput input, AnswerPositions answers) =>
        Work.Linear("head", answers.Select(model.Hidden(input)), model.Head).to_type(ScalarType.Float32);
}
