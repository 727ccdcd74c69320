using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Checkpoints;

/// <summary>Weights that are mapped are those that are read, live as long as they are needed, and never change the file.</summary>
public sealed class MappedTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    bool IsMapped(string name) => File.ReadAllText("/proc/self/maps").Contains(_folder[name], StringComparison.Ordinal);

    [Theory]
    [InlineData(CheckpointLayout.Unfused)]
    [InlineData(CheckpointLayout.Released)]
    public void A_mapped_model_is_the_model_that_is_read(CheckpointLayout layout)
    {
        using (var model = GoldenModel.Load(GoldenModel.Hybrid)) Checkpoint.Save(model, _folder["x"], layout: layout);
        using var scope = NewDisposeScope();
        using var read = Checkpoint.Load(null, _folder["x"]);
        using var mapped = Checkpoint.Load(null, _folder["x"], access: WeightAccess.Map);
        using var guard = no_grad();
        var input = new ModelInput(tensor(new[] { 1L, 5, 9, 3, 7, 2 }, 1, 6));
        Assert.True(read.Forward(input).Equals(mapped.Forward(input)));
    }

    [Fact]
    public void The_map_ends_with_the_last_tensor()
    {
        if (!OperatingSystem.IsLinux()) return;
        SafetensorsWriter.Write(_folder["x"], [("a", arange(6, ScalarType.Float32)), ("b", ones(3))]);
        Tensor a, rows;
        using (var file = SafetensorsFile.Open(_folder["x"], WeightAccess.Map))
        {
            a = file.Read("a");
            rows = file.ReadRows("a", 2, 3);
            Assert.True(IsMapped("x"));
        }
        Assert.Equal([2f, 3f, 4f], rows.data<float>().ToArray());
        var alias = a.narrow(0, 4, 2);
        a.Dispose();
        rows.Dispose();
        Assert.Equal([4f, 5f], alias.data<float>().ToArray());
        Assert.True(IsMapped("x"));
        alias.Dispose();
        Assert.False(IsMapped("x"));
    }

    [Fact]
    public void What_is_written_to_a_tensor_stays_in_memory()
    {
        SafetensorsWriter.Write(_folder["x"], [("a", zeros(1000))]);
        var before = File.ReadAllBytes(_folder["x"]);
        using (var file = SafetensorsFile.Open(_folder["x"], WeightAccess.Map))
        {
            using var a = file.Read("a");
            using var same = a.add_(1);
            Assert.Equal(1000f, a.sum().item<float>());
            using var again = file.Read("a");
            Assert.Equal(1000f, again.sum().item<float>());
        }
        Assert.Equal(before, File.ReadAllBytes(_folder["x"]));
    }

    [Fact]
    public void Other_types_and_odd_places_are_read()
    {
        File.WriteAllBytes(_folder["x"], SafetensorsBytes.Of("""{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}""", 4)); // 8 + 54 bytes of header
        using var file = SafetensorsFile.Open(_folder["x"], WeightAccess.Map);
        Assert.NotEqual(0, file["a"].Offset % 4);
        using var odd = file.Read("a");
        using var other = file.Read("a", ScalarType.BFloat16);
        Assert.Equal((0f, ScalarType.BFloat16), (odd.item<float>(), other.dtype));
    }

    [Fact]
    public void A_conversion_goes_block_by_block()
    {
        using var scope = NewDisposeScope();
        var values = arange(40_000_000, ScalarType.Int32).remainder(251).to(ScalarType.BFloat16);
        SafetensorsWriter.Write(_folder["x"], [("a", values)]);
        using var file = SafetensorsFile.Open(_folder["x"]);
        Assert.True(values.to(ScalarType.Float32).Equals(file.Read("a", ScalarType.Float32)));
    }
}
