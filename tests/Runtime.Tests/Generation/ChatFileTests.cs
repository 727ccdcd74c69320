using System.Text;
using CsCheck;
using MmMamba.ModelDsl.Architecture;
using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Tests.Checkpoints;
using MmMamba.Runtime.Tests.CostModel;
using MmMamba.Runtime.Tests.Distillation;
using MmMamba.Runtime.Text;
using MmMamba.Runtime.Text.Tiny;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Generation;

/// <summary>A conversation's file: what it weighs, and that none that was changed is taken for another conversation.</summary>
public sealed class ChatFileTests : IDisposable
{
    const string Key = "mmmamba.chat";

    static readonly ChatTokenizer Tokenizer = TinyTokenizer.Load();

    readonly VisionLanguageModel _model = TinyModels.SeedHybrid(5);
    readonly TemporaryFolder _folder = new();
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _model.Dispose();
        _folder.Dispose();
    }

    string Saved(string? system = null)
    {
        using var session = new ChatSession(_model, Tokenizer, 256, system);
        session.Ask("is there a cat?", options: new() { MaxTokens = 5 });
        session.Save(_folder["chat"]);
        return _folder["chat"];
    }

    string Refused(string path, int maxTokens = 256)
    {
        var message = Assert.Throws<InputException>(() => ChatSession.Resume(path, _model, Tokenizer, maxTokens).Dispose()).Message;
        Assert.StartsWith(path, message);
        Assert.DoesNotContain('\n', message);
        return message[path.Length..];
    }

    // The saved file with something changed, and a digest of what it holds now, as another tool could have written it.
    string Rewritten(Action<Dictionary<string, Tensor>> tensors, Func<string, string>? json = null)
    {
        using var file = SafetensorsFile.Open(Saved());
        var all = file.Tensors.ToDictionary(tensor => tensor.Name, tensor => file.Read(tensor.Name));
        tensors(all);
        var text = (json ?? (same => same))(file.Metadata[Key]);
        FileDigest.Write(_folder["rewritten"], [.. all.Select(entry => (entry.Key, entry.Value))], new Dictionary<string, string> { [Key] = text });
        return _folder["rewritten"];
    }

    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 300)]
    [InlineData(300, 100_000)]
    public void The_linear_model_of_the_published_size_keeps_32_5_MiB_at_any_length(int tokens, int room)
    {
        using var model = new VisionLanguageModel(CostModels.Plan("MmMambaLinear"), new MetaParameters(ScalarType.Float32));
        using var cache = model.CreateCache(1, room);
        Assert.Equal(32.5 * 1024 * 1024, cache.SelectMany(layer => layer.Filled()).Sum(part => part.Tensor.numel() * part.Tensor.element_size()));
        Assert.Equal(34_078_720, Costs.Of(CostModels.Named("MmMambaLinear")).CacheBytes(tokens, 4));
    }

    [Fact]
    public void A_linear_model_s_file_grows_by_ids_and_text_alone()
    {
        using var teacher = TinyModels.DrawTeacher();
        var plan = CostModels.Plan("TinyMmMambaLinear");
        using var model = new VisionLanguageModel(plan, new SeededParameters(teacher, 1));
        using var session = new ChatSession(model, Tokenizer);
        var state = Costs.Of(CostModels.Named("TinyMmMambaLinear")).StateBytes(4);
        foreach (var tokens in (int[])[3, 200])
        {
            session.Ask("is there a cat?", options: new() { MaxTokens = tokens });
            session.Save(_folder["chat"]);
            using var file = SafetensorsFile.Open(_folder["chat"]);
            var ids = file.Tensors.Where(tensor => tensor.Type == ScalarType.Int64).Sum(tensor => tensor.ByteCount);
            Assert.Equal(8 * (session.Length + session.UnreadIds.Count), ids);
            Assert.Equal(state, file.Tensors.Sum(tensor => tensor.ByteCount) - ids);
        }
    }

    [Fact]
    public void The_system_message_comes_along()
    {
        using (var session = new ChatSession(_model, Tokenizer, 256, "you see pictures")) session.Save(_folder["empty"]);
        using var resumed = ChatSession.Resume(_folder["empty"], _model, Tokenizer, 256);
        using var fresh = new ChatSession(_model, Tokenizer, 256, "you see pictures");
        Assert.Equal(fresh.Ask("is there a cat?"), resumed.Ask("is there a cat?"));
        Assert.Equal(fresh.Sequences[0], resumed.Sequences[0]);
    }

    [Theory]
    [InlineData(ScalarType.Float32, ScalarType.BFloat16)]
    [InlineData(ScalarType.BFloat16, ScalarType.Float32)]
    public void States_go_on_in_the_type_that_they_were_held_in(ScalarType held, ScalarType other)
    {
        _model.StateDtype = held;
        var path = Saved();
        using (var resumed = ChatSession.Resume(path, _model, Tokenizer, 256)) Assert.All(resumed.Sequences.Cache.OfType<Mamba2State>(), state => Assert.Equal(held, state.Ssm.dtype));
        _model.StateDtype = other;
        Assert.Equal($": the conversation was held with states in {held}, and the model holds them in {other}. Hold them in the type of the conversation.", Refused(path));
    }

    [Fact]
    public void What_is_rewritten_unchanged_is_resumed() =>
        ChatSession.Resume(Rewritten(_ => { }), _model, Tokenizer, 256).Dispose();

    [Theory]
    [InlineData("type", ": tensor 'layers.1.ssm' is Float64 (1, 6, 16, 16); expected Float32 (1, 6, 16, 16). The file is damaged or of another tool.")]
    [InlineData("shape", ": tensor 'layers.0.keys' is Float32 (1, 3, 1, 16); expected Float32 (1, 3, {tokens}, 16). The file is damaged or of another tool.")]
    [InlineData("missing", ": no tensor 'layers.0.values' among its ")]
    [InlineData("extra", ": tensor 'layers.9.ssm' is of no layer of TinyMmMambaHybrid. The file is damaged or of another tool.")]
    [InlineData("ids", ": tensor 'ids' is Float32 (")]
    [InlineData("range", ": tensor 'ids' holds ids outside the vocabulary of 1024. The file is damaged or of another tool.")]
    [InlineData("picture", ": tensor 'unread' holds image tokens, and no file holds pictures. The file is damaged or of another tool.")]
    [InlineData("fewer", "expected Float32 (1, 3, 1, 16). The file is damaged or of another tool.")]
    public void Tensors_that_are_no_conversation_s(string what, string message)
    {
        var tokens = 0L;
        var path = Rewritten(all =>
        {
            tokens = all["ids"].shape[0];
            Action change = what switch
            {
                "type" => () => all["layers.1.ssm"] = all["layers.1.ssm"].to(ScalarType.Float64),
                "shape" => () => all["layers.0.keys"] = all["layers.0.keys"].narrow(2, 0, 1).clone(),
                "missing" => () => all.Remove("layers.0.values"),
                "extra" => () => all["layers.9.ssm"] = all["layers.1.ssm"],
                "ids" => () => all["ids"] = all["ids"].to(ScalarType.Float32),
                "range" => () => all["ids"] = all["ids"] + 1024,
                "picture" => () => all["unread"] = full(1, Tokenizer.Image, ScalarType.Int64),
                "fewer" => () => all["ids"] = all["ids"].narrow(0, 0, 1).clone(),
                _ => throw new ArgumentOutOfRangeException(nameof(what)),
            };
            change();
        });
        Assert.Contains(message.Replace("{tokens}", tokens.ToString(System.Globalization.CultureInfo.InvariantCulture)), Refused(path));
    }

    [Theory]
    [InlineData("{", ", mmmamba.chat: not the JSON of a conversation. The file is damaged or of another tool.")]
    [InlineData("{\"edition\":2}", ", mmmamba.chat: written by another edition of this tool; expected edition 3.")]
    [InlineData("{\"edition\":3}", ", mmmamba.chat: the key model is missing.")]
    [InlineData(null, ": 0 turns and ")]
    public void A_header_that_is_no_conversation_s(string? json, string message) =>
        Assert.StartsWith(message, Refused(Rewritten(_ => { }, same => json ?? $"{same[..same.IndexOf("[", StringComparison.Ordinal)]}[]}}")));

    [Theory]
    [InlineData("ids")]
    [InlineData("layers.1.ssm")]
    [InlineData("layers.0.keys")]
    public void A_changed_number_is_known_by_the_digest(string name)
    {
        var path = Saved();
        long offset;
        using (var file = SafetensorsFile.Open(path)) offset = file[name].Offset;
        var bytes = File.ReadAllBytes(path);
        bytes[offset] ^= 1;
        File.WriteAllBytes(path, bytes);
        Assert.Equal(": its content is not what its mmmamba.digest says. It was changed since it was saved; give the file as it was.", Refused(path));
    }

    [Fact]
    public void A_damaged_file_is_refused_or_is_the_conversation_that_was_saved()
    {
        var whole = File.ReadAllBytes(Saved());
        using var saved = ChatSession.Resume(_folder["chat"], _model, Tokenizer, 256);
        var end = 8 + (int)BitConverter.ToInt64(whole);
        var (resumed, refused) = (0, 0);
        Gen.Select(FileDamage.Any.Array[0, 3], Gen.Bool, Gen.Int[end, whole.Length - 1].Array[0, 2], Gen.Byte).Sample((damage, keepLength, places, flip) =>
        {
            var bytes = whole.ToArray();
            foreach (var place in places) bytes[place] ^= flip;
            File.WriteAllBytes(_folder["damaged"], FileDamage.OfHeader(bytes, damage, keepLength));
            try
            {
                using var session = ChatSession.Resume(_folder["damaged"], _model, Tokenizer, 256);
                Same(saved, session);
                resumed++;
            }
            catch (InputException e)
            {
                Assert.DoesNotContain('\n', e.Message);
                refused++;
            }
        }, iter: 1000, threads: 1);
        // Both ways were taken, or the test has shown nothing.
        Assert.InRange(resumed, 10, 900);
        Assert.InRange(refused, 100, 990);
    }

    static void Same(ChatSession expected, ChatSession actual)
    {
        using var scope = NewDisposeScope();
        Assert.Equal(expected.Sequences[0], actual.Sequences[0]);
        Assert.Equal(expected.UnreadIds, actual.UnreadIds);
        Assert.Equal(expected.History, actual.History);
        Assert.Equal(expected.System, actual.System);
        foreach (var (one, other) in expected.Sequences.Cache.SelectMany(layer => layer.Filled()).Zip(actual.Sequences.Cache.SelectMany(layer => layer.Filled())))
            Assert.True(one.Tensor.contiguous().bytes.SequenceEqual(other.Tensor.contiguous().bytes), one.Name);
    }
}
