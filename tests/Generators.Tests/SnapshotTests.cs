using DiffEngine;
using MmMamba.Testing;

namespace MmMamba.Generators.Tests;

/// <summary>The snapshot helper's own workflow, in a folder of the test's own.</summary>
public sealed class SnapshotTests : IDisposable
{
    readonly bool _launcherWasDisabled = DiffRunner.Disabled;
    readonly string? _accept = Environment.GetEnvironmentVariable(Snapshot.AcceptVariable);
    readonly string _folder = Directory.CreateTempSubdirectory("snapshots").FullName;

    string Source => Path.Combine(_folder, "SheetTests.cs");
    string Verified => Path.Combine(_folder, "SheetTests.Prints#wide.verified.md");
    string Received => Path.Combine(_folder, "SheetTests.Prints#wide.received.md");

    public SnapshotTests()
    {
        DiffRunner.Disabled = true;
        Environment.SetEnvironmentVariable(Snapshot.AcceptVariable, null);
    }

    public void Dispose()
    {
        DiffRunner.Disabled = _launcherWasDisabled;
        Environment.SetEnvironmentVariable(Snapshot.AcceptVariable, _accept);
        Directory.Delete(_folder, recursive: true);
    }

    void Verify(string text) => Snapshot.Verify(text, "md", "wide", Source, "Prints");

    [Fact]
    public void A_missing_approved_file_fails_and_leaves_the_received_one()
    {
        var failure = Assert.Throws<SnapshotException>(() => Verify("a\n"));

        Assert.Contains("Nothing is approved yet", failure.Message);
        Assert.Equal("a\n", File.ReadAllText(Received));
    }

    [Fact]
    public void Equal_text_passes_whatever_the_newlines_and_deletes_what_an_earlier_failure_left()
    {
        File.WriteAllText(Verified, "a\r\nb\r\n");
        File.WriteAllText(Received, "old");

        Verify("a\nb\n");

        Assert.False(File.Exists(Received));
        Assert.Equal("a\r\nb\r\n", File.ReadAllText(Verified));
    }

    [Fact]
    public void A_difference_fails_with_the_first_differing_lines()
    {
        File.WriteAllText(Verified, "same\nold\ntail\n");

        var failure = Assert.Throws<SnapshotException>(() => Verify("same\nnew\ntail\n"));

        Assert.Contains("First difference at line 2:\n    same\n  - old\n  - tail\n  - \n  + new\n  + tail", failure.Message);
        Assert.Equal("same\nnew\ntail\n", File.ReadAllText(Received));
        Assert.Equal("same\nold\ntail\n", File.ReadAllText(Verified));
    }

    [Fact]
    public void The_variable_approves_what_is_received()
    {
        File.WriteAllText(Verified, "old");
        File.WriteAllText(Received, "old attempt");
        Environment.SetEnvironmentVariable(Snapshot.AcceptVariable, "1");

        Verify("new\r\n");

        Assert.Equal("new\n", File.ReadAllText(Verified));
        Assert.False(File.Exists(Received));
    }
}
