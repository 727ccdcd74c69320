using MmMamba.ModelDsl.Binding;

namespace MmMamba.ModelDsl.Tests.Binding;

public class DiagnosticsPageTests
{
    /// <summary>With <c>MMMAMBA_WRITE_DOCS=1</c> the page is written instead of compared.</summary>
    const string WriteVariable = "MMMAMBA_WRITE_DOCS";

    [Fact]
    public void Committed_page_is_what_the_table_renders()
    {
        var page = Path.Combine(Root(), "docs", "diagnostics.md");
        var rendered = DiagnosticsPage.Render([.. Tree.Shipped.Where(file => file.Path.Contains("tiny")).Select(SpecParser.Parse)]);
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(page)!);
            File.WriteAllText(page, rendered);
        }
        Assert.True(File.Exists(page), $"{page} is missing; run this test with {WriteVariable}=1.");
        Assert.Equal(rendered, File.ReadAllText(page).Replace("\r\n", "\n"));
    }

    static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "MmMamba.Dsl.sln"))) folder = folder.Parent ?? throw new DirectoryNotFoundException("no solution above");
        return folder.FullName;
    }
}
