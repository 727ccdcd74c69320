using System.Text;
using System.Text.RegularExpressions;
using MmMamba.Cli.Live;
using MmMamba.Runtime.Distillation;
using Spectre.Console;

namespace MmMamba.Cli.Tests.Live;

/// <summary>The display has every figure, in the width that there is.</summary>
public class RunDisplayTests
{
    sealed class Screen(int width, bool isTerminal) : IAnsiConsoleOutput
    {
        public StringWriter Text { get; } = new();
        public TextWriter Writer => Text;
        public bool IsTerminal => isTerminal;
        public int Width => width;
        public int Height => 40;
        public void SetEncoding(Encoding encoding) { }
    }

    static readonly StepReport Step = new("end_to_end", 12345, 20000, 62.43216, 5e-5, 1.25, 4096, 11044.4, TimeSpan.FromHours(2), new(1, 2, 3));

    static string Shown(int width, bool isTerminal, bool colors = true)
    {
        var screen = new Screen(width, isTerminal);
        var console = AnsiConsole.Create(new()
        {
            Out = screen, Ansi = isTerminal ? AnsiSupport.Yes : AnsiSupport.No, Interactive = isTerminal ? InteractionSupport.Yes : InteractionSupport.No,
            ColorSystem = colors ? ColorSystemSupport.TrueColor : ColorSystemSupport.NoColors,
        });
        using (var display = new RunDisplay(console))
        {
            display.Begin("ask the distilled student");
            display.Note("99.5 % of 222 questions, mean over kinds");
            display.Begin("end_to_end");
            display.Note("goes on after step 12000 of 20000");
            display.Report(Step with { Step = Step.Steps }, memory: 38_654_705_664);
        }
        return screen.Text.ToString();
    }

    // What a terminal shows in the end: text, line ends, the way up, and erased lines.
    static string[] Screened(string text, int width)
    {
        var (rows, row, column) = (new List<StringBuilder> { new() }, 0, 0);
        foreach (Match part in Regex.Matches(text, @"\x1b\[(?<count>[0-9;?]*)(?<command>[A-Za-z])|[\s\S]"))
        {
            switch (part.Groups["command"].Value, part.Value)
            {
                case ("A", _):
                    row -= int.Parse(part.Groups["count"].Value, System.Globalization.CultureInfo.InvariantCulture);
                    break;
                case ("K", _):
                    rows[row].Clear();
                    break;
                case ("", "\r"):
                    column = 0;
                    break;
                case ("", "\n"):
                    (row, column) = (row + 1, 0);
                    if (row == rows.Count) rows.Add(new());
                    break;
                case ("", var letter):
                    Assert.True(column < width, $"a line is longer than {width}: {rows[row]}");
                    rows[row].Append(' ', Math.Max(0, column + 1 - rows[row].Length))[column++] = letter[0];
                    break;
            }
        }
        return [.. rows.Select(line => line.ToString().TrimEnd()).Where(line => line.Length > 0)];
    }

    [Theory]
    [InlineData(30)]
    [InlineData(60)]
    [InlineData(80)]
    [InlineData(132)]
    public void Every_figure_stands_on_a_line_that_fits(int width)
    {
        var text = Shown(width, isTerminal: true);
        var frame = Screened(text, width);
        var words = string.Join("  ", frame.Select(line => line.Trim()));
        foreach (var figure in (string[])["end_to_end", "step 20000/20000", "loss 62.4322", "lr 5e-5", "norm 1.25", "11,044 tokens/s", "38.65 GB"]) Assert.Contains(figure, words);
        foreach (var word in "ask the distilled student 99.5 % of 222 questions, mean over kinds goes on after step 12000 of 20000".Split(' ')) Assert.Contains(word, words);
        if (width >= 80) Assert.Equal(5, frame.Length); // a name, the figures, and a note for each phase
        Assert.Contains("1:02:03 left", text); // of the frames before, while it was going on
    }

    [Fact]
    public void Without_colours_there_are_none() => Assert.DoesNotMatch(@"\x1b\[[0-9;]*(3|9|4|10)[0-7]m|38;", Shown(80, isTerminal: true, colors: false));

    [Fact]
    public void No_terminal_gets_plain_lines()
    {
        Assert.Equal(
            """
            ask the distilled student
            ask the distilled student: 99.5 % of 222 questions, mean over kinds
            end_to_end
            end_to_end: goes on after step 12000 of 20000
            end_to_end: step 20000/20000  loss 62.4322  lr 5e-5  norm 1.25  11,044 tokens/s  38.65 GB  1:02:03 left

            """, Shown(30, isTerminal: false).ReplaceLineEndings("\n"));
    }
}
