using MmMamba.Runtime.Kernels.Cuda;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>A kernel that was changed is not taken for one that has passed.</summary>
public sealed class KernelSourceTests
{
    [Fact]
    public void Every_source_is_the_one_that_passed_on_a_gpu() => Assert.All(KernelSource.All, source => Assert.True(
        source.Hash == source.Passed,
        $"{source.Name} has changed since its tests passed on a GPU. Run them there (docs/gpu.md); where they pass, its first line is: // Passed on a GPU: sha256 {source.Hash}"));

    [Fact]
    public void The_record_of_that_run_is_of_the_same_sources()
    {
        var record = File.ReadAllLines(Path.Combine(AppContext.BaseDirectory, "Kernels", "captured-token.log"));
        Assert.All(KernelSource.All, source => Assert.Contains($"{source.Name} {source.Passed}", record));
        Assert.Contains(record, line => line.Contains("Errors: 0, Failed: 0, Skipped: 0", StringComparison.Ordinal));
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
