using System.Diagnostics;

namespace MmMamba.Cli.Tests.Runs;

/// <summary>A run whose process is killed again and again ends as the one that nothing disturbed.</summary>
[Collection(Lanes.Runs)]
public sealed class KillTests(ShortRun run, ITestOutputHelper output)
{
    const int Seed = 20, Kills = 20, MostKills = 40, InsideWrites = 5, Kill = 9;

    int _runs = 1;

    string Folder => $"killed-{_runs}";

    string[] Command => ShortRun.Command(Folder, "--checkpoint-every", "1", "--resume");

    [Fact]
    [Trait("Category", "Long")]
    public void Killed_at_twenty_random_moments_five_of_them_inside_the_writing_of_a_state_it_ends_bit_for_bit_as_if_never_disturbed()
    {
        output.WriteLine($"seed {Seed}; undisturbed {run.Time.TotalSeconds:0.0} s");
        var random = new Random(Seed);
        var (kills, unaimed, inside) = (0, 0, 0);
        while (unaimed < Kills || inside < InsideWrites)
        {
            Assert.True(kills < MostKills, $"of {kills} kills only {inside} fell inside the writing of a state");
            // Twenty at any time of two thirds of a run, its start included; each goes on where the last one left off, so that they fall all over a run.
            // Every fourth, and what is missing in the end, while a state is written, after none to two others.
            var isAimed = kills % 4 == 3 || unaimed >= Kills;
            var cut = isAimed ? KillInsideWrite(writes: 1 + random.Next(3)) : KillAfter(random.NextDouble() * 2 / 3 * run.Time);
            if (cut is null)
            {
                run.AssertSame(Folder); // it came to its end before
                _runs++;
                continue;
            }
            kills++;
            if (!isAimed) unaimed++;
            if (cut.Value) inside++;
            output.WriteLine($"kill {kills}, {(isAimed ? "aimed" : "random")}: run {_runs}, newest state {NewestState()}{(cut.Value ? ", inside a write" : "")}");
        }

        var last = Tool.Run(run.Folder.Path, Command);
        Assert.True(last.ExitCode == 0, last.Error + last.Output);
        run.AssertSame(Folder);
    }

    // True when the kill left a state half written, false when it did not, null when the run ended before it.
    bool? KillInsideWrite(int writes)
    {
        Directory.CreateDirectory(run.Folder[Folder]);
        var before = HalfWritten();
        using var watcher = new FileSystemWatcher(run.Folder[Folder], ".*.tmp") { IncludeSubdirectories = true };
        using var process = run.Start(Command);
        watcher.Created += (_, file) =>
        {
            if (file.Name!.StartsWith("states", StringComparison.Ordinal) && Interlocked.Decrement(ref writes) == 0) ShortRun.Signal(process, Kill);
        };
        watcher.EnableRaisingEvents = true;
        return Ended(process, before);
    }

    bool? KillAfter(TimeSpan time)
    {
        var before = HalfWritten();
        using var process = run.Start(Command);
        if (!process.WaitForExit(time)) ShortRun.Signal(process, Kill);
        return Ended(process, before);
    }

    // What an earlier kill left is not counted twice.
    bool? Ended(Process process, IReadOnlyCollection<string> before)
    {
        process.WaitForExit();
        if (process.ExitCode == 0) return null;
        Assert.Equal(128 + Kill, process.ExitCode);
        return HalfWritten().Except(before).Any();
    }

    string[] HalfWritten() => States(".*.tmp");

    string NewestState() => States("*.safetensors").MaxBy(File.GetLastWriteTimeUtc) is { } path ? Path.GetFileNameWithoutExtension(path) : "none";

    string[] States(string pattern) => run.Folder[$"{Folder}/states"] is var states && Directory.Exists(states) ? Directory.GetFiles(states, pattern) : [];
}
