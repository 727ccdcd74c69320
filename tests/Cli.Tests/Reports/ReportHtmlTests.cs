using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using CsCheck;
using MmMamba.Cli.Reports;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Tests.Reports;

public class ReportHtmlTests
{
    static readonly string[] Hostile =
    [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "'\" onmouseover='x'", "</style><b>", "</title>", "</pre></svg>", "&amp;&lt;", "<!--", "]]>",
        "{0} {1:x} {{", "[red]", "\u001b[31m", "\0", "\u202Eevil", "a\nb", "\uD800", "図🚂", "",
    ];

    static RunReport With(string text) => new()
    {
        Title = text, Summary = text, CommandLine = text, Sheet = text, Facts = [new(text, text)], Void = [text],
        Stages = [new(text, [new(1, 2, 1e-3), new(2, 1, 1e-3)]), new(text, [new(1, double.NaN, 0)])],
        Accuracy = new([text, text, text], [new(text, 0.5, [new(9, 10), new(2, 10), new(8, 10)])]), Transfer = text,
        Chain = new(new(text, text, text), 1, [new(StageKind.Introduced, true, text), new(StageKind.Mixer, false, text) { Train = [TensorGroup.Key], Data = text }]),
    };

    // The page is written so that it is well-formed XML but for its doctype and void elements.
    internal static XElement Parse(string html) => XElement.Parse(
        Regex.Replace(html.Replace("<!DOCTYPE html>", "", StringComparison.Ordinal), "<meta ([^>]*)>", "<meta $1/>"), LoadOptions.PreserveWhitespace);

    static string Shape(XElement page) => string.Join('\n', page.DescendantsAndSelf().Select(element =>
        $"{element.Name} {string.Join(' ', element.Attributes().Select(attribute => attribute.Name))}"));

    [Fact]
    public void Whatever_the_data_say_the_page_has_the_same_elements_and_attributes()
    {
        var plain = Shape(Parse(ReportHtml.Render(With("plain"))));
        foreach (var text in Hostile.Where(text => text.Length > 0))
            Assert.Equal(plain, Shape(Parse(ReportHtml.Render(With(text)))));
    }

    [Fact]
    public void Any_text_leaves_the_page_as_it_is()
    {
        var plain = Shape(Parse(ReportHtml.Render(With("plain"))));
        Gen.String.Where(text => text.Length > 0).Sample(text => Shape(Parse(ReportHtml.Render(With(text)))) == plain, iter: 300);
    }

    [Fact]
    public void Hostile_text_can_be_read_as_it_was_written()
    {
        var page = Parse(ReportHtml.Render(With("<script>alert(\"1\" & 'x')</script>")));
        Assert.Equal("<script>alert(\"1\" & 'x')</script>", page.Descendants("h1").Single().Value);
        Assert.Empty(page.Descendants("script"));
    }

    [Fact]
    public void The_page_loads_nothing() => AssertLoadsNothing(ReportHtml.Render(Example.Report));

    internal static void AssertLoadsNothing(string html)
    {
        Assert.DoesNotMatch(@"(src|href|url)\s*[=(]", html);
        Assert.DoesNotContain("@import", html, StringComparison.Ordinal);
        Assert.DoesNotContain("http", html.Replace("http-equiv", "", StringComparison.Ordinal), StringComparison.Ordinal);
    }

    [Fact]
    public void Every_figure_stands_beside_its_interval_and_chance()
    {
        var rows = Parse(ReportHtml.Render(Example.Report)).Descendants("tbody").First().Elements("tr").ToArray();
        Assert.Equal(5, rows.Length);
        Assert.Equal(
            ["present", "50.0", "95.0|92.7\u201396.6|475 of 500", "52.4|48.0\u201356.7|262 of 500", "91.0|88.2\u201393.2|455 of 500", "90.6 %"],
            rows[0].Elements().Select(cell => string.Join('|', cell.Nodes().Select(node => node is XElement element ? element.Value : node.ToString()))));
    }

    [Fact]
    public void The_command_is_what_a_shell_takes_again()
    {
        Assert.Equal("mmmamba distill my.yaml --lr 1e-3 '' 'a b' 'it'\\''s' '$HOME' '#x' 'ü'", CommandText.Of(["distill", "my.yaml", "--lr", "1e-3", "", "a b", "it's", "$HOME", "#x", "ü"]));
        string[] arguments = ["a b", "it's", "$HOME`x`\\", "*", "~", "\"", "!", ""];
        var echoed = Tool.RunCommand("sh", Path.GetTempPath(), "-c", CommandText.Of(arguments).Replace("mmmamba", "printf '%s\\n'", StringComparison.Ordinal));
        Assert.Equal(string.Concat(arguments.Select(argument => argument + "\n")), echoed.Output);
    }

    [Fact]
    public void What_it_was_made_from_and_how_it_began_stand_on_the_page()
    {
        var page = Parse(ReportHtml.Render(Example.Report));
        var text = page.Value;
        Assert.Contains("TinyMmMambaHybrid begins as TinyHovle, seed mimic", text);
        Assert.Contains(new string('c', 64), text);
        Assert.Equal(["introduced|aaaaaaaaaaaa|skipped", "mixer|bbbbbbbbbbbb|query gatenorm|300 of 32|0.0005|0.9 \u2192 0.3|7|drawn"],
            page.Descendants("tbody").Last().Elements("tr").Select(row => string.Join('|', row.Elements().Select(cell => cell.Value))));
    }

    [Fact]
    public void A_void_comparison_says_so()
    {
        Assert.DoesNotContain("comparison is void", ReportHtml.Render(Example.Report), StringComparison.Ordinal);
        Assert.Contains("comparison is void", ReportHtml.Render(Example.Report with { Void = ["at: the teacher is at chance"] }), StringComparison.Ordinal);
    }

    [Fact]
    public void Points_of_curves_lie_inside_their_pictures()
    {
        var page = Parse(ReportHtml.Render(Example.Report with { Stages = [.. Example.Report.Stages, new("one", [new(5, 1, 0)]), new("flat", [new(1, 0, 0), new(2, 0, 0)])] }));
        var lines = page.Descendants("svg").SelectMany(svg => svg.Descendants().Where(e => e.Attribute("points") is not null)
            .Select(e => (Box: svg.Attribute("viewBox")!.Value.Split(' '), Points: e.Attribute("points")!.Value))).ToArray();
        Assert.Equal(3 * 4 + 2 * 3, lines.Length); // two stages know no norms
        foreach (var (box, points) in lines)
            foreach (var point in points.Split(' ', StringSplitOptions.RemoveEmptyEntries))
            {
                var xy = point.Split(',').Select(number => double.Parse(number, CultureInfo.InvariantCulture)).ToArray();
                Assert.InRange(xy[0], 0, double.Parse(box[2], CultureInfo.InvariantCulture));
                Assert.InRange(xy[1], 0, double.Parse(box[3], CultureInfo.InvariantCulture));
            }
    }

    [Fact]
    public void A_report_without_anything_is_still_a_page() =>
        Parse(ReportHtml.Render(new() { Title = "t", CommandLine = "c", Accuracy = new([], []) }));
}
