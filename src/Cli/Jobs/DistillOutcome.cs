using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Jobs;

/// <summary>The three models of a run, judged by the same questions, and the losses on the way.</summary>
/// <param name="Teacher">The teacher's answers.</param>
/// <param name="Seeded">The student's before any training.</param>
/// <param name="Distilled">The student's after the stages.</param>
/// <param name="Curves">Every step of every stage.</param>
sealed record DistillOutcome(
    EvaluationResult Teacher, EvaluationResult Seeded, EvaluationResult Distilled, IReadOnlyList<StepReport> Curves)
{
    /// <summary>Points by which the teacher has to be above chance, and above the seeded student, for a comparison to say anything.</summary>
    public const double AboveChance = 0.30, AboveSeeded = 0.20;

    /// <summary>Why the comparison says nothing; empty when it does.</summary>
    public IReadOnlyList<string> Void =>
    [
        .. Teacher.Kinds
            .Where(kind => kind.Accuracy.Value < kind.Chance + AboveChance)
            .Select(kind => FormattableString.Invariant($"{kind.Kind}: the teacher's {kind.Accuracy.Value:P1} is less than 30 points above chance ({kind.Chance:P1})")),
        .. Teacher.Kinds
            .Where(kind => kind.Accuracy.Value < Seeded[kind.Kind].Accuracy.Value + AboveSeeded)
            .Select(kind => FormattableString.Invariant($"{kind.Kind}: the teacher's {kind.Accuracy.Value:P1} is less than 20 points above the seeded student's {Seeded[kind.Kind].Accuracy.Value:P1}")),
    ];
}
