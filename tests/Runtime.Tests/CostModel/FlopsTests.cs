using MmMamba.ModelDsl.Architecture;
using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.CostModel;

/// <summary>The closed forms of the operations, term by term against what the engine does.</summary>
public sealed class FlopsTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    static Dictionary<string, decimal> Heard(Action work)
    {
        var terms = new Dictionary<string, decimal>(StringComparer.Ordinal);
        using (Work.Listen((term, flops) => terms[term] = terms.GetValueOrDefault(term) + flops)) work();
        return terms;
    }

    static Dictionary<string, decimal> Expected(string model, Pass pass) =>
        Costs.Of(CostModels.Named(model)).Lines(CostQuantity.Flops, pass).ToDictionary(line => line.Term.Name, line => line.Total);

    static void Same(Dictionary<string, decimal> expected, Dictionary<string, decimal> heard) =>
        Assert.Equal(expected.OrderBy(term => term.Key, StringComparer.Ordinal), heard.OrderBy(term => term.Key, StringComparer.Ordinal));

    static VisionLanguageModel Drawn(string name) => new(CostModels.Plan(name), new CostModels.Values());

    static Tensor Ids(long batch, long tokens, int imageTokens = 0)
    {
        var ids = ones(batch, tokens, ScalarType.Int64);
        if (imageTokens > 0) ids[0, ..imageTokens] = 90;
        return ids;
    }

    // A prompt, and the logits of its last position.
    static void Prefill(VisionLanguageModel model, ModelCache cache, Tensor ids, Tensor? tiles = null) =>
        model.Logits(model.Hidden(new(ids, tiles), cache).narrow(1, ids.shape[1] - 1, 1));

    [Theory]
    [MemberData(nameof(CostModels.Small), MemberType = typeof(CostModels))]
    public void Prefill_and_decode_at_many_lengths(string name)
    {
        using var model = Drawn(name);
        foreach (var batch in new[] { 1, 3 })
            foreach (var tokens in new[] { 1, 2, 7, 8, 23 })
            {
                using var cache = model.CreateCache(batch, tokens + 12);
                Same(Expected(name, new(tokens, Batch: batch)), Heard(() => Prefill(model, cache, Ids(batch, tokens))));
                for (var past = tokens; past < tokens + 2; past++)
                    Same(Expected(name, new(1, Past: past, Batch: batch)), Heard(() => model.Forward(new(Ids(batch, 1)), cache)));
                Same(Expected(name, new(9, Past: tokens + 2, Batch: batch)), Heard(() => Prefill(model, cache, Ids(batch, 9))));
            }
    }

    [Theory]
    [MemberData(nameof(CostModels.Small), MemberType = typeof(CostModels))]
    public void A_picture_adds_its_tiles(string name)
    {
        using var model = Drawn(name);
        foreach (var tiles in new[] { 1, 2 })
        {
            using var cache = model.CreateCache(1, 20);
            var heard = Heard(() => Prefill(model, cache, Ids(1, 20, 4 * tiles), zeros(tiles, 3, 16, 16)));
            Same(Expected(name, new(20, Tiles: tiles)), heard);
            Assert.Equal(Costs.Of(CostModels.Named(name)).PrefillFlops(20, tiles), heard.Values.Sum());
        }
    }

    [Fact]
    public void The_head_counts_where_it_runs()
    {
        using var model = Drawn("GoldenHybrid");
        using var cache = model.CreateCache(2, 6);
        Same(Expected("GoldenHybrid", new(6, Logits: 6, Batch: 2)), Heard(() => model.Forward(new(Ids(2, 6)), cache)));
    }

    [Fact]
    public void On_a_cpu_chunks_are_no_longer_than_heads_are_wide()
    {
        using var model = Drawn("TinyMmMambaHybrid");
        using var cache = model.CreateCache(1, 150);
        Same(Expected("ShortChunks", new(150)), Heard(() => Prefill(model, cache, Ids(1, 150))));
    }

    /// <summary>
    /// A layer of each kind at its true size: scans without memory, since on a CPU their chunks are shorter; attention with it, since
    /// its kernel knows no other way.
    /// </summary>
    [Theory]
    [MemberData(nameof(CostModels.Published), MemberType = typeof(CostModels))]
    public void The_published_layers(string name)
    {
        using var guard = no_grad();
        var (resolved, plan) = (CostModels.Named(name), CostModels.Plan(name));
        foreach (var index in resolved.Layers.GroupBy(layer => layer.Mixer).Select(kind => kind.First().Index))
            foreach (var tokens in new[] { 1, 129, 300 })
            {
                using var scope = NewDisposeScope();
                var mamba2 = plan.Layers[index].Mixer as Mamba2Plan;
                var values = new CostModels.Values(mamba2 is null ? CPU : META);
                var tensors = plan.Tensors.Where(tensor => tensor.Layer == index).ToDictionary(tensor => tensor.Name, values.Take);
                var layer = DecoderLayer.Create(plan.Layers[index], new(plan.Tensors, index, tensors, name));
                using LayerCache cache = mamba2 is null
                    ? new KvCache(1, 8, tokens + 1, 128, CPU, ScalarType.Float32)
                    : new Mamba2State(1, 4096, 2, 16, 128, META, ScalarType.Float32);
                Same(OfLayer(new(tokens)), Heard(() => Forward(tokens, 0)));
                Same(OfLayer(new(1, Past: tokens)), Heard(() => Forward(1, tokens)));
                foreach (var tensor in tensors.Values) tensor.Dispose();

                Dictionary<string, decimal> OfLayer(Pass pass) => Costs.Of(resolved).Lines(CostQuantity.Flops, pass)
                    .Where(line => line.Layers[index] != 0).ToDictionary(line => line.Term.Name, line => line.Layers[index]);

                void Forward(long length, long past)
                {
                    using var window = new TokenWindow(length, values.Device, past);
                    using var stream = new ResidualStream(zeros([1, length, 2048], device: values.Device), own: true, shown: false);
                    layer.Forward(stream, window, cache, null);
                }
            }
    }

    [Fact]
    public void The_published_linear_model_as_a_whole()
    {
        using var guard = no_grad();
        using var model = new VisionLanguageModel(CostModels.Plan("MmMambaLinear"), new MetaParameters(ScalarType.BFloat16));
        foreach (var tokens in new[] { 1, 129, 1000, 2048 })
        {
            using var scope = NewDisposeScope();
            using var cache = model.CreateCache(1, tokens + 1);
            Same(Expected("MmMambaLinear", new(tokens)), Heard(() => Pass(tokens)));
            Same(Expected("MmMambaLinear", new(1, Past: tokens)), Heard(() => Pass(1)));

            // Embedding looks at ids, which have no values here; the stream that it would give enters as it is.
            void Pass(long length)
            {
                var stream = model.Run(
                    new(empty([1, length], ScalarType.Int64, META)), cache, null, null, stream: empty([1, length, 2048], ScalarType.BFloat16, META));
                model.Logits(stream.narrow(1, length - 1, 1));
            }
        }
    }

    [Fact]
    public void The_published_tile()
    {
        var values = new CostModels.Values();
        var tensors = CostModels.Plan("Hovle").Tensors.Where(tensor => tensor.Group is TensorGroup.Patch or TensorGroup.Position or TensorGroup.Projector);
        var vision = new VisionEmbedding(CostModels.Plan("Hovle").Vision, tensors.ToDictionary(tensor => tensor.Name, values.Take));
        var heard = Heard(() => vision.Forward(zeros(1, 3, 448, 448)));
        Same(Expected("Hovle", new(0, Tiles: 1, Logits: 0)), heard);
    }

    [Fact]
    public void One_listens_at_a_time()
    {
        using var listening = Work.Listen((_, _) => { });
        Assert.Throws<InvalidOperationException>(() => Work.Listen((_, _) => { }));
    }
}
