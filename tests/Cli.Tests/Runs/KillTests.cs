using System.Diagnostics;

namespace MmMamba.Cli.Tests.Runs;

/// <summary>A run whose process is killed again and again ends as the one that nothing disturbed.</summary>
[Collection(Lanes.Runs)]
public sealed class KillTests(ShortRun run)
{
    const int Kills = 20, InsideWrites = 5, Kill = 9;

    [Fact]
    [Trait("Category", "Long")]
    public void Killed_at_twenty_moments_five_inside_the_writing_of_a_state_it_ends_bit_for_bit_as_if_never_disturbed()
    {
        string[] command = ShortRun.Command("killed", "--checkpoint-every", "1", "--resume");
        var random = new Random(20);
        var (kills, inside) = (0, 0);
        while (kills < Kills || inside < InsideWrites)
        {
            Assert.True(kills < 3 * Kills, $"of {kills} kills only {inside} fell inside the writing of a state");
            // Three of four while a state is written, after one to three others; the others at any time, the start of the process included.
            var isInside = kills % 4 != 3 ? KillInsideWrite(command, writes: 1 + random.Next(3)) : KillAfter(command, TimeSpan.FromMilliseconds(random.Next(3000)));
            if (isInside is not { } cut) break; // it came to its end before
            kills++;
            if (cut) inside++;
        }
        Assert.InRange(kills, Kills, 3 * Kills);
        Assert.InRange(inside, InsideWrites, kills);

        var last = Tool.Run(run.Folder.Path, command);
        Assert.True(last.ExitCode == 0, last.Error + last.Output);
        run.AssertSame("killed");
    }

    // True when the kill left a state half written, false when it did not, null when the run ended before it.
    bool? KillInsideWrite(string[] command, int writes)
    {
        var folder = run.Folder["killed"];
        Directory.CreateDirectory(folder);
        var before = HalfWritten();
        using var watcher = new FileSystemWatcher(folder, ".*.tmp") { IncludeSubdirectories = true };
        using var process = run.Start(command);
        watcher.Created += (_, file) =>
        {
            if (file.Name!.StartsWith("states", StringComparison.Ordinal) && Interlocked.Decrement(ref writes) == 0) ShortRun.Signal(process, Kill);
        };
        watcher.EnableRaisingEvents = true;
        return Ended(process, before);
    }

    bool? KillAfter(string[] command, TimeSpan time)
    {
        var before = HalfWritten();
        using var process = run.Start(command);
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

    string[] HalfWritten() => run.Folder["killed/states"] is var states && Directory.Exists(states) ? Directory.GetFiles(states, ".*.tmp") : [];
}
