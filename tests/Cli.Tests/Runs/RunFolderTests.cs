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

    [Theory]
    [InlineData("run", false)]
    [InlineData("a/b/run", false)]
    [InlineData("run", true)]
    public void A_run_that_is_taken_up_and_comes_to_nothing_goes_with_what_was_made_for_it(string name, bool wasThere)
    {
        if (wasThere) Directory.CreateDirectory(_folder[name]);
        using (var run = Open(name)) File.WriteAllText(run.At("teacher.safetensors"), "");
        File.Delete(_folder[$"{name}/teacher.safetensors"]); // killed before there was any work, as it were
        for (var times = 0; times < 2; times++)
        {
            using var again = Open(name, resume: true);
            Assert.True(again.IsResumed);
            File.WriteAllText(again.At("work"), "");
        }
        File.Delete(_folder[$"{name}/work"]);
        Open(name, resume: true).Dispose();
        Assert.Equal(wasThere ? [name] : [], _folder.Entries);
    }

    [Fact]
    public void A_run_without_what_it_was_made_for_is_not_finished()
    {
        RunFolder Taken(bool resume) => RunFolder.Open(_folder["run"], Record(), resume, _ => { }, "result");
        using (var run = Taken(resume: false))
        {
            File.WriteAllText(run.At("result"), "");
            run.Complete();
        }
        using (var finished = Taken(resume: true)) Assert.True(finished.IsFinished);
        File.Delete(_folder["run/result"]);
        Assert.Contains("go on with --resume", Assert.Throws<InputException>(() => Taken(resume: false)).Message);
        using var again = Taken(resume: true);
        Assert.Equal((false, true), (again.IsFinished, again.IsResumed));
    }

    [Fact]
    public void What_stops_a_run_says_where_it_goes_on()
    {
        using var run = Open("run");
        File.WriteAllText(run.At("teacher.safetensors"), "");
        string Stopped(Exception stop) => Assert.Throws<RunStoppedException>(() => RunStoppedException.Run(run, () => throw stop)).Message;
        var path = _folder["run"];
        Assert.Equal($"stopped; what is done is in {path}: go on with --resume", Stopped(new OperationCanceledException()));
        Assert.Equal($"no room; what is done is in {path}: go on with --resume", Stopped(new IOException("no room.")));
        Assert.Equal($"no rights; what is done is in {path}: go on with --resume", Stopped(new UnauthorizedAccessException("no rights.")));
        Assert.Equal($"no process; what is done is in {path}: go on with --resume", Stopped(new System.ComponentModel.Win32Exception("no process.")));
        Assert.Equal($"libtorch: out of memory; what is done is in {path}: go on with --resume", Stopped(new System.Runtime.InteropServices.ExternalException("out of memory.\nat x")));
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
