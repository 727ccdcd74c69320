using MmMamba.ModelDsl.Architecture;
using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.CostModel;

/// <summary>Bytes by the closed forms, against the tensors that the engine allocates and reads.</summary>
public sealed class BytesTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose() => _scope.Dispose();

    public static TheoryData<string> All => [.. CostModels.SmallNames, .. CostModels.PublishedNames];

    static long Bytes(Tensor tensor) => tensor.numel() * tensor.element_size();

    [Theory]
    [MemberData(nameof(All))]
    public void Weights_and_caches_are_what_is_allocated(string name)
    {
        var costs = Costs.Of(CostModels.Named(name));
        foreach (var (dtype, element) in new[] { (ScalarType.Float32, 4), (ScalarType.BFloat16, 2) })
        {
            using var model = new VisionLanguageModel(CostModels.Plan(name), new MetaParameters(dtype));
            Assert.Equal(costs.WeightBytes(element), model.Tensors.Values.Sum(Bytes));
            foreach (var (batch, tokens) in new[] { (1, 1), (1, 1024), (3, 777), (1, 103_424) })
            {
                using var cache = model.CreateCache(batch, tokens);
                Assert.Equal(costs.CacheBytes(tokens, element, batch), cache.Bytes);
                Assert.Equal(costs.KvBytes(tokens, element, batch), cache.Where(layer => layer is KvCache or WindowCache).Sum(layer => layer.Bytes));
                Assert.Equal(costs.StateBytes(element, batch), cache.OfType<Mamba2State>().Sum(layer => layer.Bytes));
                model.StateDtype = ScalarType.BFloat16;
                using var half = model.CreateCache(batch, tokens);
                Assert.Equal(costs.CacheBytes(tokens, element, batch, stateElementBytes: 2), half.Bytes);
                Assert.Equal(costs.StateBytes(element, batch, stateElementBytes: 2), half.OfType<Mamba2State>().Sum(layer => layer.Bytes));
                model.StateDtype = ScalarType.Float32;
            }
        }
    }

    [Theory]
    [MemberData(nameof(CostModels.Small), MemberType = typeof(CostModels))]
    public void Each_layer_holds_its_part(string name)
    {
        using var model = new VisionLanguageModel(CostModels.Plan(name), new CostModels.Values());
        using var cache = model.CreateCache(2, 11);
        var lines = Costs.Of(CostModels.Named(name)).Lines(CostQuantity.BytesHeld, new(11, Batch: 2, ElementBytes: 4)).ToArray();
        for (var layer = 0; layer < cache.Count; layer++)
        {
            Assert.Equal(cache[layer].Bytes, lines.Where(line => line.Term.Name != "weights").Sum(line => line.Layers[layer]));
            Assert.Equal(
                model.Plan.Tensors.Where(tensor => tensor.Layer == layer).Sum(tensor => Bytes(model.Tensors[tensor.Name])),
                lines.Single(line => line.Term.Name == "weights").Layers[layer]);
        }
    }

    /// <summary>A value that is no number spreads to the logits exactly from what is read.</summary>
    [Theory]
    [InlineData("GoldenHovle")]
    [InlineData("GoldenLinear")]
    [InlineData("GoldenHybrid")]
    [InlineData("EverySwitch")]
    [InlineData("GoldenWindows")]
    public void A_decoded_token_reads_what_the_form_counts(string name)
    {
        const int Past = 5, Token = 1, Element = 4;
        using var guard = no_grad();
        var read = 0L;
        var plan = CostModels.Plan(name);
        foreach (var tensor in plan.Tensors)
        {
            var size = Element * tensor.Shape.AsSpan().ToArray().Aggregate(1L, (size, extent) => size * extent);
            if (tensor.Group != TensorGroup.Embedding) read += Spreads(model => model.Tensors[tensor.Name]) ? size : 0;
            else
            {
                // Of a table of embeddings a token reads its row at most.
                var rows = tensor.Shape[0];
                read += Spreads(model => model.Tensors[tensor.Name].narrow(0, Token, 1)) ? size / rows : 0;
                Assert.False(Spreads(model => model.Tensors[tensor.Name].narrow(0, 0, Token)));
                Assert.False(Spreads(model => model.Tensors[tensor.Name].narrow(0, Token + 1, rows - Token - 1)));
            }
        }
        using (var model = new VisionLanguageModel(plan, new CostModels.Values()))
        using (var cache = Filled(model))
        {
            Decode(model, cache);
            foreach (var layer in cache)
                read += layer switch
                {
                    KvCache kv => Bytes(kv.Keys) + Bytes(kv.Values),
                    WindowCache window => Bytes(window.Keys) + Bytes(window.Values),
                    Mamba2State state => Bytes(state.Conv) + Bytes(state.Ssm),
                    _ => throw new InvalidOperationException("A layer's cache is one of these."),
                };
        }
        Assert.Equal(Costs.Of(CostModels.Named(name)).DecodeBytesRead(Past, Element), read);

        bool Spreads(Func<VisionLanguageModel, Tensor> spoilt)
        {
            using var scope = NewDisposeScope();
            using var model = new VisionLanguageModel(plan, new CostModels.Values());
            using var cache = Filled(model);
            spoilt(model).fill_(float.NaN);
            return Decode(model, cache).isnan().any().item<bool>();
        }

        ModelCache Filled(VisionLanguageModel model)
        {
            var cache = model.CreateCache(1, Past + 1);
            model.Hidden(new(full(1, Past, Token + 1, ScalarType.Int64)), cache);
            return cache;
        }

        static Tensor Decode(VisionLanguageModel model, ModelCache cache) => model.Forward(new(full(1, 1, Token, ScalarType.Int64)), cache);
    }

    [Theory]
    [InlineData("TinyMmMambaHybrid")]
    [InlineData("GoldenLinear")]
    public void The_optimizer_holds_two_moments_and_a_count_of_steps(string name)
    {
        var resolved = CostModels.Named(name).Distillation!.Stages.Single(stage => stage.Spec.Kind == MmMamba.ModelDsl.Specs.StageKind.EndToEnd);
        foreach (var (dtype, element) in new[] { (ScalarType.Float32, 4), (ScalarType.BFloat16, 2) })
        {
            using var model = new VisionLanguageModel(CostModels.Plan(name), new MetaParameters(dtype));
            var trained = EndToEndDistillation.Train(model, model.Plan.Distillation!.Stages.Single(stage => stage.Kind == StageKind.EndToEnd).Train);
            using var optimizer = new AdamW(trained, model.Plan.Distillation.Optimizer);
            Assert.Equal(resolved.TrainedTensors, trained.Count);
            Assert.Equal(resolved.OptimizerBytes(element), optimizer.Bytes);
            Assert.Equal(resolved.GradientBytes(element), trained.Sum(named => Bytes(zeros_like(named.Parameter))));
        }
    }
}
