using MmMamba.Runtime.Evaluation;
using MmMamba.Runtime.Text;
using MmMamba.Runtime.Text.Tiny;

namespace MmMamba.Runtime.Tests.Evaluation;

/// <summary>Figures of answers that were counted by hand.</summary>
public sealed class EvaluationFiguresTests
{
    static readonly ChatTokenizer Tokenizer = TinyTokenizer.Load();

    static int[] Ids(string text) => [.. Tokenizer.EncodeContinuation(text), Tokenizer.EndOfTurn];

    // Kind, true answer, what was said, tokens that agree with the teacher's, KL of the answer.
    static Prediction Answer(int item, int turn, string kind, string expected, string said, int same = 0, double kl = 0) =>
        new(item, turn, kind, Ids(expected), Ids(said)) { Teacher = new TeacherMatch(same, kl) };

    static ModelAnswers Model(string name, params string[] said) => new(name,
    [
        Answer(0, 0, "present", "yes", said[0], 2, 0.5),
        Answer(0, 1, "count", "3", said[1], 1, 1.5),
        Answer(1, 0, "present", "yes", said[2], 2, 0.25),
        Answer(1, 1, "count", "3", said[3], 0, 0.25),
        Answer(2, 0, "present", "no", said[4], 2, 0),
        Answer(2, 1, "count", "4", said[5], 2, 0.5),
        Answer(3, 0, "present", "no", said[6], 1, 1),
        Answer(3, 1, "count", "3", said[7], 2, 0),
    ]);

    static EvaluationFigure Figure(EvaluationFigures figures, ModelAnswers model, string kind, string name) =>
        figures.Of(model).Single(figure => figure.Kind == kind && figure.Name == name);

    static ModelAnswers With(ModelAnswers model, TeacherMatch match) => model with { Answers = [.. model.Answers.Select(answer => answer with { Teacher = match })] };

    static readonly ModelAnswers Teacher = With(Model("teacher", "yes", "3", "yes", "3", "no", "4", "no", "3"), new(2, 0));
    static readonly ModelAnswers Seeded = With(Model("seeded", "no", "no", "no", "no", "no", "3", "3", "yes"), new(0, 1));
    static readonly ModelAnswers Student = Model("student", "yes", "3", "yes", "4", "yes", "4", "no", "3") with { Seeded = Seeded };

    static EvaluationFigures Figures(ModelAnswers? teacher = null, ModelAnswers? linear = null) => new([Student, Seeded, Teacher], Tokenizer, teacher, linear, resamples: 200);

    [Theory]
    [InlineData("present", FigureNames.Accuracy, 0.75)]
    [InlineData("count", FigureNames.Accuracy, 0.75)]
    [InlineData("", FigureNames.Accuracy, 0.75)]
    [InlineData("present", FigureNames.OfTeacher, 0.5)] // chance is 1/2
    [InlineData("count", FigureNames.OfTeacher, 0)] // chance is 3/4
    [InlineData("", FigureNames.OfTeacher, 1 / 3.0)]
    [InlineData("present", FigureNames.YesPrecision, 2 / 3.0)]
    [InlineData("present", FigureNames.YesRecall, 1)]
    [InlineData("present", FigureNames.YesF1, 0.8)]
    [InlineData("", FigureNames.Agreement, 12 / 16.0)]
    [InlineData("present", FigureNames.Agreement, 7 / 8.0)]
    [InlineData("", FigureNames.Kl, 4 / 16.0)]
    [InlineData("count", FigureNames.Kl, 2.25 / 8)]
    [InlineData("", FigureNames.KlClosed, 0.5)]
    [InlineData("count", FigureNames.KlClosed, 1 - 2.25 / 4)]
    [InlineData("", FigureNames.KlClosedOfOwn, 0.5)]
    public void A_figure_is_what_a_hand_counts(string kind, string name, double value)
    {
        var figure = Figure(Figures(Teacher, Seeded), Student, kind, name);
        Assert.Equal(value, figure.Value!.Value, 1e-12);
        Assert.Null(figure.Missing);
    }

    [Fact]
    public void Accuracies_of_kinds_have_the_closed_interval_and_others_one_that_is_drawn()
    {
        var figures = Figures(Teacher, Seeded);
        var share = new Proportion(3, 4);
        Assert.Equal(new Interval(share.Low, share.High), Figure(figures, Student, "present", FigureNames.Accuracy).Interval);
        Assert.InRange(Figure(figures, Student, "", FigureNames.Accuracy).Interval!.Value.Low, 0.2, 0.74);
        Assert.True(Figure(figures, Student, "", FigureNames.Kl).Interval!.Value is { Low: > 0 and < 0.25, High: > 0.25 and < 1 });
    }

    [Fact]
    public void The_teacher_agrees_with_itself_and_has_closed_all()
    {
        var figures = Figures(Teacher, Seeded);
        foreach (var (name, value) in (IEnumerable<(string, double)>)[(FigureNames.Agreement, 1), (FigureNames.Kl, 0), (FigureNames.KlClosed, 1), (FigureNames.OfTeacher, 1), (FigureNames.Accuracy, 1)])
            foreach (var kind in (string[])["", "present", "count"])
                Assert.Equal(value, Figure(figures, Teacher, kind, name).Value);
        Assert.Equal("the model is not one that is seeded from this teacher", Figure(figures, Teacher, "", FigureNames.KlClosedOfOwn).Missing);
        Assert.Equal(0, Figure(figures, Seeded, "", FigureNames.KlClosed).Value);
    }

    [Fact]
    public void An_answer_that_is_neither_is_no_yes_and_what_cannot_be_divided_is_missing()
    {
        var figures = Figures(Teacher, Seeded);
        Assert.Equal("there is nothing to divide by", Figure(figures, Seeded, "present", FigureNames.YesPrecision).Missing);
        Assert.Equal(0, Figure(figures, Seeded, "present", FigureNames.YesRecall).Value);
        Assert.Equal(0, Figure(figures, Seeded, "present", FigureNames.YesF1).Value);
        Assert.Equal(0.25, Figure(figures, Seeded, "present", FigureNames.Accuracy).Value); // of the two noes one was answered '3'
        Assert.DoesNotContain(figures.Of(Student), figure => figure is { Kind: "count", Name: FigureNames.YesF1 });
    }

    [Fact]
    public void What_needs_a_teacher_is_left_out_with_the_reason()
    {
        Assert.All(Figures().Of(Student), figure => Assert.Equal(figure.Name is FigureNames.Accuracy || figure.Name.StartsWith("yes", StringComparison.Ordinal) ? null : "no teacher was asked", figure.Missing));
        Assert.Equal("there is no linear model that is seeded from this teacher", Figure(Figures(Teacher), Student, "", FigureNames.KlClosed).Missing);
        Assert.Equal("the teacher is not above chance", Figure(Figures(Seeded), Student, "", FigureNames.OfTeacher).Missing);
    }

    [Fact]
    public void Differences_are_the_second_less_the_first()
    {
        var figures = Figures(Teacher, Seeded);
        var differences = figures.Differences(Student, Teacher).ToDictionary(difference => (difference.Kind, difference.Name));
        Assert.Equal(0.25, differences[("present", FigureNames.Accuracy)].Value, 1e-12);
        Assert.Equal(-0.25, differences[("", FigureNames.Kl)].Value, 1e-12);
        Assert.True(differences[("", FigureNames.Kl)].Conclusive);
        Assert.False(differences.ContainsKey(("", FigureNames.KlClosedOfOwn))); // the teacher has none
        Assert.All(figures.Differences(Student, Student), difference => Assert.True(difference is { Value: 0, Interval: null or { Low: 0, High: 0 }, Conclusive: false }));
    }

    [Fact]
    public void Answers_to_other_questions_are_no_pair()
    {
        var other = Student with { Answers = [.. Student.Answers.Skip(1)] };
        Assert.Contains("student answered other questions than student", Assert.Throws<ArgumentException>(() => new EvaluationFigures([Student, other], Tokenizer)).Message);
        Assert.Throws<InputException>(() => new EvaluationFigures([new ModelAnswers("none", [])], Tokenizer));
    }
}
