using MmMamba.ModelDsl.Binding;

namespace MmMamba.ModelDsl.Tests.Binding;

public class DiagnosticsPageTests
{
    [Fact]
    public void Committed_page_is_what_the_table_renders() => CommittedFile.Verify(
        DiagnosticsPage.Render([.. Tree.Shipped.Where(file => file.Path.Contains("tiny")).Select(SpecParser.Parse)]), "docs", "diagnostics.md");
}
