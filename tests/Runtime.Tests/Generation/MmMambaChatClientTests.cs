using Microsoft.Extensions.AI;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Tests.Distillation;
using MmMamba.Runtime.Text;
using MmMamba.Runtime.Text.Tiny;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Tests.Generation;

/// <summary>The asynchronous face, against the conversation that it stands before.</summary>
public sealed class MmMambaChatClientTests : IDisposable
{
    static readonly ChatTokenizer Tokenizer = TinyTokenizer.Load();
    static readonly ChatOptions Short = new() { MaxOutputTokens = 7 };
    static readonly byte[] Png = PngEncoder.Encode(new RgbImage(40, 30));

    readonly VisionLanguageModel _model = TinyModels.SeedHybrid(5);
    readonly MmMambaChatClient _client;

    public MmMambaChatClientTests() => _client = new(_model, Tokenizer, 1024);

    public void Dispose()
    {
        _client.Dispose();
        _model.Dispose();
    }

    static ChatMessage User(params AIContent[] contents) => new(ChatRole.User, contents);
    static ChatMessage Picture(string question) => User(new DataContent(Png, "image/png"), new TextContent(question));

    [Fact]
    public async Task Streamed_pieces_are_the_answer_and_the_usage_comes_last()
    {
        var messages = new[] { Picture("Is there a cat?") };
        var updates = new List<ChatResponseUpdate>();
        await foreach (var update in _client.GetStreamingResponseAsync(messages, Short)) updates.Add(update);
        using var session = new ChatSession(_model, Tokenizer, 1024);
        var expected = session.Ask("Is there a cat?", [ImageDecoder.Decode(Png, "png")], new() { MaxTokens = 7 });
        Assert.Equal(expected.Text, string.Concat(updates.Select(update => update.Text)));
        Assert.Equal(ChatFinishReason.Length, updates[^1].FinishReason);
        var usage = Assert.IsType<UsageContent>(updates[^1].Contents.Single()).Details;
        Assert.Equal((expected.PromptTokens, 0L, 7L), (usage.InputTokenCount, usage.CachedInputTokenCount, usage.OutputTokenCount));

        var response = await _client.GetResponseAsync(messages, Short);
        Assert.Equal(expected.Text, response.Text);
    }

    [Fact]
    public async Task Messages_that_go_on_are_not_computed_again()
    {
        var messages = new List<ChatMessage> { new(ChatRole.System, "Be brief."), Picture("Is there a cat?") };
        var first = await _client.GetResponseAsync(messages, Short);
        messages.AddRange(first.Messages);
        messages.Add(User(new TextContent("How many?")));
        var second = await _client.GetResponseAsync(messages, Short);
        Assert.Equal(first.Usage!.TotalTokenCount - 1, second.Usage!.CachedInputTokenCount);

        // Another answer before it, and it begins anew, with the given one.
        messages.AddRange(second.Messages);
        messages.Add(User(new TextContent("Why?")));
        messages[2] = new(ChatRole.Assistant, "no");
        var third = await _client.GetResponseAsync(messages, Short);
        Assert.Equal(0, third.Usage!.CachedInputTokenCount);
    }

    [Fact]
    public async Task A_reader_that_goes_away_stops_the_work_and_a_later_question_is_answered()
    {
        var messages = new[] { Picture("Is there a cat?") };
        await foreach (var _ in _client.GetStreamingResponseAsync(messages, new() { MaxOutputTokens = 900 })) break;
        var after = await _client.GetResponseAsync(messages, Short);
        Assert.Equal(0, after.Usage!.CachedInputTokenCount);
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => _client.GetResponseAsync(messages, Short, stop.Token));
    }

    [Fact]
    public async Task Questions_from_many_threads_are_answered_one_after_another()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 6).Select(i => Task.Run(() =>
            _client.GetResponseAsync([Picture($"Is there a {(i % 2 == 0 ? "cat" : "dog")}?")], Short))));
        Assert.All(answers.Where((_, i) => i % 2 == 0), answer => Assert.Equal(answers[0].Text, answer.Text));
    }

    [Fact]
    public async Task What_cannot_be_kept_is_refused()
    {
        var question = new[] { User(new TextContent("Why?")) };
        await Refused("the last message is no user's; give the question last", [new(ChatRole.System, "x")]);
        await Refused("message 1 is of role 'assistant'; expected system or user: a system message may come first, then user and assistant take turns", [new(ChatRole.Assistant, "x")]);
        await Refused("message 2 is of role 'user'; expected assistant: a system message may come first, then user and assistant take turns", [.. question, .. question]);
        await Refused("message 1 holds UriContent; expected text and the data of pictures", [User(new UriContent("http://example.org/a.png", "image/png"))]);
        await Refused("message 1 holds DataContent of type audio/wav; expected text and the data of pictures", [User(new DataContent(Png, "audio/wav"))]);
        await Refused("frequency and presence penalties are not known here; give 'repetition_penalty' among the additional properties", question, new() { FrequencyPenalty = 1 });
        await Refused("only plain text is written; leave the response format out", question, new() { ResponseFormat = ChatResponseFormat.Json });
        await Refused("the additional property 'repetition_penalty' is no number", question, new() { AdditionalProperties = new() { ["repetition_penalty"] = "much" } });
        await Refused("top-p is 2; expected above 0 and at most 1", question, new() { TopP = 2 });

        async Task Refused(string message, ChatMessage[] messages, ChatOptions? options = null) =>
            Assert.Equal(message, (await Assert.ThrowsAsync<InputException>(() => _client.GetResponseAsync(messages, options))).Message);
    }

    [Fact]
    public void It_says_what_it_is()
    {
        Assert.Equal("TinyMmMambaHybrid", ((ChatClientMetadata)_client.GetService(typeof(ChatClientMetadata))!).DefaultModelId);
        Assert.Same(_model, _client.GetService(typeof(VisionLanguageModel)));
        Assert.Null(_client.GetService(typeof(string)));
    }
}
