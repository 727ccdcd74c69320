using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Evaluation;

/// <summary>How closely a student follows its teacher on the answers' tokens, right or wrong. Tells students apart before their accuracies do.</summary>
/// <param name="TopOne">Tokens at which both find the same token most likely.</param>
/// <param name="Kl">Mean KL(teacher || student) a token, in nats.</param>
public sealed record Agreement(Proportion TopOne, double Kl)
{
    /// <summary>Compares two models of one vocabulary on batches.</summary>
    /// <param name="teacher">The teacher.</param>
    /// <param name="student">The student, on the same device.</param>
    /// <param name="batches">The set, once.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static Agreement Of(VisionLanguageModel teacher, VisionLanguageModel student, IEnumerable<Batch> batches, CancellationToken cancellation = default)
    {
        var (same, tokens, kl) = (0L, 0L, 0.0);
        using var noGrad = no_grad();
        foreach (var batch in batches)
        {
            cancellation.ThrowIfCancellationRequested();
            var answers = AnswerPositions.Of(batch);
            if (answers.Rows.Length == 0) continue;
            using var scope = NewDisposeScope();
            var p = nn.functional.log_softmax(Evaluator.AnswerLogits(teacher, batch.Input, answers), -1);
            var q = nn.functional.log_softmax(Evaluator.AnswerLogits(student, batch.Input, answers), -1);
            same += p.argmax(-1).eq(q.argmax(-1)).sum().item<long>();
            kl += (p.exp() * (p - q)).sum().item<float>();
            tokens += answers.Rows.Length;
        }

        return new Agreement(new Proportion(same, tokens), tokens == 0 ? 0 : kl / tokens);
    }
}
