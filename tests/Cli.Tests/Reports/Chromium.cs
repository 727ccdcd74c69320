using System.Text.RegularExpressions;
using SkiaSharp;

namespace MmMamba.Cli.Tests.Reports;

/// <summary>A page as Chromium shows it, without a window.</summary>
/// <param name="Document">The document after it was loaded.</param>
/// <param name="Console">What the page, or the browser about it, wrote to the console.</param>
sealed record ShownPage(string Document, IReadOnlyList<string> Console);

/// <summary>Chromium, where it is installed.</summary>
static class Chromium
{
    static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome"];

    static readonly string? Program = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .SelectMany(folder => Names.Select(name => Path.Combine(folder, name))).FirstOrDefault(File.Exists);

    public static bool IsInstalled => Program is not null;

    /// <summary>Skips the test, saying why, where there is none.</summary>
    public static void Require() => Assert.SkipWhen(Program is null, $"no Chromium is installed ({string.Join(", ", Names)}): install the package 'chromium' to have the report looked at");

    /// <summary>Opens a page.</summary>
    /// <param name="folder">Receives what the browser keeps.</param>
    /// <param name="more">Further options, such as a screenshot.</param>
    public static ShownPage Open(string folder, string page, params string[] more)
    {
        var run = Tool.RunCommand("timeout", folder,
        [
            "60", Program!, "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-extensions", "--hide-scrollbars",
            $"--user-data-dir={Path.Combine(folder, "profile")}", "--enable-logging=stderr", "--dump-dom", .. more, new Uri(page).AbsoluteUri,
        ]);
        Assert.True(run.ExitCode == 0, run.Error);
        return new(run.Output, [.. run.Error.Split('\n').Where(line => Regex.IsMatch(line, @":CONSOLE[:(]"))]);
    }

    /// <summary>A picture of a page that has this heading and wrote nothing to the console.</summary>
    public static SKBitmap Shot(TemporaryFolder folder, string page, string heading, string name, params string[] more)
    {
        var shown = Open(folder.Path, page, ["--window-size=1000,2600", $"--screenshot={folder[name]}", .. more]);
        Assert.Empty(shown.Console);
        Assert.Contains($"{heading}</h1>", shown.Document);
        return SKBitmap.Decode(folder[name]);
    }

    /// <summary>Makes sure that a picture has all of some colours; one that is blank has one.</summary>
    public static void AssertHas(SKBitmap picture, params string[] colors)
    {
        var pixels = picture.Pixels.ToHashSet();
        foreach (var color in colors) Assert.True(pixels.Contains(SKColor.Parse(color)), $"the picture lacks #{color}");
    }
}
