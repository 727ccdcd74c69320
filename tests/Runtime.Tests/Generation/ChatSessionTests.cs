using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Tests.Checkpoints;
using MmMamba.Runtime.Tests.Distillation;
using MmMamba.Runtime.Text;
using MmMamba.Runtime.Text.Tiny;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Tests.Generation;

/// <summary>Conversations over several turns, kept and resumed, against the whole conversation read at once.</summary>
public sealed class ChatSessionTests : IDisposable
{
    static readonly ChatTokenizer Tokenizer = TinyTokenizer.Load();
    static readonly GenerationOptions Short = new() { MaxTokens = 9 };

    readonly VisionLanguageModel _model = TinyModels.SeedHybrid(5);
    readonly TemporaryFolder _folder = new();

    public void Dispose()
    {
        _model.Dispose();
        _folder.Dispose();
    }

    static RgbImage Picture(byte shade)
    {
        var image = new RgbImage(64, 48);
        for (var i = 0; i < image.Pixels.Length; i++) image.Pixels[i] = (byte)(i * shade);
        return image;
    }

    ChatSession New(int maxTokens = 1024) => new(_model, Tokenizer, maxTokens);

    // What a session that has read nothing answers to the last question, the turns before it given.
    ChatAnswer AtOnce(ChatSession told)
    {
        using var session = New();
        for (var i = 0; i < told.History.Count - 1; i++)
            session.Tell(ChatTemplate.Parts(told.History[i].Question, i == 0 ? 1 : 0), i == 0 ? [Picture(3)] : [], told.History[i].Answer);
        return session.Ask(told.History[^1].Question, told.History.Count == 1 ? [Picture(3)] : [], Short);
    }

    [Fact]
    public void Each_turn_reads_only_what_is_new()
    {
        using var session = New();
        var first = session.Ask("<image>\nIs there a cat?", [Picture(3)], Short);
        var second = session.Ask("How many?", options: Short);
        Assert.Equal(0, first.KnownTokens);
        // All but the first answer's last token, which was picked and not read.
        Assert.Equal(first.PromptTokens + first.AnswerTokens - 1, second.KnownTokens);
        Assert.Equal(session.Length, second.KnownTokens + second.PromptTokens + second.AnswerTokens - 1);
        Assert.Equal(["<image>\nIs there a cat?", "How many?"], session.History.Select(turn => turn.Question));
        Assert.Equal([first.Text, second.Text], session.History.Select(turn => turn.Answer));
    }

    [Fact]
    public void What_is_told_is_what_was_asked()
    {
        using var session = New();
        session.Tell(ChatTemplate.Parts("Is there a cat?", 1), [Picture(3)], "yes");
        session.Tell(["How many?"], [], "2");
        var answer = session.Ask("Where?", options: Short);
        var template = new ChatTemplate(Tokenizer, TinyModels.Hybrid.Vision.TokensPerTile, TinyModels.Hybrid.Tokens.System);
        var ids = template.Prompt("Where?", [1], [new("<image>\nIs there a cat?", "yes"), new("How many?", "2")]);
        Assert.Equal(ids, session.Sequences[0].Take(ids.Length));
        Assert.Equal(ids.Length, answer.PromptTokens);
        Assert.Equal(AtOnce(session).Text, answer.Text);
    }

    [Fact]
    public void A_cancelled_question_leaves_the_conversation_as_it_was()
    {
        using var session = New();
        session.Ask("Is there a cat?", [Picture(3)], Short);
        var (length, turns) = (session.Length, session.History.ToArray());
        foreach (var pieces in (int[])[0, 1, 3])
        {
            using var stop = new CancellationTokenSource();
            if (pieces == 0) stop.Cancel();
            var seen = 0;
            Assert.Throws<OperationCanceledException>(() => session.Ask("How many?", [Picture(9)], new() { MaxTokens = 200, PrefillChunk = 4 }, _ =>
            {
                if (++seen == pieces) stop.Cancel();
            }, stop.Token));
            Assert.Equal(length, session.Length);
            Assert.Equal(turns, session.History);
        }
        using var undisturbed = New();
        undisturbed.Ask("Is there a cat?", [Picture(3)], Short);
        Assert.Equal(undisturbed.Ask("How many?", options: Short), session.Ask("How many?", options: Short));
    }

    [Fact]
    public void A_resumed_conversation_goes_on_as_if_never_stopped()
    {
        using var session = New();
        session.Ask("Is there a cat?", [Picture(3)], Short);
        session.Save(_folder["chat.safetensors"]);
        using var resumed = ChatSession.Resume(_folder["chat.safetensors"], _model, Tokenizer, 512);
        Assert.Equal(session.History, resumed.History);
        Assert.Equal(session.Ask("How many?", options: Short), resumed.Ask("How many?", options: Short));
        Assert.Equal(session.Sequences[0], resumed.Sequences[0]);
    }

    [Fact]
    public void A_file_of_another_model_or_of_other_weights_is_refused()
    {
        using (var session = New())
        {
            session.Ask("Is there a cat?", options: Short);
            session.Save(_folder["chat.safetensors"]);
        }
        var path = _folder["chat.safetensors"];
        using var teacher = TinyModels.DrawTeacher();
        using var other = TinyModels.SeedHybrid(6);
        Assert.StartsWith($"{path}: the conversation was held with 'TinyMmMambaHybrid'", Refused(teacher, 512));
        Assert.StartsWith($"{path}: the conversation was held with other weights of TinyMmMambaHybrid", Refused(other, 512));
        Assert.EndsWith("and room is asked for 8. Give more room.", Refused(_model, 8));
        Checkpoint.Save(_model, _folder["model.safetensors"]);
        Assert.StartsWith($"{_folder["model.safetensors"]}: no conversation is in this file", Refused(_model, 512, "model.safetensors"));

        string Refused(VisionLanguageModel model, int room, string file = "chat.safetensors") =>
            Assert.Throws<InputException>(() => ChatSession.Resume(_folder[file], model, Tokenizer, room)).Message;
    }

    [Fact]
    public void Room_and_placeholders_are_checked_before_anything_is_read()
    {
        using var session = New(maxTokens: 6);
        Assert.Contains("does not fit: 6 of 6 tokens are left", Assert.Throws<InputException>(() => session.Ask("Is there a cat?")).Message);
        Assert.Equal("question: 1 <image> for 0 images; write one <image> for each image", Assert.Throws<InputException>(() => session.Ask("<image> what?")).Message);
        Assert.Empty(session.History);
    }
}
