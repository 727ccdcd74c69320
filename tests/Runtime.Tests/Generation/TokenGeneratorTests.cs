using MmMamba.Runtime.Data;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Tests.Engine;

namespace MmMamba.Runtime.Tests.Generation;

/// <summary>Writing on: ends, batches, draws. That greedy ids are the reference's is in the golden tests.</summary>
public class TokenGeneratorTests
{
    const int NoStop = -1;
    static readonly Prompt[] Prompts = [new([3, 1, 4]), new([1, 5, 9, 2, 6, 5, 3, 5]), new([8])];

    static IReadOnlyList<Continuation> Run(
        IReadOnlyList<Prompt> prompts, GenerationOptions options, int stop = NoStop, int room = 64, TokenPicked? onToken = null, CancellationToken cancellation = default)
    {
        using var model = GoldenModel.Load(GoldenModel.Hybrid);
        using var sequences = new Sequences(model, prompts.Count, room);
        return TokenGenerator.Run(sequences, prompts, [stop], options, onToken, cancellation);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_batch_writes_what_each_writes_alone(double temperature)
    {
        var options = new GenerationOptions { MaxTokens = 12, Sampling = new() { Temperature = temperature, TopK = 20, RepetitionPenalty = 1.1, Seed = 7 } };
        var together = Run(Prompts, options);
        // The first sequence has the same number alone.
        Assert.Equal(together[0].Ids, Run([Prompts[0]], options)[0].Ids);
        if (temperature > 0) return;
        for (var i = 1; i < Prompts.Length; i++) Assert.Equal(together[i].Ids, Run([Prompts[i]], options)[0].Ids);
    }

    /// <summary>The token of a picture's place is no word, however likely a model finds it.</summary>
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    public void A_picture_s_place_is_never_written(double temperature)
    {
        var options = new GenerationOptions { MaxTokens = 12, Sampling = new() { Temperature = temperature, TopK = 2, Seed = 7 } };
        var likely = Run([Prompts[0]], options)[0].Ids[0];
        using var model = GoldenModel.Load(GoldenModel.Hybrid with { Tokens = GoldenModel.Hybrid.Tokens with { Image = likely } });
        using var sequences = new Sequences(model, 1, 64);
        Assert.DoesNotContain(likely, TokenGenerator.Run(sequences, [Prompts[0]], [NoStop], options)[0].Ids);
    }

    [Fact]
    public void Any_stop_token_ends_an_answer()
    {
        var free = Run([Prompts[0]], new() { MaxTokens = 12 })[0].Ids;
        using var model = GoldenModel.Load(GoldenModel.Hybrid);
        using var sequences = new Sequences(model, 1, 64);
        var ended = TokenGenerator.Run(sequences, [Prompts[0]], [free[^1], free[2]], new() { MaxTokens = 12 })[0];
        Assert.Equal(free.Take(free.ToList().FindIndex(id => id == free[^1] || id == free[2]) + 1), ended.Ids);
        Assert.Equal(FinishReason.Stop, ended.Finish);
    }

    [Fact]
    public void One_that_has_ended_rests_while_the_others_go_on()
    {
        var free = Run(Prompts, new() { MaxTokens = 12 });
        var stop = free[1].Ids[3];
        var ended = Run(Prompts, new() { MaxTokens = 12 }, stop);
        for (var i = 0; i < Prompts.Length; i++)
        {
            var at = free[i].Ids.ToList().IndexOf(stop);
            Assert.Equal(at < 0 ? free[i].Ids : free[i].Ids.Take(at + 1), ended[i].Ids);
            Assert.Equal(at < 0 ? FinishReason.Length : FinishReason.Stop, ended[i].Finish);
        }
    }

    [Fact]
    public void The_end_of_the_room_ends_an_answer()
    {
        var written = Run([Prompts[1]], new() { MaxTokens = 12 }, room: 10)[0];
        Assert.Equal((3, FinishReason.Length), (written.Ids.Count, written.Finish)); // two were read, the third only picked
    }

    [Fact]
    public void Who_is_told_the_tokens_may_end_it()
    {
        var seen = new List<int>();
        var written = Run([Prompts[0]], new() { MaxTokens = 12 }, onToken: (_, id) => { seen.Add(id); return seen.Count < 5; })[0];
        Assert.Equal(seen, written.Ids);
        Assert.Equal((5, FinishReason.Stop), (seen.Count, written.Finish));
    }

    [Fact]
    public void It_stops_when_it_is_cancelled()
    {
        using var stop = new CancellationTokenSource();
        var seen = 0;
        Assert.Throws<OperationCanceledException>(() => Run([Prompts[0]], new() { MaxTokens = 12 }, onToken: (_, _) =>
        {
            if (++seen == 3) stop.Cancel();
            return true;
        }, cancellation: stop.Token));
        Assert.Equal(3, seen);
    }
}
