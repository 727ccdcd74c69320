namespace MmMamba.Runtime.Evaluation;

/// <summary>Names of the figures of an evaluation.</summary>
public static class FigureNames
{
    /// <summary>Share of questions answered right.</summary>
    public const string Accuracy = "accuracy";
    /// <summary>(accuracy - chance) / (teacher's accuracy - chance).</summary>
    public const string OfTeacher = "of_teacher";
    /// <summary>Of the answers yes, the share that is right.</summary>
    public const string YesPrecision = "yes_precision";
    /// <summary>Of the questions whose answer is yes, the share that is answered so.</summary>
    public const string YesRecall = "yes_recall";
    /// <summary>The harmonic mean of <see cref="YesPrecision"/> and <see cref="YesRecall"/>.</summary>
    public const string YesF1 = "yes_f1";
    /// <summary>Share of the answers' tokens at which model and teacher find the same one most likely.</summary>
    public const string Agreement = "agreement";
    /// <summary>Mean KL(teacher || model) of an answer's token, nats.</summary>
    public const string Kl = "kl";
    /// <summary>1 - KL(model) / KL(linear model as it is seeded).</summary>
    public const string KlClosed = "kl_closed";
    /// <summary>1 - KL(model) / KL(the same model as it is seeded).</summary>
    public const string KlClosedOfOwn = "kl_closed_of_own";
}

/// <summary>A model's answers.</summary>
/// <param name="Name">What to call the model.</param>
/// <param name="Answers">What <see cref="Evaluator.Answer"/> gave.</param>
public sealed record ModelAnswers(string Name, IReadOnlyList<Prediction> Answers)
{
    /// <summary>The answers of the same model as it is seeded from the teacher; null where there are none.</summary>
    public ModelAnswers? Seeded { get; init; }
}

/// <summary>A figure of a model.</summary>
/// <param name="Model">The model.</param>
/// <param name="Kind">The kind of question; empty for all kinds together.</param>
/// <param name="Name">One of <see cref="FigureNames"/>.</param>
/// <param name="Value">The figure; null where it is missing.</param>
/// <param name="Interval">Its interval; null where there is none.</param>
/// <param name="Missing">Why there is no value; null where there is one.</param>
public sealed record EvaluationFigure(string Model, string Kind, string Name, double? Value, Interval? Interval, string? Missing);

/// <summary>The difference of a figure between two models that were asked the same questions, paired by picture.</summary>
/// <param name="First">The model that is subtracted.</param>
/// <param name="Second">The model that it is subtracted from.</param>
/// <param name="Kind">The kind of question; empty for all kinds together.</param>
/// <param name="Name">One of <see cref="FigureNames"/>.</param>
/// <param name="Value">The second model's figure less the first one's.</param>
/// <param name="Interval">Its interval; null where there is none.</param>
public sealed record EvaluationDifference(string First, string Second, string Kind, string Name, double Value, Interval? Interval)
{
    /// <summary>Whether the interval is on one side of 0.</summary>
    public bool Conclusive => Interval is { } interval && !interval.Holds(0);
}
