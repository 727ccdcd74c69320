using System.Text.Json;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Tests.Architecture;
using MmMamba.Testing;

namespace MmMamba.ModelDsl.Tests.Rendering;

public class DescribeJsonTests
{
    [Theory, InlineData("Hovle"), InlineData("MmMambaHybrid")]
    public void Shipped(string name) => Snapshot.Verify(DescribeJson.Render(ModelSetTests.Model(name)), "json", name);

    [Fact]
    public void Programs_find_the_counts()
    {
        using var json = JsonDocument.Parse(DescribeJson.Render(Published.Hybrid), new() { AllowDuplicateProperties = false });
        var root = json.RootElement;
        Assert.Equal(2_708_076_288, root.GetProperty("parameter_count").GetInt64());
        Assert.Equal([135_664_640, 404_100_096, 303_075_072], root.GetProperty("stages").EnumerateArray().Select(stage => stage.GetProperty("trained_count").GetInt64()));
        Assert.Equal(Published.Hybrid.Tensors.Count, root.GetProperty("tensor_count").GetInt32());
        Assert.Equal(32, root.GetProperty("layers").GetArrayLength());
    }
}
