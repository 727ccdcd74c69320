using DiffEngine;

namespace MmMamba.Testing.Tests;

/// <summary>A consumer's folder with specs, a test's source file and its snapshots, gone after the test; nothing is accepted in it unasked.</summary>
public abstract class ConsumerFolder : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory("mmmamba-").FullName;
    readonly string? _accept = Environment.GetEnvironmentVariable(Snapshot.AcceptVariable);

    protected ConsumerFolder()
    {
        DiffRunner.Disabled = true;
        Environment.SetEnvironmentVariable(Snapshot.AcceptVariable, null);
    }

    public void Dispose()
    {
        Environment.SetEnvironmentVariable(Snapshot.AcceptVariable, _accept);
        Directory.Delete(_folder, recursive: true);
    }

    protected string this[string name] => Path.Combine(_folder, name);
    protected string Source => this["MyTests.cs"];
    protected string[] Files => [.. Directory.EnumerateFiles(_folder).Select(Path.GetFileName).Order(StringComparer.Ordinal)!];

    protected static string Message(Action test) => Assert.Throws<SnapshotException>(test).Message;

    protected static void Accept(Action test)
    {
        Environment.SetEnvironmentVariable(Snapshot.AcceptVariable, "1");
        test();
        Environment.SetEnvironmentVariable(Snapshot.AcceptVariable, null);
    }
}
