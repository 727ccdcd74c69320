using MmMamba.Runtime.Kernels.Cuda;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>Compiled code is kept, and believed only as long as it is what was written.</summary>
public sealed class CubinCacheTests : IDisposable
{
    readonly string _folder = Path.Combine(Path.GetTempPath(), "mmmamba-" + Guid.NewGuid().ToString("N"));
    int _compiled;

    public void Dispose()
    {
        if (Directory.Exists(_folder)) Directory.Delete(_folder, recursive: true);
    }

    byte[] Get(CubinCache cache, params string[] key) => cache.Get(key, () => [1, 2, (byte)++_compiled]);

    [Fact]
    public void What_was_compiled_is_not_compiled_again()
    {
        Assert.Equal([1, 2, 1], Get(new(_folder), "source", "sm_90"));
        Assert.Equal([1, 2, 1], Get(new(_folder), "source", "sm_90"));
        Assert.Equal(1, _compiled);
    }

    [Fact]
    public void Every_part_of_the_key_counts_and_where_it_ends()
    {
        foreach (string[] key in (string[][])[["ab", "c"], ["a", "bc"], ["abc"], ["abc", ""]]) Get(new(_folder), key);
        Assert.Equal(4, _compiled);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void A_damaged_file_is_compiled_again(int at)
    {
        Get(new(_folder), "source");
        var file = Assert.Single(Directory.GetFiles(_folder));
        var bytes = File.ReadAllBytes(file);
        bytes[at < 0 ? bytes.Length - 1 : at] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.Equal([1, 2, 2], Get(new(_folder), "source"));
        Assert.Equal([1, 2, 2], Get(new(_folder), "source"));
    }

    [Fact]
    public void A_file_that_was_cut_short_is_compiled_again()
    {
        Get(new(_folder), "source");
        File.WriteAllBytes(Assert.Single(Directory.GetFiles(_folder)), [7]);
        Assert.Equal([1, 2, 2], Get(new(_folder), "source"));
    }

    [Fact]
    public void Where_nothing_can_be_written_nothing_is_kept()
    {
        Directory.CreateDirectory(_folder);
        var file = Path.Combine(_folder, "file");
        File.WriteAllText(file, "");
        Assert.Equal([1, 2, 1], Get(new(Path.Combine(file, "below")), "source"));
        Assert.Equal([1, 2, 2], Get(new(Path.Combine(file, "below")), "source"));
    }
}
