using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Reports;

/// <summary>What a run leaves for its readers: plain data, from which the page, the pictures and the table on the screen are made.</summary>
sealed record RunReport
{
    /// <summary>What was run, in a few words.</summary>
    public required string Title { get; init; }

    /// <summary>One sentence on it; may be empty.</summary>
    public string Summary { get; init; } = "";

    /// <summary>The command as it was typed.</summary>
    public required string CommandLine { get; init; }

    /// <summary>What one needs to repeat the run, in order: versions, seeds, device, data, time taken.</summary>
    public IReadOnlyList<Fact> Facts { get; init; } = [];

    /// <summary>The training stages in order.</summary>
    public IReadOnlyList<StageCurve> Stages { get; init; } = [];

    /// <summary>Accuracy by kind of question; null for a run that asked none.</summary>
    public AccuracyReport? Accuracy { get; init; }

    /// <summary>Why the comparison says nothing, a sentence each; empty when it does.</summary>
    public IReadOnlyList<string> Void { get; init; } = [];

    /// <summary>The model's sheet as text; may be empty.</summary>
    public string Sheet { get; init; } = "";

    /// <summary>How every tensor of the student began, as text; may be empty.</summary>
    public string Transfer { get; init; } = "";

    /// <summary>What the student was made from, stage by stage; null for a run without artefacts.</summary>
    public ArtefactChain? Chain { get; init; }
}

/// <param name="Name">What is told.</param>
/// <param name="Value">What it is.</param>
readonly record struct Fact(string Name, string Value);

/// <param name="Name">The stage's name.</param>
/// <param name="Points">Its steps in order.</param>
sealed record StageCurve(string Name, IReadOnlyList<CurvePoint> Points)
{
    /// <summary>The stages of a run in the order in which they began.</summary>
    public static IReadOnlyList<StageCurve> Of(IEnumerable<StepReport> steps) =>
        [.. steps.GroupBy(step => step.Stage).Select(stage => new StageCurve(stage.Key, [.. stage.Select(step => new CurvePoint(step.Step, step.Loss, step.LearningRate, step.GradientNorm))]))];
}

/// <param name="Step">The optimizer step, from 1.</param>
/// <param name="Loss">Loss before the step; may be not finite.</param>
/// <param name="LearningRate">Learning rate of the step.</param>
/// <param name="GradientNorm">Norm of the step's gradient before clipping; may be not finite, as where nobody tells.</param>
readonly record struct CurvePoint(int Step, double Loss, double LearningRate, double GradientNorm = double.NaN);

/// <summary>Accuracies of several models on the same questions.</summary>
/// <param name="Models">The models' names, the columns. For a distillation: teacher, seeded, distilled.</param>
/// <param name="Rows">The kinds of question.</param>
sealed record AccuracyReport(IReadOnlyList<string> Models, IReadOnlyList<AccuracyRow> Rows)
{
    /// <summary>The answers of models to the same questions; the first one's order of kinds counts.</summary>
    /// <exception cref="KeyNotFoundException">A model was not asked a kind of question that the first one was.</exception>
    public static AccuracyReport Of(params IReadOnlyList<(string Name, EvaluationResult Result)> models) => new(
        [.. models.Select(model => model.Name)],
        [.. models[0].Result.Kinds.Select(kind => new AccuracyRow(kind.Kind, kind.Chance, [.. models.Select(model => model.Result[kind.Kind].Accuracy)]))]);

    /// <summary>Whether shares recovered are told: not where the comparison is void.</summary>
    public bool Compares { get; init; } = true;

    /// <summary>A model's mean over kinds.</summary>
    public Estimate Mean(int model) => Estimate.MeanOf([.. Rows.Select(row => row.Scores[model])]);

    /// <summary>Mean over kinds of what guessing gives.</summary>
    public double Chance => Rows.Count == 0 ? 0 : Rows.Average(row => row.Chance);

    /// <summary>
    /// Share of (teacher - seeded) that the distilled student has won back, for means over kinds; null unless the models are the
    /// three of a distillation and the teacher is better than the seeded student.
    /// </summary>
    public double? Recovered => !Compares || Rows.Count == 0 || Models.Count != 3 ? null : Recovery.Of(Mean(0).Value, Mean(1).Value, Mean(2).Value);

    /// <summary>The same for one kind.</summary>
    public double? RecoveredOf(AccuracyRow row) =>
        Models.Count != 3 ? null : Recovery.Of(row.Scores[0].Value, row.Scores[1].Value, row.Scores[2].Value);
}

/// <param name="Kind">The kind of question.</param>
/// <param name="Chance">What guessing gives, 0 to 1.</param>
/// <param name="Scores">Right answers of each model, in the order of <see cref="AccuracyReport.Models"/>.</param>
sealed record AccuracyRow(string Kind, double Chance, IReadOnlyList<Proportion> Scores);

/// <param name="Value">A share, 0 to 1.</param>
/// <param name="Low">Lower end of its 95 % interval.</param>
/// <param name="High">Upper end of its 95 % interval.</param>
readonly record struct Estimate(double Value, double Low, double High)
{
    /// <summary>A proportion with its Wilson interval.</summary>
    public static Estimate Of(Proportion proportion) => new(proportion.Value, proportion.Low, proportion.High);

    /// <summary>
    /// The mean of independent proportions. Its interval is put together from theirs (method of variance estimates recovery, Zou and
    /// Donner 2008), so that it needs no normal approximation near 0 and 1.
    /// </summary>
    public static Estimate MeanOf(IReadOnlyList<Proportion> parts)
    {
        if (parts.Count == 0)
            return new(0, 0, 1);
        var mean = parts.Average(part => part.Value);
        var below = Math.Sqrt(parts.Sum(part => Math.Pow(part.Value - part.Low, 2))) / parts.Count;
        var above = Math.Sqrt(parts.Sum(part => Math.Pow(part.High - part.Value, 2))) / parts.Count;
        return new(mean, Math.Max(0, mean - below), Math.Min(1, mean + above));
    }
}
