using System.Text;
using CsCheck;
using MmMamba.Cli.Reports;
using MmMamba.Runtime.Evaluation;
using Spectre.Console;

namespace MmMamba.Cli.Tests.Reports;

public class ReportTableTests
{
    sealed class Screen(bool isTerminal, int width = 160) : IAnsiConsoleOutput
    {
        readonly StringWriter _writer = new();

        public TextWriter Writer => _writer;
        public bool IsTerminal => isTerminal;
        public int Width => width;
        public int Height => 50;
        public void SetEncoding(Encoding encoding) { }

        public string Show(AccuracyReport accuracy)
        {
            var console = AnsiConsole.Create(new AnsiConsoleSettings { Ansi = AnsiSupport.No, ColorSystem = ColorSystemSupport.NoColors, Out = this });
            console.Profile.Capabilities.Unicode = true;
            ReportTable.Write(console, accuracy);
            return _writer.ToString();
        }
    }

    static AccuracyReport With(string text) => new([text, "b", "c"], [new(text, 0.25, [new(9, 10), new(2, 10), new(8, 10)])]);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Markup_in_data_is_shown_as_it_is_written(bool isTerminal)
    {
        foreach (var text in (string[])["[red]x[/]", "[", "]", "[[", "[link=x]", "<b>", "\"'"])
            Assert.Contains(text, new Screen(isTerminal).Show(With(text)), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Data_never_steer_the_terminal(bool isTerminal)
    {
        var shown = new Screen(isTerminal).Show(With("a\u001b[31m\r\n\u0007\u009b\u202eb"));
        Assert.DoesNotContain(shown, c => char.IsControl(c) && c != '\n' || c == '\u202e');
        Assert.Contains("a\uFFFD[31m\uFFFD\uFFFD\uFFFD\uFFFD\uFFFDb", shown, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Any_text_can_be_shown(bool isTerminal) =>
        Gen.String.Sample(text => new Screen(isTerminal).Show(With(text)).Length > 0, iter: 300);

    [Fact]
    public void Elsewhere_than_in_a_terminal_it_is_plain_columns() => Assert.Equal(
        """
        kind     chance                   teacher                    seeded                 distilled  recovered
        present    50.0  95.0 [92.7–96.6] 475/500  52.4 [48.0–56.7] 262/500  91.0 [88.2–93.2] 455/500     90.6 %
        at          8.3  89.6 [86.6–92.0] 448/500     8.2 [6.1–10.9] 41/500  78.2 [74.4–81.6] 391/500     86.0 %
        beside      8.3  80.4 [76.7–83.6] 402/500     8.8 [6.6–11.6] 44/500  63.6 [59.3–67.7] 318/500     76.5 %
        count      20.0  78.0 [74.2–81.4] 390/500  23.6 [20.1–27.5] 118/500  68.2 [64.0–72.1] 341/500     82.0 %
        choice     33.3  92.4 [89.7–94.4] 462/500  34.0 [30.0–38.3] 170/500  86.0 [82.7–88.8] 430/500     89.0 %
        mean       24.0          87.1 [85.7–88.3]          25.4 [23.9–27.0]          77.4 [75.7–78.9]     84.3 %
        percent right, [95 % interval], right/asked

        """, new Screen(false).Show(Example.Accuracy));

    [Theory]
    [InlineData(160, 12)] // a line a kind
    [InlineData(80, 23)] // three
    [InlineData(44, 37)] // a line a figure
    public void In_a_terminal_it_fits(int width, int lines)
    {
        var shown = new Screen(true, width).Show(Example.Accuracy).TrimEnd('\n').Split('\n');
        Assert.All(shown, line => Assert.InRange(line.TrimEnd().Length, 0, width));
        Assert.Equal(lines, shown.Length);
        var text = string.Join('\n', shown);
        foreach (var figure in (string[])["present", "choice", "mean", "95.0", "[92.7\u201396.6]", "475/500", "84.3 %", "percent right"]) Assert.Contains(figure, text, StringComparison.Ordinal);
    }

    [Fact]
    public void One_model_alone_recovers_nothing() =>
        Assert.DoesNotContain("recovered", ReportTable.Plain(new(["teacher"], [new("at", 0.1, [new(5, 10)])])), StringComparison.Ordinal);

    [Fact]
    public void Where_the_teacher_is_no_better_nothing_is_recovered() =>
        Assert.EndsWith("\u2013", ReportTable.Plain(new(["t", "s", "d"], [new("at", 0.1, [new(5, 10), new(5, 10), new(7, 10)]), new("b", 0.1, [new(5, 10), new(1, 10), new(3, 10)])])).Split('\n')[1], StringComparison.Ordinal);

    [Fact]
    public void It_is_made_of_what_evaluations_gave()
    {
        EvaluationResult Result(int at, int count) => new([new("at", new(at, 10), 0.1, 10), new("count", new(count, 20), 0.25, 4)], []);
        var report = AccuracyReport.Of(("teacher", Result(9, 18)), ("seeded", Result(1, 5)));
        Assert.Equal(["teacher", "seeded"], report.Models);
        Assert.Equal([("at", 0.1), ("count", 0.25)], report.Rows.Select(row => (row.Kind, row.Chance)));
        Assert.Equal([new(18, 20), new Proportion(5, 20)], report.Rows[1].Scores);
    }
}
