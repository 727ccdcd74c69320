using System.Text.Json;
using System.Xml.Linq;
using MmMamba.Cli.Benchmarks;
using MmMamba.Cli.Reports;

namespace MmMamba.Cli.Tests;

/// <summary><c>mmmamba bench decode | prefill | answer | memory</c> say what they measured.</summary>
public sealed class InferenceBenchTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Decoding_is_timed_for_every_model_and_length()
    {
        var (code, output, error) = Tool.Run(
            _folder.Path, "bench", "decode", "TinyMmMambaLinear", "TinyHovle", "--random", "--lengths", "40", "9", "--tokens", "3", "--batch", "2", "--dtype", "bfloat16",
            "--json", _folder["bench.json"], "--plot", _folder["bench.svg"]);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains("3 times after 8 that are not counted", output, StringComparison.Ordinal);
        Assert.EndsWith("single tokens of TinyMmMambaLinear, TinyHovle: plain operations: there are several sequences\n", output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(File.ReadAllText(_folder["bench.json"]));
        var root = json.RootElement;
        Assert.Equal(("bfloat16", "random", 2), (root.GetProperty("dtype").GetString(), root.GetProperty("weights").GetString(), root.GetProperty("batch").GetInt32()));
        Assert.Contains("cores", root.GetProperty("machine").GetProperty("processor").GetString(), StringComparison.Ordinal);
        var models = root.GetProperty("models").EnumerateArray().ToArray();
        Assert.Equal(["TinyMmMambaLinear", "TinyHovle"], models.Select(model => model.GetProperty("model").GetString()));
        foreach (var row in models.SelectMany(model => model.GetProperty("rows").EnumerateArray()))
        {
            var times = row.GetProperty("ms").EnumerateArray().Select(ms => ms.GetDouble()).ToArray();
            Assert.Equal(3, times.Length);
            Assert.Equal(times.Order().ElementAt(1), row.GetProperty("median_ms").GetDouble(), 6);
            Assert.True(times.Min() > 0);
        }
        Assert.All(models, model => Assert.Equal([9, 40], model.GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("length").GetInt32())));
        // The teacher's cache grows with the length, the linear student's state does not.
        decimal[] Work(int model) => [.. models[model].GetProperty("rows").EnumerateArray().Select(row => row.GetProperty("work").GetDecimal())];
        Assert.Equal(Work(0)[0], Work(0)[1]);
        Assert.True(Work(1)[0] < Work(1)[1]);
        var picture = XDocument.Load(_folder["bench.svg"]).Root!;
        Assert.Equal(2, picture.Elements().Count(element => element.Name.LocalName == "polyline"));
    }

    [Fact]
    public void Memory_stands_beside_what_the_cost_model_predicts()
    {
        var (code, _, error) = Tool.Run(_folder.Path, "bench", "memory", "TinyMmMambaHybrid", "--random", "--lengths", "16", "300", "--tokens", "5", "--json", _folder["memory.json"]);
        Assert.Equal((0, ""), (code, error));
        using var json = JsonDocument.Parse(File.ReadAllText(_folder["memory.json"]));
        var rows = Assert.Single(json.RootElement.GetProperty("models").EnumerateArray()).GetProperty("rows").EnumerateArray().ToArray();
        Assert.Equal([16, 300], rows.Select(row => row.GetProperty("length").GetInt32()));
        var predicted = rows.Select(row => row.GetProperty("memory").GetProperty("predicted").GetInt64()).ToArray();
        // Three attention layers of 3 kv heads of width 16 in float32.
        Assert.Equal(284 * 3 * 2 * 3 * 16 * 4, predicted[1] - predicted[0]);
        Assert.All(rows, row => Assert.True(row.GetProperty("memory").GetProperty("peak").GetInt64() >= row.GetProperty("memory").GetProperty("decoding").GetInt64()));
        Assert.All(rows, row => Assert.True(row.GetProperty("memory").GetProperty("decoding").GetInt64() > 0));
    }

    [Theory]
    [InlineData("prefill", "TFLOP/s")]
    [InlineData("answer", "tokens/s")]
    public void Prompts_are_read_as_often_as_was_asked(string kind, string column)
    {
        string[] some = kind == "answer" ? ["--tokens", "4"] : [];
        var (code, output, error) = Tool.Run(
            _folder.Path, ["bench", kind, "TinyMmMambaLinear", "--random", "--lengths", "30", "--repeats", "3", "--chunk", "16", "--json", _folder["bench.json"], .. some]);
        Assert.Equal((0, ""), (code, error));
        Assert.Contains(column, output, StringComparison.Ordinal);
        using var json = JsonDocument.Parse(File.ReadAllText(_folder["bench.json"]));
        var row = Assert.Single(json.RootElement.GetProperty("models")[0].GetProperty("rows").EnumerateArray());
        Assert.Equal(3, row.GetProperty("ms").GetArrayLength());
    }

    [Fact]
    public void A_name_without_weights_is_refused()
    {
        var run = Tool.Run(_folder.Path, "bench", "decode", "TinyHovle");
        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith("TinyHovle is no checkpoint; name one, or have weights drawn with --random.", run.Refusal, StringComparison.Ordinal);
    }

    [Fact]
    public void What_a_process_refuses_is_told_once()
    {
        var run = Tool.Run(_folder.Path, "bench", "prefill", "TinyHovle", "TinyMmMambaLinear", "--random", "--map");
        Assert.Equal(1, run.ExitCode);
        Assert.EndsWith("drawn weights cannot be mapped; leave --map out.", run.Refusal, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("99999999")]
    public void A_length_out_of_range_is_wrong_usage(string length) =>
        Assert.Equal(2, Tool.Run(_folder.Path, "bench", "decode", "TinyHovle", "--random", "--lengths", "8", length).ExitCode);

    [Theory]
    [InlineData(new[] { 3.0, 1, 2 }, 2.0)]
    [InlineData(new[] { 4.0, 1, 3, 2 }, 2.5)]
    [InlineData(new double[0], null)]
    public void The_median_is_the_middle(double[] times, double? median) => Assert.Equal(median, new BenchRow(1, times, null, null).MedianMs);

    [Fact]
    public void A_row_tells_rates_of_the_median()
    {
        var model = new BenchModel("M", "f", 1, null, [new(100, [1, 2, 4], 3_000_000_000m, null)]);
        var document = new BenchDocument(
            BenchKind.Decode, new Dictionary<string, string>(), new Dictionary<string, string>(), "cpu", "bfloat16", "random", 8, 3, 0, [model]);
        Assert.Equal(["M", "100", "2.00", "1.00", "4.00", "4,000", "1,500.00"], BenchTable.Row(document, model, model.Rows[0], 5).Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }
}
