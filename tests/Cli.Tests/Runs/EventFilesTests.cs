using System.Text;
using MmMamba.Cli.Jobs;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Tests.Runs;

/// <summary>What TensorBoard reads is what the lines of metrics say, wherever a run was broken off.</summary>
public sealed class EventFilesTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    string Metrics => _folder["metrics.jsonl"];
    string Events(string name) => _folder[$"tensorboard/{name}/{EventFiles.Name}"];

    static StepReport Step(string stage, int step, double loss = 0.5) => new(stage, step, 9, loss, 1e-3, 0.7, 40, 10.25, TimeSpan.FromSeconds(step), TimeSpan.Zero);

    void Write(params StepReport[] steps)
    {
        using var file = new MetricsFile(Metrics);
        foreach (var step in steps) file.Step(step, memory: 3_000_000_000);
    }

    [Theory]
    [InlineData("123456789", 0xE3069283)]
    [InlineData("", 0)]
    [InlineData("\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 0x8A9136AA)]
    public void The_reader_s_checksum_is_that_of_RFC_3720(string text, uint crc) => Assert.Equal(crc, EventReader.Crc32C(Encoding.ASCII.GetBytes(text)));

    [Fact]
    public void A_step_is_one_event_with_its_figures()
    {
        var before = DateTimeOffset.UtcNow.ToUnixTimeSeconds() - 1;
        Write(Step("mixer", 300), Step("mixer", 301, double.NaN) with { LearningRate = 5e-4 });
        var events = EventReader.Read(Events("mixer"));
        Assert.Equal(("brain.Event:2", 0), (events[0].FileVersion, events[0].Scalars.Count));
        Assert.Equal([300L, 301], events.Skip(1).Select(read => read.Step));
        Assert.Equal([("loss", 0.5f), ("learning_rate", 1e-3f), ("gradient_norm", 0.7f), ("tokens_per_second", 10.2f), ("memory_bytes", 3e9f)], events[1].Scalars);
        Assert.Equal(["learning_rate", "gradient_norm", "tokens_per_second", "memory_bytes"], events[2].Scalars.Select(scalar => scalar.Tag)); // no number is no point
        Assert.All(events, read => Assert.InRange(read.WallTime, before, before + 600));
    }

    [Fact]
    public void An_evaluation_has_its_accuracies_and_their_chances()
    {
        using (var file = new MetricsFile(Metrics)) file.Evaluation("seeded", new([new("at", new(4, 10), 0.5, 2), new("count", new(3, 10), 0.25, 4)], []));
        Assert.Equal(
            [("accuracy/at", 0.4f), ("chance/at", 0.5f), ("accuracy/count", 0.3f), ("chance/count", 0.25f)],
            EventReader.Read(Events("evaluations/seeded")).SelectMany(read => read.Scalars));
    }

    [Fact]
    public void Wherever_a_run_was_broken_off_it_goes_on_without_gaps_or_doubles()
    {
        Write(Step("introduced", 1), Step("mixer", 1), Step("mixer", 2), Step("mixer", 3));
        var whole = File.ReadAllBytes(Events("mixer"));
        var events = EventReader.Read(Events("mixer"));
        for (var length = 0; length < whole.Length; length += 7)
        {
            File.WriteAllBytes(Events("mixer"), whole[..length]); // torn
            Write();
            Assert.Equal(whole, File.ReadAllBytes(Events("mixer")));
        }
        File.WriteAllBytes(Events("mixer"), [.. whole, .. whole]); // more than was kept
        Write(Step("mixer", 3, loss: 7), Step("mixer", 4));
        var gone = EventReader.Read(Events("mixer"));
        Assert.Equal([0L, 1, 2, 3, 4], gone.Select(read => read.Step));
        Assert.Equal([0.5f, 0.5f, 7, 0.5f], gone.Skip(1).Select(read => read.Scalars[0].Value));
        Assert.Equal(events[1].WallTime, gone[1].WallTime);
        Assert.Equal([0L, 1], EventReader.Read(Events("introduced")).Select(read => read.Step));

        File.Delete(Metrics);
        Write();
        Assert.False(File.Exists(Events("mixer")));
    }

    [Fact]
    public void A_name_that_leads_elsewhere_makes_no_folder()
    {
        File.WriteAllText(Metrics, """{"stage":"../out","step":1,"loss":1,"learning_rate":1,"gradient_norm":1,"tokens":1,"seconds":1}""" + "\n");
        Write();
        Assert.Equal(["metrics.jsonl"], _folder.Entries);
    }
}
