using MmMamba.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// The loss of a teacher's training: the cross-entropy of the answers' tokens, their end tokens included, and of nothing else, as a
/// mean over these tokens in float32.
/// </summary>
public static class AnswerCrossEntropy
{
    /// <summary>The loss, differentiable in features and head; logits are made for the answers only.</summary>
    /// <param name="features">(B,T,hidden).</param>
    /// <param name="head">(vocab, hidden).</param>
    /// <param name="answers">The answers' positions, at least one.</param>
    public static Tensor Of(Tensor features, Tensor head, AnswerPositions answers)
    {
        var logits = Work.Linear("head", answers.Select(features), head).to_type(ScalarType.Float32);
        return nn.functional.cross_entropy(logits, tensor(answers.Targets, device: features.device));
    }
}
