using TorchSharp;

namespace MmMamba.Runtime.Tests;

public class LibtorchTests
{
    [Fact]
    public void The_native_library_of_this_build_loads_on_this_host()
    {
        using var scope = torch.NewDisposeScope();
        var sum = (torch.ones(2, 3) + torch.arange(3)).sum();
        Assert.Equal(12f, sum.item<float>());
    }
}
