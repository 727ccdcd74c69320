using System.Text.Json;

namespace MmMamba.Cli.Tests;

/// <summary><c>mmmamba bench scan</c> says what it measured.</summary>
public sealed class ScanBenchTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Every_length_has_its_runs_beside_bytes_and_operations()
    {
        var (code, output, error) = Tool.Call(
            _folder.Path, "bench", "scan", "TinyMmMambaHybrid", "--lengths", "100", "40", "--batch", "2", "--repeats", "4", "--json", _folder["scan.json"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("6 heads of 16 in 3 groups, cpu, 2 at once; 4 runs after 3 that are not counted", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(File.ReadAllText(_folder["scan.json"]));
        var rows = json.RootElement.GetProperty("rows").EnumerateArray().ToArray();
        Assert.Equal([40, 100], rows.Select(row => row.GetProperty("length").GetInt32()));
        Assert.All(rows, row =>
        {
            Assert.Equal("plain operations, float32", row.GetProperty("path").GetString());
            var times = row.GetProperty("ms").EnumerateArray().Select(ms => ms.GetDouble()).ToArray();
            Assert.Equal(4, times.Length);
            Assert.True(times.Min() > 0);
            var sorted = times.Order().ToArray();
            Assert.Equal((sorted[1] + sorted[2]) / 2, row.GetProperty("median_ms").GetDouble(), 6);
        });
        // Values and keys of 3 groups, queries and outputs of 6 heads, all of them 16 wide, and 6 steps; the state of 6 x 16 x 16 read and written.
        Assert.Equal([4 * (2 * 40 * (18 * 16 + 6) + 2 * 2 * 6 * 16 * 16), 4 * (2 * 100 * (18 * 16 + 6) + 2 * 2 * 6 * 16 * 16)], rows.Select(row => row.GetProperty("bytes").GetInt32()));
        // Chunks of at most 64 tokens: one of 40, two of 50.
        Assert.Equal([2 * 2 * 2 * 6 * 16 * (40 * 40 + 40 * 16), 2 * 2 * 2 * 6 * 16 * (2 * 50 * 50 + 100 * 16)], rows.Select(row => row.GetProperty("flops").GetInt32()));
    }

    [Fact]
    public void A_model_without_such_a_layer_is_refused() =>
        Assert.EndsWith("TinyHovle has no Mamba-2 layer; name a model that has one.", Tool.Call(_folder.Path, "bench", "scan", "TinyHovle").Refusal, StringComparison.Ordinal);
}
