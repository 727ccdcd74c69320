using MmMamba.Runtime.Distillation;

namespace MmMamba.Cli.Reports;

/// <summary>The chain of artefacts that a student came from: its teacher, and stage by stage what each began with and was told.</summary>
static class ChainTable
{
    const int Shortened = 12;

    public static Html Render(ArtefactChain? chain) => chain is null ? Html.Empty : Html.Of(
        $"""
        <section class="chain">
        <h2>What it was made from</h2>
        <dl><div><dt>teacher</dt><dd>{chain.Teacher.Name} <code>{chain.Teacher.Fingerprint}</code></dd></div><div><dt>SHA-256 of its tensors</dt><dd><code>{chain.Teacher.Hash}</code></dd></div><div><dt>seed of the draws</dt><dd>{chain.Seed}</dd></div></dl>
        <div class="scroll">
        <table>
        <thead><tr><th>stage</th><th>began with</th><th>trained</th><th class="number">steps</th><th class="number">rate</th><th class="number">loss</th><th class="number">seed</th><th>data</th></tr></thead>
        <tbody>
        {chain.Stages.Select(Row)}
        </tbody>
        </table>
        </div>
        <p class="note">A stage began with mixers of this SHA-256, of which the first {Shortened} digits are shown. <code>mmmamba inspect</code> on the student's checkpoint shows the same.</p>
        </section>
        """);

    static Html Row(StageRecord stage) => stage.Skipped
        ? Html.Of($"<tr><th scope=\"row\">{stage.Stage.NameOf()}</th><td><code>{Short(stage.Parent)}</code></td><td colspan=\"6\">skipped</td></tr>\n")
        : Html.Of(
            $"<tr><th scope=\"row\">{stage.Stage.NameOf()}</th><td><code>{Short(stage.Parent)}</code></td><td>{string.Join(' ', stage.Train.Select(group => group.ToString().ToLowerInvariant()))}</td><td class=\"number\">{stage.Steps} of {stage.Batch}</td><td class=\"number\">{stage.LearningRate}</td><td class=\"number\">{Figures.Loss(stage.FirstLoss)} → {Figures.Loss(stage.LastLoss)}</td><td class=\"number\">{stage.Seed}</td><td>{stage.Data}</td></tr>\n");

    static string Short(string hash) => hash.Length <= Shortened ? hash : hash[..Shortened];
}
