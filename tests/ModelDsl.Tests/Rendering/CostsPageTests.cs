using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Tests.Architecture;

namespace MmMamba.ModelDsl.Tests.Rendering;

public class CostsPageTests
{
    [Fact]
    public void Committed_page_is_what_the_table_renders() => CommittedFile.Verify(CostsPage.Render(ModelSetTests.Model("MmMambaHybrid")), "docs", "costs.md");
}
