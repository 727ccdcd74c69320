using System.Diagnostics;
using System.Runtime.InteropServices;

namespace MmMamba.Cli.Tests.Runs;

/// <summary>A run of the three stages that takes seconds, as a user starts it, and the one that nothing disturbed.</summary>
public sealed partial class ShortRun : IDisposable
{
    const string Spec = """
        mmmodel: 1
        model: Interrupted
        extends: TinyMmMambaHybrid
        summary: The tiny hybrid with a recipe of seconds.
        distill: { stages: { introduced: { batch: 2, steps: 12 }, mixer: { batch: 2, steps: 12 }, end_to_end: { batch: 2, steps: 16 } } }
        """;

    readonly TemporaryFolder _folder = new();
    readonly Lazy<(byte[] Student, TimeSpan Time)> _undisturbed;

    public ShortRun()
    {
        File.WriteAllText(_folder["interrupted.mmmodel.yaml"], Spec);
        _undisturbed = new(() =>
        {
            var watch = Stopwatch.StartNew();
            var run = Tool.Run(_folder.Path, Command("undisturbed"));
            Assert.True(run.ExitCode == 0, run.Error + run.Output);
            return (File.ReadAllBytes(_folder["undisturbed/student.safetensors"]), watch.Elapsed);
        });
    }

    internal TemporaryFolder Folder => _folder;

    /// <summary>The student of the undisturbed run, to the byte.</summary>
    public byte[] Student => _undisturbed.Value.Student;

    /// <summary>How long the undisturbed run took.</summary>
    public TimeSpan Time => _undisturbed.Value.Time;

    /// <summary>The command of the run. The number of threads belongs to it: bits depend on it.</summary>
    public static string[] Command(string output, params string[] more) =>
        ["distill", "interrupted.mmmodel.yaml", "--test-conversations", "1", "--threads", "1", "--output", output, .. more];

    /// <summary>Makes sure that a run came to what the undisturbed one did: student, figures, and nothing left of its way.</summary>
    public void AssertSame(string output)
    {
        Assert.True(Student.AsSpan().SequenceEqual(File.ReadAllBytes(_folder[$"{output}/student.safetensors"])), "the students differ");
        Assert.Equal(Figures("undisturbed"), Figures(output));
        Assert.Equal(Names("undisturbed"), Names(output));
    }

    string[] Names(string output) =>
        [.. Directory.EnumerateFileSystemEntries(_folder[output], "*", SearchOption.AllDirectories).Select(path => Path.GetRelativePath(_folder[output], path)).Order(StringComparer.Ordinal)];

    // Time and memory alone may differ.
    string[] Figures(string output) =>
        [.. File.ReadAllLines(_folder[$"{output}/metrics.jsonl"]).Select(line => System.Text.RegularExpressions.Regex.Replace(line, "\"(seconds|tokens_per_second|memory|time)\":[0-9.e-]+", "")).Order(StringComparer.Ordinal)];

    /// <summary>Starts a process whose output is read and let go.</summary>
    internal Process Start(params string[] arguments)
    {
        var process = Tool.Start(_folder.Path, arguments);
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    /// <summary>Sends a signal.</summary>
    public static void Signal(Process process, int signal) => _ = Kill(process.Id, signal);

    [LibraryImport("libc", EntryPoint = "kill")]
    private static partial int Kill(int process, int signal);

    /// <summary>Waits for something to come true while a process runs.</summary>
    public static void Until(Process process, Func<bool> holds)
    {
        while (!holds())
        {
            Assert.False(process.HasExited, "the run ended before");
            Thread.Sleep(2);
        }
    }

    public void Dispose() => _folder.Dispose();
}
