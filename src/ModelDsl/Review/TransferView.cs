using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;
using static MmMamba.ModelDsl.Rendering.JsonText;

namespace MmMamba.ModelDsl.Review;

/// <summary>
/// The transfer from a teacher to a student, from both sides: what every tensor of the student comes from, and what becomes of
/// every tensor of the teacher. Layers in which the same happens stand together, unless every tensor is asked for.
/// </summary>
public static class TransferView
{
    /// <summary>The plan as text; lines end in <c>\n</c>.</summary>
    /// <param name="student">The student.</param>
    /// <param name="teacher">The teacher that it names.</param>
    /// <param name="full">Every tensor by its whole name.</param>
    /// <exception cref="ArgumentException">The teacher is another one, or doesn't fit.</exception>
    public static string Text(ResolvedModel student, ResolvedModel teacher, bool full = false) => DocumentText.Render(Of(student, teacher, full));

    /// <summary>The same in GitHub's Markdown.</summary>
    public static string Markdown(ResolvedModel student, ResolvedModel teacher, bool full = false) =>
        DocumentMarkdown.Render(Of(student, teacher, full));

    /// <summary>The same for programs.</summary>
    public static string Json(ResolvedModel student, ResolvedModel teacher, bool full = false)
    {
        var plan = TransferPlan.Of(student, teacher);
        return new JsonText()
            .Field("student", String(student.Name))
            .Field("teacher", String(teacher.Name))
            .Field("seed", String(student.Seed is { } seed ? Words.Of(seed.Kind) : null))
            .Lines("student_tensors", TransferPart.Of(plan, student, full).SelectMany(Lines))
            .Lines("teacher_tensors", TransferPart.OfTeacher(plan, teacher, full).SelectMany(Lines))
            .ToString();
    }

    internal static Document Of(ResolvedModel student, ResolvedModel teacher, bool full)
    {
        var plan = TransferPlan.Of(student, teacher);
        var view = new Document()
            .Title($"{student.Name} begins as {teacher.Name}" + (student.Seed is { } seed ? $", seed {Words.Of(seed.Kind)}" : ""));
        var census = Census.Of(student);
        view.Heading($"{student.Name}: {Figures.Count(plan.StudentRows.Count)} tensors").Table(new Columns("lrr")
            .Row("copied", $"{Figures.Count(census.Copied.Tensors)} tensors", Figures.Count(census.Copied.Parameters))
            .Row("sliced", $"{Figures.Count(census.Sliced.Tensors)} tensors", Figures.Count(census.Sliced.Parameters))
            .Row("drawn", $"{Figures.Count(census.Drawn.Tensors)} tensors", Figures.Count(census.Drawn.Parameters)));
        Parts(view, student, TransferPart.Of(plan, student, full), full, "begins as");
        view.Heading($"{teacher.Name}: {Figures.Count(plan.TeacherRows.Count)} tensors").Table(new Columns("lr")
            .Row("consumed", $"{Figures.Count(plan.TeacherRows.Count - plan.Dropped.Count)} tensors")
            .Row("dropped", $"{Figures.Count(plan.Dropped.Count)} tensors"));
        Parts(view, teacher, TransferPart.OfTeacher(plan, teacher, full), full, "becomes");
        return view;
    }

    static void Parts(Document view, ResolvedModel model, IReadOnlyList<TransferPart> parts, bool full, string fate)
    {
        foreach (var part in parts)
        {
            if (part.Tower is { } tower)
            {
                var kind = model.Layers[part.Layers[0]].Mixer.Kind.Word;
                view.Heading($"{model.Name}, {tower}: {Figures.Count(part.Layers.Count)} x {kind}");
                view.Line($"layers {Figures.Indices(part.Layers)}");
            }
            else view.Heading($"{model.Name}, {(full ? "every tensor" : "outside the layers")}");
            var columns = new Columns("lrl").Titled("tensor", "shape", fate);
            foreach (var row in part.Rows) columns.Row(row.Name, row.Shape, row.Text);
            view.Table(columns);
        }
    }

    static IEnumerable<string> Lines(TransferPart part) => part.Rows.Select(row => Inline(
    [
        ("name", String(row.Name)), ("shape", String(row.Shape)), ("fate", String(row.Fate)), ("text", String(row.Text)),
        .. part.Tower is null ? Array.Empty<(string, string)>() : [("tower", String(part.Tower)), ("layers", List(part.Layers.Select(index => Number(index))))],
    ]));
}
