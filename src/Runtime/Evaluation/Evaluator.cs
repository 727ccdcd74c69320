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
    /// <summary>A model's answers to every question of a set.</summary>
    /// <param name="model">The model; nothing about it changes.</param>
    /// <param name="batches">The set, once.</param>
    /// <param name="teacher">Whom the model is compared with, token by token; of the same vocabulary and tiles. Null compares with nobody.</param>
    /// <param name="progress">Told the number of evaluated conversations after every batch, on the calling thread.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <returns>The answers, in the order of the conversations and their turns.</returns>
    /// <exception cref="InputException">The teacher reads other tokens or tiles than the model.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IReadOnlyList<Prediction> Answer(
        VisionLanguageModel model, IEnumerable<Batch> batches, VisionLanguageModel? teacher = null,
        IProgress<long>? progress = null, CancellationToken cancellation = default)
    {
        if (teacher is not null && (teacher.Plan.Tokens != model.Plan.Tokens || teacher.Plan.Vision != model.Plan.Vision))
            throw new InputException($"{teacher.Plan.Name} reads other tokens or tiles than {model.Plan.Name}; give the teacher of the same vocabulary and tiles.");
        var answers = new List<Prediction>();
        var conversations = 0L;
        foreach (var batch in batches)
        {
            cancellation.ThrowIfCancellationRequested();
            answers.AddRange(Predict(model, teacher, batch, (int)conversations));
            conversations += batch.Items.Count;
            progress?.Report(conversations);
        }
        return answers;
    }

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
        return EvaluationResult.Of(Answer(model, batches, null, progress, cancellation), samplesPerKind);
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

    static IEnumerable<Prediction> Predict(VisionLanguageModel model, VisionLanguageModel? teacher, Batch batch, int firstItem)
    {
        var tokens = Tokens(model, teacher, batch);
        var next = 0;
        for (var item = 0; item < batch.Items.Count; item++)
        {
            var conversation = batch.Items[item];
            foreach (var answer in conversation.Answers)
            {
                var own = tokens.AsSpan(next, answer.Length);
                next += answer.Length;
                var (predicted, probability, same, kl) = (new int[answer.Length], 0.0, 0, 0.0);
                for (var i = 0; i < own.Length; i++)
                {
                    predicted[i] = own[i].MostLikely;
                    probability += own[i].LogProbability;
                    same += own[i].Same ? 1 : 0;
                    kl += own[i].Kl;
                }
                yield return new Prediction(firstItem + item, answer.Turn, answer.Kind, conversation.Ids[answer.Start..(answer.Start + answer.Length)], predicted)
                {
                    Probability = Math.Exp(probability),
                    Teacher = teacher is null ? null : new TeacherMatch(same, kl),
                };
            }
        }
    }

    readonly record struct Token(int MostLikely, float LogProbability, bool Same, float Kl);

    // Of every token of the batch's answers.
    static Token[] Tokens(VisionLanguageModel model, VisionLanguageModel? teacher, Batch batch)
    {
        var answers = AnswerPositions.Of(batch);
        if (answers.Rows.Length == 0) return [];
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var q = nn.functional.log_softmax(AnswerLogits(model, batch.Input, answers), -1);
        var predicted = q.argmax(-1);
        var mostLikely = predicted.cpu().data<long>().ToArray();
        var right = q.gather(1, tensor(answers.Targets, device: q.device).unsqueeze(1)).flatten().cpu().data<float>().ToArray();
        var (same, kl) = (new bool[mostLikely.Length], new float[mostLikely.Length]);
        if (teacher is not null)
        {
            var p = nn.functional.log_softmax(AnswerLogits(teacher, batch.Input, answers), -1);
            same = p.argmax(-1).eq(predicted).cpu().data<bool>().ToArray();
            kl = (p.exp() * (p - q)).sum(-1).cpu().data<float>().ToArray();
        }
        return [.. mostLikely.Select((id, i) => new Token((int)id, right[i], same[i], kl[i]))];
    }

    /// <summary>Logits (answer tokens, vocab) in float32; the head is applied to no other position.</summary>
    internal static Tensor AnswerLogits(VisionLanguageModel model, ModelInput input, AnswerPositions answers) =>
        Work.Linear("head", answers.Select(model.Hidden(input)), model.Head).to_type(ScalarType.Float32);
}
