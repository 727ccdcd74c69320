namespace MmMamba.Cli.Tests;

/// <summary>The sample that loads a folder and answers a question about a picture, with the tiny teacher in such a folder.</summary>
public sealed class AskSampleTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    void Tooled(params string[] arguments) => Assert.Equal(0, Tool.Call(_folder.Path, arguments).ExitCode);

    [Fact]
    public void It_answers()
    {
        Tooled("data", "--output", "set", "--train-conversations", "1", "--test-conversations", "1");
        Tooled("import", Path.Combine(AppContext.BaseDirectory, "checkpoints", "tiny-hovle.safetensors"), "--output", "tiny");

        var run = Tool.RunProgram(Tool.Sample("Ask"), _folder.Path, "tiny", "set/images/test/000000.png", "what is beside tag N?");
        Assert.Equal((0, "heart\n"), (run.ExitCode, run.Output));
        Assert.Matches(@"^TinyHovle: \d+ tokens read, 2 written, [\d,]+ bytes remembered\n$", run.Error);

        // The folder says which tokenizer the model has, so that the tool needs no other word either.
        var chat = Tool.Call(_folder.Path, "chat", "tiny", "--image", "set/images/test/000000.png", "--ask", "what is beside tag N?");
        Assert.Equal((0, "heart\n", ""), (chat.ExitCode, chat.Output, chat.Error));

        var none = Tool.RunProgram(Tool.Sample("Ask"), _folder.Path, "nowhere", "set/images/test/000000.png", "why?");
        Assert.Equal(1, none.ExitCode);
        Assert.Single(none.Error.TrimEnd('\n').Split('\n'));
        Assert.True(File.ReadAllLines(Path.Combine(Tool.Repository, "samples/Ask/Program.cs")).Length <= 40);
    }
}
