using System.Globalization;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>What every stage of a recipe holds on a GPU, and how much of the recipe there is to do: <see cref="TrainingMemory"/> as tables.</summary>
public static class TrainingMemoryView
{
    const decimal GiB = 1L << 30;

    /// <summary>The tables as text.</summary>
    /// <param name="tokensPerSecond">Of one GPU in each stage, in their order, where they are known.</param>
    /// <inheritdoc cref="Of"/>
    public static string Text(ResolvedModel student, ResolvedModel teacher, TrainingPass pass, IReadOnlyList<double>? tokensPerSecond = null) =>
        DocumentText.Render(Of(student, teacher, pass, tokensPerSecond));

    /// <summary>The same in GitHub's Markdown.</summary>
    /// <inheritdoc cref="Text"/>
    public static string Markdown(ResolvedModel student, ResolvedModel teacher, TrainingPass pass, IReadOnlyList<double>? tokensPerSecond = null) =>
        DocumentMarkdown.Render(Of(student, teacher, pass, tokensPerSecond));

    /// <summary>The tables.</summary>
    /// <param name="student">A student.</param>
    /// <param name="teacher">Its teacher.</param>
    /// <param name="pass">What the stages are run with; the end-to-end stage is shown with and without checkpointing.</param>
    /// <param name="tokensPerSecond">Of one GPU in each stage.</param>
    static Document Of(ResolvedModel student, ResolvedModel teacher, TrainingPass pass, IReadOnlyList<double>? tokensPerSecond)
    {
        var stages = student.Distillation!.Stages;
        (string Title, EquatableArray<HeldBytes> Held)[] columns =
        [
            .. stages.Select(stage => (Words.Of(stage.Spec.Kind), TrainingMemory.Of(student, teacher, stage.Spec.Kind, pass with { Checkpointing = false }))),
            (Words.Of(StageKind.EndToEnd) + ", layers run again", TrainingMemory.Of(student, teacher, StageKind.EndToEnd, pass with { Checkpointing = true })),
        ];
        var table = new Columns("l" + new string('r', columns.Length)).Titled(["GiB", .. columns.Select(column => column.Title)]);
        foreach (var name in columns[columns.Length - 2].Held.Select(line => line.Name))
            table.Row([name, .. columns.Select(column => column.Held.SingleOrDefault(line => line.Name == name) is { } line ? Gib(line.Bytes) : "")]);
        table.Row(["sum", .. columns.Select(column => Gib(column.Held.Sum(line => line.Bytes)))]);

        var work = new Columns("l" + new string('r', tokensPerSecond is null ? 4 : 6))
            .Titled(["stage", "steps", "sequences a step", "of a GPU", "tokens", .. tokensPerSecond is null ? Array.Empty<string>() : ["tokens/s, all", "hours"]]);
        for (var i = 0; i < stages.Count; i++)
        {
            var spec = stages[i].Spec;
            var tokens = (decimal)spec.Steps * spec.Batch * pass.Length;
            string[] pace = tokensPerSecond is null ? [] : [Figures.Count((decimal)tokensPerSecond[i] * pass.Gpus), Hours(tokens / (decimal)tokensPerSecond[i] / pass.Gpus)];
            work.Row([Words.Of(spec.Kind), Figures.Count(spec.Steps), Figures.Count(spec.Batch), Figures.Count((spec.Batch + pass.Gpus - 1) / pass.Gpus), Figures.Count(tokens), .. pace]);
        }
        return new Document()
            .Title($"{student.Name} from {teacher.Name}: what its stages hold on {(pass.Gpus == 1 ? "a GPU" : $"each of {pass.Gpus} GPUs")}, {Figures.Count(pass.Sequences)} x {Figures.Count(pass.Length)} tokens in a pass")
            .Remark("CUDA itself, what libtorch's allocator keeps and tensors of one operation come on top.")
            .Heading("memory").Table(table).Heading("work").Table(work);
    }

    static string Gib(decimal bytes) => (bytes / GiB).ToString("0.0", CultureInfo.InvariantCulture);

    static string Hours(decimal seconds) => (seconds / 3600).ToString("#,0", CultureInfo.InvariantCulture);
}
