using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Tests.Kernels.Emulation;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>A kernel that was changed is not taken for one that has passed.</summary>
public sealed class KernelSourceTests
{
    [Fact]
    public void Every_source_is_the_one_that_passed_on_a_gpu_or_is_not_used_there() => Assert.All(KernelSource.All, source => Assert.True(
        source.Hash == source.Passed || source.Passed == "-",
        $"{source.Name} has changed since its tests passed on a GPU. Run them there (docs/gpu.md); where they pass, its first line is: // Passed on a GPU: sha256 {source.Hash}"));

    [Fact]
    public void The_record_of_that_run_is_of_the_same_sources()
    {
        var record = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Kernels", "gpu.log"));
        Assert.All(KernelSource.All.Where(source => source.HasPassed), source => Assert.Contains($"{source.Name} {source.Passed}", record));
        Assert.Contains(record, line => line.Contains("Errors: 0, Failed: 0, Skipped: 0", StringComparison.Ordinal));
    }

    [Fact]
    public void What_has_not_passed_is_not_used()
    {
        Assert.All(KernelSource.Decode, source => Assert.True(source.HasPassed)); // a decoded token asks for its kernels by itself
        var device = new RecordedDevice(EmulatedDevice.Here(), runsUnproven: false);
        using var running = KernelDevice.StandIn(device);
        Assert.True(Used("// Passed on a GPU: sha256 1234\n"));
        Assert.False(Used("// Passed on a GPU: sha256 -\n"));

        static bool Used(string text) => PassKernels.Of(text, [new("x.cu", text)], new Dictionary<string, string>()).On(CPU) is not null;
    }

    [Fact]
    public void The_hash_is_of_all_lines_but_the_first()
    {
        var source = new KernelSource("x.cu", "// Passed on a GPU: sha256 1234\nint x;\n");
        Assert.Equal("1234", source.Passed);
        Assert.Equal(source.Hash, (source with { Text = "another\nint x;\n" }).Hash);
        Assert.NotEqual(source.Hash, (source with { Text = source.Text + " " }).Hash);
        Assert.Null((source with { Text = "int x;\n" }).Passed);
    }
}
