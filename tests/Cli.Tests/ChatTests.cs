namespace MmMamba.Cli.Tests;

/// <summary>Conversations from the command line, with the teacher that comes with the tool.</summary>
public sealed class ChatTests : IDisposable
{
    const string Picture = "set/images/test/000000.png";

    readonly TemporaryFolder _folder = new();

    public ChatTests() => Tool.Call(_folder.Path, "data", "--output", "set", "--train-conversations", "1", "--test-conversations", "1");

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void A_conversation_through_pipes_is_saved_and_goes_on()
    {
        // What the set asks about its first picture, the answers in the same order.
        var talk = Tool.Talk(_folder.Path,
            ["what is beside tag N?", "/bogus", "/image nowhere.png", "how many show a star?", "/save chat.safetensors", "/quit", "never read"],
            "chat", "--image", Picture, "--threads", "1");
        Assert.Equal(0, talk.ExitCode);
        Assert.Equal("heart\n0\n", talk.Output);
        Assert.Equal(
            [
                "mmmamba: '/bogus' is no command; /image FILE adds a picture to the next question, /save FILE keeps the conversation, /quit ends it",
                "mmmamba: nowhere.png: no such picture",
            ],
            talk.Error.Split('\n')[..2]);
        Assert.Matches(@"^chat\.safetensors: 2 turns, \d+ tokens, \d\.\d\d MiB\n$", string.Join('\n', talk.Error.Split('\n')[2..]));

        var resumed = Tool.Call(_folder.Path, "chat", "--resume", "chat.safetensors", "--ask", "what is at row 2 column 4?", "--threads", "1");
        Assert.Equal((0, "moon\n", ""), (resumed.ExitCode, resumed.Output, resumed.Error));
    }

    [Fact]
    public void What_cannot_be_answered_is_one_line()
    {
        Assert.Equal("mmmamba: question: 2 <image> for 1 image; write one <image> for each image",
            Refused(1, "--ask", "<image> or <image>?", "--image", Picture));
        Assert.Equal("mmmamba: nowhere.safetensors: there is no such checkpoint; name a folder or a safetensors file.", Refused(1, "nowhere.safetensors"));
        Assert.Equal("mmmamba: chat.txt: cannot be read: no such file", Refused(1, "--resume", "chat.txt", "--ask", "why?"));
        Assert.StartsWith("mmmamba: A prompt of ", Refused(1, "--context", "8", "--ask", "is there a star?"));
        Assert.Equal("mmmamba: --top-p is 2; it is 1E-06 to 1. Try 'mmmamba chat --help'.", Refused(2, "--top-p", "2"));

        string Refused(int code, params string[] arguments)
        {
            var before = _folder.Entries;
            var run = Tool.Call(_folder.Path, ["chat", .. arguments]);
            Assert.Equal(code, run.ExitCode);
            Assert.Equal(before, _folder.Entries);
            return run.Refusal;
        }
    }

    [Fact]
    public void Control_c_ends_the_answer_and_then_the_conversation()
    {
        using var talk = Endless("--save", "chat.safetensors");
        talk.StandardInput.WriteLine("is there a cat?");
        Assert.NotEqual(-1, talk.StandardOutput.Read()); // the answer is under way
        Tool.Signal(talk, "INT");
        Assert.Equal("mmmamba: interrupted; the conversation is as it was before the question", talk.StandardError.ReadLine());
        Assert.False(talk.HasExited);

        talk.StandardInput.WriteLine("/save before.safetensors");
        Assert.StartsWith("before.safetensors: 0 turns, 0 tokens", talk.StandardError.ReadLine());
        Tool.Signal(talk, "INT");
        Assert.StartsWith("chat.safetensors: 0 turns, 0 tokens", talk.StandardError.ReadToEnd());
        talk.WaitForExit();
        Assert.Equal(130, talk.ExitCode);
        Assert.Equal(File.ReadAllBytes(_folder["before.safetensors"]), File.ReadAllBytes(_folder["chat.safetensors"]));
    }

    [Fact]
    public void A_signal_to_end_saves_too_and_a_question_alone_is_stopped()
    {
        using (var talk = Endless("--save", "chat.safetensors"))
        {
            talk.StandardInput.WriteLine("is there a cat?");
            talk.StandardOutput.Read();
            Tool.Signal(talk, "TERM");
            Assert.StartsWith("chat.safetensors: 0 turns, 0 tokens", talk.StandardError.ReadToEnd());
            talk.WaitForExit();
            Assert.Equal(143, talk.ExitCode);
        }
        using var ask = Endless("--ask", "is there a cat?", "--save", "asked.safetensors");
        ask.StandardOutput.Read();
        Tool.Signal(ask, "INT");
        Assert.Equal("mmmamba: stopped; nothing half-written was left behind\n", ask.StandardError.ReadToEnd());
        ask.WaitForExit();
        Assert.Equal(130, ask.ExitCode);
        Assert.DoesNotContain("asked.safetensors", _folder.Entries);
    }

    // A model that has learned nothing, and hardly ever ends by itself.
    System.Diagnostics.Process Endless(params string[] arguments)
    {
        if (!Directory.Exists(_folder["drawn"])) Assert.Equal(0, Tool.Call(_folder.Path, "export", "TinyMmMambaLinear", "--random", "--output", "drawn").ExitCode);
        return Tool.Open(_folder.Path, ["chat", "drawn", "--threads", "1", "--max-tokens", "1000000", "--context", "1048576", .. arguments]);
    }
}
