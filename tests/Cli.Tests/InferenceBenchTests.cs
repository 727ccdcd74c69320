using System.Text.Json;
using System.Xml.Linq;
using MmMamba.Cli.Benchmarks;
using MmMamba.Cli.Reports;
using MmMamba.Runtime.Generation;

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
        Assert.Equal(("bfloat16", "random"), (root.GetProperty("dtype").GetString(), root.GetProperty("weights").GetString()));
        Assert.Contains("cores", root.GetProperty("machine").GetProperty("processor").GetString(), StringComparison.Ordinal);
        var models = root.GetProperty("models").EnumerateArray().ToArray();
        Assert.Equal(["TinyMmMambaLinear", "TinyHovle"], models.Select(model => model.GetProperty("model").GetString()));
        foreach (var row in models.SelectMany(model => model.GetProperty("rows").EnumerateArray()))
        {
            var times = row.GetProperty("ms").EnumerateArray().Select(ms => ms.GetDouble()).ToArray();
            Assert.Equal(3, times.Length);
            Assert.Equal(times.Order().ElementAt(1), row.GetProperty("median_ms").GetDouble(), 6);
            Assert.True(times.Min() > 0);
            Assert.Equal(2, row.GetProperty("batch").GetInt32());
            Assert.True(row.GetProperty("limit_ms").GetDouble() > 0);
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

    [Fact]
    public void States_in_bfloat16_are_told_predicted_and_read_by_plain_operations()
    {
        long Predicted(params string[] some)
        {
            var (code, _, error) = Tool.Run(_folder.Path, ["bench", "memory", "TinyMmMambaLinear", "--random", "--lengths", "16", "--tokens", "5", "--json", _folder["memory.json"], .. some]);
            Assert.Equal((0, ""), (code, error));
            using var json = JsonDocument.Parse(File.ReadAllText(_folder["memory.json"]));
            Assert.Equal(some.Length == 0 ? null : "bfloat16", json.RootElement.TryGetProperty("state_dtype", out var told) ? told.GetString() : null);
            return json.RootElement.GetProperty("models")[0].GetProperty("rows")[0].GetProperty("memory").GetProperty("predicted").GetInt64();
        }
        // Six layers of 6 heads, 16 x 16 numbers each.
        Assert.Equal(6 * 6 * 16 * 16 * 2, Predicted() - Predicted("--state-dtype", "bfloat16"));

        var decoded = Tool.Run(_folder.Path, "bench", "decode", "TinyMmMambaLinear", "--random", "--lengths", "9", "--tokens", "3", "--state-dtype", "bfloat16");
        Assert.Equal(0, decoded.ExitCode);
        Assert.Contains("cpu, float32, states in bfloat16, random weights; ", decoded.Output, StringComparison.Ordinal);
        Assert.EndsWith("single tokens of TinyMmMambaLinear: plain operations: the states are bfloat16\n", decoded.Output, StringComparison.Ordinal);
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
    [InlineData("-1")]
    [InlineData("99999999")]
    public void A_length_out_of_range_is_wrong_usage(string length)
    {
        Assert.Equal(2, Tool.Run(_folder.Path, "bench", "decode", "TinyHovle", "--random", "--lengths", "8", length).ExitCode);
        Assert.Equal(2, Tool.Run(_folder.Path, "bench", "decode", "TinyHovle", "--random", "--batch", length).ExitCode);
        Assert.Equal(2, Tool.Run(_folder.Path, "bench", "scan", "TinyMmMambaHybrid", "--lengths", length).ExitCode);
    }

    [Theory]
    [InlineData(new[] { 3.0, 1, 2 }, 2.0)]
    [InlineData(new[] { 4.0, 1, 3, 2 }, 2.5)]
    [InlineData(new double[0], null)]
    public void The_median_is_the_middle(double[] times, double? median) => Assert.Equal(median, new BenchRow(1, 1, times, null, null, null).MedianMs);

    [Fact]
    public void A_row_tells_rates_of_the_median_and_how_near_the_limit_it_is()
    {
        var model = Model("M", null, new(8, 100, [1, 2, 4], 3_000_000_000m, 0.5, null));
        Assert.Equal(
            ["M", "8", "100", "2.00", "1.00", "4.00", "4,000", "1,500.00", "25.0"],
            BenchTable.Row(Document(BenchKind.Decode, model), model, model.Rows[0], 5).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        Assert.Equal(
            ["M", "8", "100", "0.002", "0.001", "0.004", "12,000", "25.0"],
            BenchTable.Row(Document(BenchKind.Answer, model), model, model.Rows[0] with { Work = null }, 5).Split(' ', StringSplitOptions.RemoveEmptyEntries));
    }

    [Fact]
    public void Answers_stand_beside_the_teachers_where_it_is_there_and_beside_the_first_ones_else()
    {
        var (student, teacher, other) = (Model("S", "T", Row(100)), Model("T", null, Row(150)), Model("O", null, Row(200)));
        Assert.Equal(["tokens/s beside T, 1 at once, 7 and 3 tokens: S 1.50 times, O 0.75 times"], BenchTable.Ratios(Document(BenchKind.Answer, student, teacher, other)));
        Assert.Equal(["tokens/s beside S, 1 at once, 7 and 3 tokens: O 0.50 times"], BenchTable.Ratios(Document(BenchKind.Answer, student, other)));
        Assert.Empty(BenchTable.Ratios(Document(BenchKind.Answer, student)));

        static BenchRow Row(double ms) => new(1, 7, [ms], null, null, null);
    }

    [Fact]
    public void The_limit_is_what_takes_longest_to_move_or_to_compute()
    {
        var ceilings = new MachineCeilings(1e9, 1e12);
        Assert.Equal((5, 40), (ceilings.LeastMs(5e9m, 4e6m), ceilings.LeastMs(5e9m, 4e7m)));
        var measured = MachineCeilings.On(TorchSharp.torch.CPU);
        Assert.InRange(measured.BytesPerSecond, 1e8, 1e13);
        Assert.InRange(measured.FlopsPerSecond, 1e8, 1e14);
    }

    [Fact]
    public void Kernels_stand_in_lines_of_their_own()
    {
        Assert.Equal(
            ["kernel", "times", "us", "%", "MB", "GB/s", "project", "32", "10.0", "64.0", "25.0", "2,500", "join", "64", "2.0", "25.6", "all", "1", "500.0", "100.0"],
            Cells(new("project", 32, 10, 25_000_000), new("join", 64, 2, 0), new("all", 1, 500, 0)));
        Assert.Equal(
            ["kernel", "times", "us", "%", "MB", "GB/s", "GFLOP", "TFLOP/s", "mlp.w1", "2", "100.0", "40.0", "50.0", "500.0", "all", "1", "500.0", "100.0", "100.0", "200.0"],
            Cells(new("mlp.w1", 2, 100, 0, 50_000_000_000), new("all", 1, 500, 0, 100_000_000_000)));

        static string[] Cells(params KernelTime[] kernels) => KernelTable.Of(kernels).Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries);
    }

    static BenchModel Model(string name, string? teacher, BenchRow row) => new(name, "f", 1, teacher, null, null, [row]);

    static BenchDocument Document(BenchKind kind, params BenchModel[] models) =>
        new(kind, new Dictionary<string, string>(), new Dictionary<string, string>(), "cpu", "bfloat16", "random", 3, 0, models);
}
