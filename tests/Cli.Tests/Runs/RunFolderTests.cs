using System.Text.Json.Nodes;
using MmMamba.Cli.Jobs;
using MmMamba.Runtime;

namespace MmMamba.Cli.Tests.Runs;

/// <summary>What a run leaves of a folder that it did nothing in.</summary>
public sealed class RunFolderTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    static RunRecord Record(double seed = 0) => new(new JsonObject { ["seed"] = seed }, "nothing");

    RunFolder Open(string name, RunRecord? record = null, bool resume = false) => RunFolder.Open(_folder[name], record ?? Record(), resume, _ => { });

    [Fact]
    public void A_folder_that_was_made_for_it_goes_with_those_above_it()
    {
        using (Open("a/b/c")) Assert.Equal(["a", "a/b", "a/b/c", "a/b/c/run.json", "a/b/c/unfinished"], _folder.Entries);
        Assert.Empty(_folder.Entries);
    }

    [Fact]
    public void A_folder_that_was_there_stays()
    {
        Directory.CreateDirectory(_folder["mine"]);
        using (var run = Open("mine"))
        using (var metrics = new MetricsFile(run.At(RunFolder.Metrics))) metrics.Step(new("mixer", 1, 1, 1, 1, 1, 1, 1, default, default));
        Assert.Equal(["mine"], _folder.Entries);
    }

    [Fact]
    public void Work_stays()
    {
        using (var run = Open("run")) File.WriteAllText(run.At("teacher.safetensors"), "");
        Assert.Equal(["run", "run/run.json", "run/teacher.safetensors", "run/unfinished"], _folder.Entries);
    }

    [Fact]
    public void A_record_that_cannot_be_written_leaves_nothing_and_lets_go()
    {
        var unwritable = Record(double.NaN); // which JSON has no word for
        Assert.ThrowsAny<ArgumentException>(() => Open("run", unwritable));
        Assert.Empty(_folder.Entries);
        Directory.CreateDirectory(_folder["mine"]);
        Assert.ThrowsAny<ArgumentException>(() => Open("mine", unwritable));
        Assert.Equal(["mine"], _folder.Entries);
        Open("mine").Dispose();
    }

    [Fact]
    public void A_run_that_is_refused_stays_as_it_is()
    {
        using (var run = Open("run")) File.WriteAllText(run.At("teacher.safetensors"), "");
        File.Delete(_folder["run/teacher.safetensors"]); // killed before there was any work, as it were
        Assert.Throws<InputException>(() => Open("run", Record(1), resume: true));
        Assert.Equal(["run", "run/run.json", "run/unfinished"], _folder.Entries);
        using var again = Open("run", resume: true);
        Assert.True(again.IsResumed);
    }
}
