using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// The loss of the end-to-end stage: KL(teacher || student) of the next-token distributions, in float32, summed over positions, each
/// with its weight, and vocabulary, and divided by the sequences (or by the sum of the weights). A temperature divides both logits, and its square
/// multiplies the loss, so that gradients keep their scale (Hinton et al., 2015).
/// </summary>
/// <remarks>
/// Both heads are frozen in that stage. So logits are made and consumed a slice of positions at a time, and the gradient with respect to the student's features
/// is written down instead of recorded: (softmax(s) - softmax(t)) W. Whole logits of either model never exist.
/// </remarks>
/// <param name="temperature">Above 0.</param>
/// <param name="perToken">Divide by the sum of the positions' weights instead of by the sequences.</param>
public sealed class LogitsKl(double temperature = 1, bool perToken = false)
{
    /// <summary>The loss, and its gradient with respect to the student's features.</summary>
    /// <param name="student">Features (B,T,hidden): what the student's head is applied to.</param>
    /// <param name="studentHead">(vocab, hidden).</param>
    /// <param name="teacher">The teacher's features (B,T,hidden).</param>
    /// <param name="teacherHead">(vocab, hidden).</param>
    /// <param name="mask">The positions that count.</param>
    /// <returns>A float32 scalar, and (B,T,hidden) in the features' type, 0 at positions that don't count.</returns>
    public (Tensor Loss, Tensor FeatureGradient) Evaluate(Tensor student, Tensor studentHead, Tensor teacher, Tensor teacherHead, TokenMask mask)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        var (studentRows, teacherRows) = (mask.Select(student.detach()), mask.Select(teacher.detach()));
        var rows = studentRows.shape[0];
        var divisor = perToken ? mask.Weight : mask.Sequences;

        var loss = zeros([], ScalarType.Float32, student.device);
        var gradient = empty_like(studentRows);
        var slice = SliceRows(studentHead);
        for (var start = 0L; start < rows; start += slice)
        {
            using var inner = NewDisposeScope();
            var count = Math.Min(slice, rows - start);
            var p = LogProbabilities(teacherRows.narrow(0, start, count), teacherHead);
            var q = LogProbabilities(studentRows.narrow(0, start, count), studentHead);
            var weights = p.exp();
            var divergence = weights * p.sub_(q);
            var logitGradient = q.exp_().sub_(weights).mul_(HeldNumber.Of(temperature / divisor));
            if (mask.Weights is { } share)
            {
                share = share.narrow(0, start, count).unsqueeze(-1);
                divergence.mul_(share);
                logitGradient.mul_(share);
            }
            loss.Add(divergence.sum());
            logitGradient = logitGradient.to_type(studentHead.dtype);
            gradient.narrow(0, start, count).copy_(logitGradient.matmul(studentHead));
        }

        loss.mul_(HeldNumber.Of(temperature * temperature / divisor));
        var full = mask.Rows is null ? gradient : zeros_like(student).flatten(0, 1).index_copy_(0, mask.Rows, gradient);
        return (loss.MoveToOuterDisposeScope(), full.reshape(student.shape).MoveToOuterDisposeScope());
    }

    Tensor LogProbabilities(Tensor features, Tensor head)
    {
        var logits = Work.Linear("head", features, head).to_type(ScalarType.Float32);
        if (temperature != 1) logits = logits.div(HeldNumber.Of(temperature));
        return nn.functional.log_softmax(logits, -1);
    }

    // Slices that stay in the cache of a CPU, or that fill a GPU.
    static long SliceRows(Tensor head) => Math.Max(1, (head.device_type == DeviceType.CPU ? 1L << 20 : 1L << 26) / head.shape[0]);
}
