using MmMamba.Cli.Jobs;
using MmMamba.Runtime;

namespace MmMamba.Cli.Tests.Runs;

/// <summary>What of a set may be impossible to read, and when a run is refused for it.</summary>
public sealed class UnreadableDataTests : IDisposable
{
    const string Line = """{"conversations":[{"from":"human","value":"is there a cat?"},{"from":"gpt","value":"yes"}]}""";

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    PictureData Open(int good, params string[] bad)
    {
        File.WriteAllLines(_folder["train.jsonl"], [.. Enumerable.Repeat(Line, good), .. bad]);
        File.WriteAllLines(_folder["test.jsonl"], [Line]);
        return PictureData.Open(_folder.Path, null, CancellationToken.None);
    }

    [Fact]
    public void One_line_in_a_hundred_may_be_wrong_and_no_more()
    {
        var data = Open(198, "no json", "{}");
        Assert.Equal(2, data.MostUnreadable);
        Assert.Contains("train.jsonl:199", Assert.Throws<InputException>(() => data.Training(0).Get(198)).Message);
        var error = Assert.Throws<InputException>(() => Open(198, "no json", "{}", "[]"));
        Assert.Contains("more than 2 cannot be read", error.Message);
        Assert.Contains("train.jsonl:201", error.Message);
        Assert.Contains("train.jsonl:4", Assert.Throws<InputException>(() => Open(3, "no json")).Message);
        Assert.Equal(0, PictureData.Drawn().MostUnreadable);
    }

    [Fact]
    public void Judging_passes_nothing_by()
    {
        Open(100);
        File.WriteAllLines(_folder["test.jsonl"], [.. Enumerable.Repeat(Line, 200), "no json"]);
        Assert.Contains("test.jsonl:201", Assert.Throws<InputException>(() => PictureData.Open(_folder.Path, null, CancellationToken.None)).Message);
    }

    [Fact]
    public void A_set_is_known_by_its_content()
    {
        var digest = Open(3).Digest;
        Assert.Equal(digest, Open(3).Digest);
        Assert.NotEqual(digest, Open(4).Digest);
    }
}
