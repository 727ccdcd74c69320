using MmMamba.Runtime.Data;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Text.Tiny;
using MmMamba.Runtime.Vision;
using TorchSharp;

namespace MmMamba.Runtime.Tests.Data;

public class BatchLoaderTests
{
    static readonly ConversationEncoder Encoder = new(Plan(), TinyTokenizer.Load());
    static readonly MosaicSource Mosaics = new(DrawnPictures.Splits(trainPerClass: 10, testPerClass: 4).Train, new() { Canvas = 32 }, seed: 6);

    [Fact]
    public void An_encoded_conversation_holds_its_images_and_its_answers()
    {
        var conversation = Mosaics.Get(3);
        var encoded = Encoder.Encode(conversation);
        Assert.Equal(1, encoded.Tiles);
        Assert.Equal(3 * 32 * 32, encoded.Pixels.Length);
        Assert.Equal(4, encoded.Ids.Count(id => id == Encoder.Tokenizer.Image));
        Assert.Equal(conversation.Turns.Count, encoded.Answers.Length);
        foreach (var answer in encoded.Answers)
        {
            var span = encoded.Ids.AsSpan(answer.Start, answer.Length);
            Assert.Equal(conversation.Turns[answer.Turn].Answer, Encoder.Tokenizer.Decode(span[..^1]));
            Assert.Equal(Encoder.Tokenizer.EndOfTurn, span[^1]);
            Assert.Equal(conversation.Turns[answer.Turn].Kind, answer.Kind);
        }
        Assert.Equal(new ImagePreprocessor(Encoder.Vision).Process(conversation.Images[0].Load()).Values, encoded.Pixels);
    }

    [Fact]
    public void Several_images_follow_one_another_and_text_alone_has_none()
    {
        var two = Encoder.Encode(new("two", [Flat(10), Flat(250)], [new("<image> or <image>?", "yes", "")]));
        Assert.Equal(2, two.Tiles);
        Assert.True(two.Pixels[0] < two.Pixels[3 * 32 * 32]);
        Assert.Equal(8, two.Ids.Count(id => id == Encoder.Tokenizer.Image));
        var none = Encoder.Encode(new("none", [], [new("hello?", "yes", "")]));
        Assert.Equal(0, none.Tiles);
        Assert.Empty(none.Pixels);
    }

    [Fact]
    public void A_tokenizer_or_template_of_another_model_is_refused()
    {
        Assert.Contains("1017", Assert.Throws<InputException>(() => new ConversationEncoder(Plan() with { Tokens = new(1024, 1016, "internlm2_chat", "") }, TinyTokenizer.Load())).Message);
        Assert.Contains("template", Assert.Throws<InputException>(() => new ConversationEncoder(Plan() with { Tokens = new(1024, 1017, "other", "") }, TinyTokenizer.Load())).Message);
    }

    [Fact]
    public void Rows_are_padded_on_the_right_with_zero_and_masked()
    {
        EncodedConversation[] items =
        [
            new([5, 6, 7], [1, 2, 3], 1, []),
            new([8], [], 0, []),
            new([9, 9], [4, 5, 6, 7, 8, 9], 2, []),
        ];
        using var batch = Batch.Of(items, side: 1);
        Assert.Equal([3, 3], batch.Input.InputIds.shape);
        Assert.Equal([5, 6, 7, 8, 0, 0, 9, 9, 0], batch.Input.InputIds.data<long>());
        Assert.Equal([true, true, true, true, false, false, true, true, false], batch.Input.AttentionMask!.data<bool>());
        Assert.Equal([3, 3, 1, 1], batch.Input.PixelValues!.shape);
        Assert.Equal([1, 2, 3, 4, 5, 6, 7, 8, 9], batch.Input.PixelValues!.data<float>());
        using var even = Batch.Of([items[1], items[1]], side: 1);
        Assert.Null(even.Input.AttentionMask);
        Assert.Null(even.Input.PixelValues);
    }

    [Fact]
    public void Tensors_outlive_the_caller_s_scope_and_end_with_the_batch()
    {
        Batch batch;
        using (torch.NewDisposeScope()) batch = Batch.Of([new([1, 2], [1, 2, 3], 1, []), new([1], [], 0, [])], side: 1);
        Assert.False(batch.Input.InputIds.IsInvalid);
        Assert.Same(batch, batch.MoveTo(torch.CPU));
        Assert.False(batch.Input.InputIds.IsInvalid);
        batch.Dispose();
        Assert.True(batch.Input.InputIds.IsInvalid && batch.Input.PixelValues!.IsInvalid && batch.Input.AttentionMask!.IsInvalid);
    }

    [Theory]
    [InlineData(2, 1)]
    [InlineData(5, 3)]
    public void Order_and_content_do_not_depend_on_the_workers(int workers, int prefetch)
    {
        BatchOptions options = new() { Size = 4, Endless = true };
        var (alone, together) = (new BatchLoader(Mosaics, Encoder, options).From(2), new BatchLoader(Mosaics, Encoder, options with { Workers = workers, Prefetch = prefetch }).From(2));
        foreach (var (a, b) in alone.Zip(together).Take(12))
        {
            Assert.Equal(a.Items.Select(item => item.Ids), b.Items.Select(item => item.Ids));
            Assert.Equal(a.Input.InputIds.data<long>().ToArray(), b.Input.InputIds.data<long>().ToArray());
            Assert.Equal(a.Input.PixelValues!.data<float>().ToArray(), b.Input.PixelValues!.data<float>().ToArray());
        }
        Assert.Equal(Encoder.Encode(Mosaics.Get(8)).Ids, alone.First().Items[0].Ids);
    }

    [Fact]
    public void One_pass_gives_each_conversation_once()
    {
        var source = Numbered(10);
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9], Read(new(source, Encoder, new() { Size = 4, Workers = 3 })));
        Assert.Equal([4, 4, 2], new BatchLoader(source, Encoder, new() { Size = 4 }).Select(batch => batch.Items.Count));
        Assert.Equal([4, 4], new BatchLoader(source, Encoder, new() { Size = 4, DropLast = true }).Select(batch => batch.Items.Count));
        Assert.Equal([8, 9], new BatchLoader(source, Encoder, new() { Size = 4 }).From(2).SelectMany(Numbers));
        Assert.Empty(new BatchLoader(source, Encoder, new() { Size = 4 }).From(9));
        Assert.Equal(3, new BatchLoader(source, Encoder, new() { Size = 4 }).BatchesPerPass);
    }

    [Fact]
    public void An_endless_run_begins_again_in_another_order()
    {
        var source = Numbered(10);
        var loader = new BatchLoader(source, Encoder, new() { Size = 5, Endless = true, Shuffle = 3, Workers = 2 });
        var read = loader.Take(6).SelectMany(Numbers).ToArray();
        var (first, second, third) = (read[..10], read[10..20], read[20..]);
        Assert.All([first, second, third], pass => Assert.Equal(Enumerable.Range(0, 10), pass.Order()));
        Assert.NotEqual(first, second);
        Assert.NotEqual(second, third);
        Assert.Equal(read, loader.Take(6).SelectMany(Numbers));
        Assert.Equal(read[15..], new BatchLoader(source, Encoder, new() { Size = 5, Endless = true, Shuffle = 3 }).From(3).Take(3).SelectMany(Numbers));
        Assert.Equal([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1], new BatchLoader(source, Encoder, new() { Size = 4, Endless = true }).Take(3).SelectMany(Numbers));
    }

    [Fact]
    public void What_a_worker_throws_comes_out_in_its_place()
    {
        var source = new Failing(Numbered(20), 9);
        using var batches = new BatchLoader(source, Encoder, new() { Size = 4, Workers = 4 }).GetEnumerator();
        Assert.True(batches.MoveNext());
        Assert.True(batches.MoveNext());
        Assert.Equal("line 9 is broken", Assert.Throws<InputException>(() => batches.MoveNext()).Message);
    }

    [Fact]
    public void A_sequence_is_entered_at_any_batch_without_reading_those_before_it()
    {
        foreach (var options in (BatchOptions[])
            [new() { Size = 3 }, new() { Size = 3, Endless = true }, new() { Size = 3, Endless = true, Shuffle = 5 }, new() { Size = 4, Shuffle = 5, Workers = 3 }])
        {
            var source = new Failing(Numbered(40), -1);
            var all = new BatchLoader(source, Encoder, options).Read(CancellationToken.None).Take(9).Select(batch => Numbers(batch).ToArray()).ToArray();
            foreach (var number in (int[])[0, 1, 6])
            {
                var before = source.Asked;
                using var batches = new BatchLoader(source, Encoder, options with { Prefetch = 1 }).From(number).GetEnumerator();
                Assert.True(batches.MoveNext());
                Assert.Equal(all[number], Numbers(batches.Current));
                Assert.InRange(source.Asked - before, 1, (options.Workers + 3) * options.Size);
            }
            Assert.Equal(all[5..], new BatchLoader(source, Encoder, options).Read(CancellationToken.None).From(2).From(3).Take(all.Length - 5).Select(batch => Numbers(batch).ToArray()));
        }
        Assert.Equal(Encoder.Encode(Mosaics.Get(4_000_000_000)).Ids, new BatchLoader(Mosaics, Encoder, new() { Size = 4 }).From(1_000_000_000).First().Items[0].Ids);
    }

    [Fact]
    public void What_cannot_be_read_is_passed_by_and_told_whoever_reads_and_wherever_one_enters()
    {
        BatchOptions options = new() { Size = 4, PassUnreadable = true, Endless = true, Prefetch = 2 };
        var source = new Failing(Numbered(10), 9);
        var batches = new BatchLoader(source, Encoder, options with { Workers = 3 }).Take(5).Select(batch => (Numbers(batch).ToArray(), batch.Unreadable.ToArray())).ToArray();
        Assert.Equal([0, 1, 2, 3], batches[0].Item1);
        Assert.Empty(batches[0].Item2);
        Assert.Equal([8, 0, 0, 1], batches[2].Item1); // the tenth's place is taken by the one after it
        Assert.Equal(["line 9 is broken"], batches[2].Item2);
        Assert.Equal([6, 7, 8, 0], batches[4].Item1);
        var alone = new BatchLoader(source, Encoder, options).From(2).First();
        Assert.Equal([8, 0, 0, 1], Numbers(alone));
        Assert.Equal(["line 9 is broken"], alone.Unreadable);
        Assert.Equal([8, 0], Numbers(new BatchLoader(source, Encoder, options with { Endless = false }).Last())); // one pass, and its end
        Assert.Equal("line 0 is broken", Assert.Throws<InputException>(() => new BatchLoader(new Failing(Numbered(1), 0), Encoder, options).First()).Message);
    }

    [Fact]
    public void Cancelling_ends_the_enumeration_and_its_workers()
    {
        using var cancellation = new CancellationTokenSource();
        var source = new Failing(Numbered(1000), long.MaxValue);
        Assert.ThrowsAny<OperationCanceledException>(() =>
        {
            foreach (var batch in new BatchLoader(source, Encoder, new() { Size = 4, Workers = 2, Endless = true }).Read(cancellation.Token)) cancellation.Cancel();
        });
        var asked = source.Asked;
        Thread.Sleep(50);
        Assert.Equal(asked, source.Asked);
    }

    [Fact]
    public void A_batch_ends_when_the_next_one_is_asked_for_and_leaving_frees_all()
    {
        Batch first, second;
        using (var batches = new BatchLoader(Mosaics, Encoder, new() { Size = 2, Endless = true }).GetEnumerator())
        {
            Assert.Throws<InvalidOperationException>(() => batches.Current);
            batches.MoveNext();
            first = batches.Current;
            batches.MoveNext();
            second = batches.Current;
            Assert.True(first.Input.InputIds.IsInvalid);
            Assert.False(second.Input.InputIds.IsInvalid);
        }
        Assert.True(second.Input.InputIds.IsInvalid);
    }

    [Fact]
    public void Sizes_that_cannot_be_are_refused()
    {
        foreach (var options in (BatchOptions[])[new() { Size = 0 }, new() { Workers = 0 }, new() { Prefetch = 0 }, new() { Shuffle = 1 }])
            Assert.Throws<ArgumentOutOfRangeException>(() => new BatchLoader(Mosaics, Encoder, options));
    }

    static ModelPlan Plan() => new()
    {
        Name = "Tiny", Summary = "", Fingerprint = "", HiddenSize = 8, Checkpoint = "hovle", Layers = [], Tensors = [], ParameterCount = 0,
        Tokens = new(TinyTokenizer.Vocabulary, 1017, "internlm2_chat", ""), Vision = new(32, 8, 1, 0.5, "gelu_mlp", "imagenet"),
    };

    static DrawnImage Flat(byte value) => new("flat", () =>
    {
        var image = new RgbImage(32, 32);
        image.Pixels.AsSpan().Fill(value);
        return image;
    });

    static Listed Numbered(int count) => new([.. Enumerable.Range(0, count).Select(i => new Conversation($"{i}", [], [new("q", $"{i}", "")]))]);

    static IEnumerable<int> Numbers(Batch batch) => batch.Items.Select(item =>
        int.Parse(Encoder.Tokenizer.Decode(item.Ids.AsSpan(item.Answers[0].Start, item.Answers[0].Length)), System.Globalization.CultureInfo.InvariantCulture));

    static int[] Read(BatchLoader loader) => [.. loader.SelectMany(Numbers)];

    sealed class Failing(IConversationSource source, long broken) : IConversationSource
    {
        int _asked;

        public int Asked => Volatile.Read(ref _asked);
        public long Count => source.Count;

        public Conversation Get(long index)
        {
            Interlocked.Increment(ref _asked);
            return index == broken ? throw new InputException($"line {index} is broken") : source.Get(index);
        }
    }
}
