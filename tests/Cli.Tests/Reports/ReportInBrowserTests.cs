using System.Globalization;
using System.Text.RegularExpressions;
using MmMamba.Cli.Reports;
using SkiaSharp;

namespace MmMamba.Cli.Tests.Reports;

/// <summary>The report as a browser shows it: in light and in dark, on a desk and on a phone, with nothing loaded.</summary>
public sealed class ReportInBrowserTests : IDisposable
{
    const string Heading = "TinyMmMambaHybrid from TinyHovle";

    // The page's own colours, and those of all series.
    internal static readonly string[] LightColors = ["f6f6f3", "ffffff", "1d1f21", "3b4d61", "b07a1e", "0b7a6f"];

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    string Report(RunReport report)
    {
        ReportHtml.Write(_folder["report.html"], report);
        return _folder["report.html"];
    }

    [Fact]
    public void It_is_shown_in_light_and_in_dark_without_a_word_on_the_console()
    {
        Chromium.Require();
        var report = Report(Example.Report);
        using var light = Chromium.Shot(_folder, report, Heading, "light.png");
        using var dark = Chromium.Shot(_folder, report, Heading, "dark.png", "--force-dark-mode");
        Chromium.AssertHas(light, LightColors);
        Chromium.AssertHas(dark, "15171a", "1d2024", "e8e6e1", "a9bdd3", "e0ac52", "46c4b4");
        Assert.DoesNotContain(SKColor.Parse("15171a"), light.Pixels);
    }

    [Fact]
    public void It_fits_a_phone()
    {
        Chromium.Require();
        Report(Example.Report with { Title = new string('T', 300), CommandLine = new string('c', 500), Facts = [new("a fact", new string('f', 400))] });
        // A browser's window is never as narrow as a phone's: a frame is. The page that holds it measures it.
        File.WriteAllText(_folder["phone.html"], """
            <body><iframe src="report.html" style="width:390px;height:800px"></iframe><script>
            onload = () => { const page = document.querySelector("iframe").contentDocument.documentElement; document.body.append(`width ${page.scrollWidth} of ${page.clientWidth}`); }
            </script></body>
            """);
        var shown = Chromium.Open(_folder.Path, _folder["phone.html"], "--allow-file-access-from-files");
        var width = Regex.Match(shown.Document, @"width (\d+) of (\d+)");
        Assert.True(width.Success, shown.Document);
        int Number(int group) => int.Parse(width.Groups[group].Value, CultureInfo.InvariantCulture);
        Assert.InRange(Number(2), 370, 390);
        Assert.Equal(Number(2), Number(1));
    }

    [Fact]
    public void Whatever_a_page_would_load_or_run_is_on_the_console()
    {
        Chromium.Require();
        // The same page, as if an image and a script had come into it: what the test above finds nothing of can be found.
        var report = Report(Example.Report);
        File.WriteAllText(report, File.ReadAllText(report).Replace("</main>", "<img src=\"https://example.org/x.png\"><script>1</script></main>", StringComparison.Ordinal));
        var console = Chromium.Open(_folder.Path, report).Console;
        Assert.Contains(console, line => line.Contains("https://example.org/x.png", StringComparison.Ordinal) && line.Contains("Content Security Policy", StringComparison.Ordinal));
        Assert.Contains(console, line => line.Contains("Executing inline script violates", StringComparison.Ordinal));
    }
}
