using MmMamba.Runtime.Native;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>The choice of a libtorch.</summary>
public sealed class NativeTests : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_libtorch_in_use_is_known()
    {
        var info = Libtorch.Ensure();
        Assert.Equal(info, Libtorch.Ensure());
        Assert.Matches(@"^2\.1[01]$", info.Version);
        Assert.NotEmpty(Directory.GetFiles(info.Folder, "*torch_cpu*"));
    }

    [Theory]
    [InlineData(2, 9, false)]
    [InlineData(2, 10, true)]
    [InlineData(2, 11, true)]
    [InlineData(2, 12, false)]
    [InlineData(3, 10, false)]
    public void Versions_that_fit(int major, int minor, bool fits) => Assert.Equal(fits, StableAbi.Accepts(major, minor));

    [Fact]
    public void A_folder_that_is_none_is_refused()
    {
        var error = Assert.Throws<InputException>(() => Libtorch.LoadFrom(Path.Combine(_folder, "missing")));
        Assert.Contains("is not a folder", error.Message, StringComparison.Ordinal);
        Assert.Contains(Libtorch.Variable, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_libtorch_is_refused()
    {
        var error = Assert.Throws<InputException>(() => Libtorch.LoadFrom(_folder));
        Assert.Contains("c10", error.Message, StringComparison.Ordinal);
        Assert.Contains("is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_libtorch_beside_the_program_s_own_is_refused()
    {
        foreach (var part in new[] { "c10", "torch_cpu", "torch" })
            foreach (var name in new[] { $"lib{part}.so", $"lib{part}.dylib", $"{part}.dll" }) File.WriteAllText(Path.Combine(_folder, name), "another");
        var error = Assert.Throws<InputException>(() => Libtorch.LoadFrom(_folder));
        Assert.Contains("brings a libtorch of its own", error.Message, StringComparison.Ordinal);
        Assert.Contains("MmMambaBackend=external", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_library_is_refused_with_the_loader_s_reason()
    {
        var file = Path.Combine(_folder, "libc10.so");
        File.WriteAllText(file, "no library");
        var error = Assert.Throws<InputException>(() => Libtorch.Load(file));
        Assert.Contains("does not load", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }
}
