using MmMamba.ModelDsl.Architecture;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Kernels.Simd;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Tests.CostModel;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>By vector code over memory.</summary>
public sealed class SimdTokenTestsOnCpu() : SingleTokenTests(TestDevice.Cpu, null, tokens: 24, "vector code on the CPU")
{
    [Theory]
    [InlineData("GoldenWindows")]
    [InlineData("EverySwitch")]
    [InlineData("NoSwitch")]
    public void Rings_and_odd_switches_are_as_in_plain_operations(string name)
    {
        using var scope = NewDisposeScope();
        var random = new Random(3);
        using var model = new VisionLanguageModel(CostModels.Plan(name), new DrawnValues());
        using var sequences = new Sequences(model, 1, 64);
        using var plain = model.CreateCache(1, 64);
        int[] prompt = [.. Enumerable.Range(0, 5).Select(_ => random.Next(90))];
        sequences.Read([new(prompt)]);
        model.Forward(new(tensor(prompt.Select(id => (long)id).ToArray()).unsqueeze(0)), plain);
        for (var t = 0; t < 50; t++)
        {
            var next = random.Next(90);
            var logits = sequences.Read([new([next])]);
            Golden.Close(model.Forward(new(tensor([(long)next]).unsqueeze(0)), plain)[0], logits, 1e-4, $"step {t}");
            Assert.Equal([(int)logits[0].argmax().item<long>()], sequences.Picked!);
        }
        foreach (var (ours, theirs) in sequences.Cache.Zip(plain))
            foreach (var ((what, actual), (_, expected)) in ours.Filled().Zip(theirs.Filled()))
                if (actual.numel() > 0) Golden.Close(expected, actual, 1e-4, what);
    }

    [Theory, MemberData(nameof(CostModels.Small), MemberType = typeof(CostModels))]
    public void Its_work_is_the_cost_models(string name)
    {
        using var model = new VisionLanguageModel(CostModels.Plan(name), new CostModels.Values());
        using var sequences = new Sequences(model, 1, 40);
        for (var past = 11; past < 33; past += 11)
        {
            sequences.Read([new([.. Enumerable.Repeat(1, 10)])]).Dispose();
            var heard = new Dictionary<string, decimal>(StringComparer.Ordinal);
            using (Work.Listen((term, flops) => heard[term] = heard.GetValueOrDefault(term) + flops)) sequences.Read([new([1])]).Dispose();
            var expected = Costs.Of(CostModels.Named(name)).Lines(CostQuantity.Flops, new(1, Past: past - 1)).ToDictionary(line => line.Term.Name, line => line.Total);
            Assert.Equal(expected.OrderBy(term => term.Key, StringComparer.Ordinal), heard.OrderBy(term => term.Key, StringComparer.Ordinal));
        }
    }

    [Fact]
    public void A_linear_models_token_is_the_same_work_after_any_length_and_its_memory_is_too()
    {
        using var model = GoldenModel.Load(GoldenModel.Linear);
        Assert.Equal(BytesFor(1 << 10), BytesFor(1 << 15));
        using var sequences = new Sequences(model, 1, 400);
        Assert.Equal(FlopsAfter(16), FlopsAfter(300));

        long BytesFor(int tokens)
        {
            using var cache = model.CreateCache(1, tokens);
            return cache.Bytes;
        }

        long FlopsAfter(int tokens)
        {
            sequences.Read([new([.. Enumerable.Repeat(1, tokens)])]).Dispose();
            var sum = 0L;
            using (Work.Listen((_, flops) => sum += flops)) sequences.Read([new([1])]).Dispose();
            return sum;
        }
    }

    [Fact]
    public void What_a_thread_does_more_or_less_changes_no_bit()
    {
        using var scope = NewDisposeScope();
        // Matrices of more numbers than one thread takes alone.
        var plan = GoldenModel.Named("TinyMmMambaHybrid");
        using var model = new VisionLanguageModel(plan, new SeededParameters(GoldenModel.Named(plan.Teacher!), 7));
        var threads = get_num_threads();
        try
        {
            var expected = Written(1);
            Assert.All(Written(3).Zip(expected), pair => Assert.True(pair.First.eq(pair.Second).all().item<bool>()));
        }
        finally
        {
            set_num_threads(threads);
        }

        Tensor[] Written(int count)
        {
            set_num_threads(1);
            using var sequences = new Sequences(model, 1, 4096);
            sequences.Read([new([.. Enumerable.Range(0, 4000).Select(i => i % 900)])]);
            set_num_threads(count);
            return [.. Enumerable.Range(0, 8).Select(i => sequences.Read([new([i])]))];
        }
    }

    [Fact]
    public void The_base_of_rotations_shrinks_with_the_sequence()
    {
        using var scope = NewDisposeScope();
        using var model = GoldenModel.Load(GoldenModel.Named("GoldenNtk"));
        using var sequences = new Sequences(model, 1, 32);
        sequences.Read([new([1, 2, 3])]);
        for (var t = 0; t < 10; t++) sequences.Read([new([4 + t])]);
        sequences.Reset();
        sequences.Read([new([1, 2, 3])]);
        using var plain = model.CreateCache(1, 32);
        model.Forward(new(tensor([1L, 2, 3]).unsqueeze(0)), plain);
        Golden.Close(model.Forward(new(tensor([4L]).unsqueeze(0)), plain)[0], sequences.Read([new([4])]), 1e-4, "after the reset");
    }

    [Theory]
    [InlineData(-80)]
    [InlineData(-30)]
    [InlineData(-16)]
    [InlineData(-7)]
    [InlineData(0)]
    [InlineData(19.9)]
    [InlineData(21)]
    public void Small_steps_keep_their_digits(float x) =>
        Assert.InRange(SsmStep.Softplus(x) / nn.functional.softplus(tensor(x)).item<float>(), 1 - 1e-6f, 1 + 1e-6f);

    [Fact]
    public void Weights_of_a_model_that_is_gone_are_not_read()
    {
        var model = GoldenModel.Load(GoldenModel.Hybrid);
        using var sequences = new Sequences(model, 1, 8);
        sequences.Read([new([1, 2])]).Dispose();
        sequences.Read([new([3])]).Dispose();
        model.Dispose();
        Assert.Throws<ObjectDisposedException>(() => sequences.Read([new([4])]));
    }

    sealed class DrawnValues() : ParameterSource
    {
        readonly Generator _generator = new(11);

        public override TorchSharp.Modules.Parameter Take(Plans.TensorPlan tensor) => Own(randn([.. tensor.Shape], generator: _generator) * (tensor.Shape.Count > 1 ? 0.2 : 0.5));
    }
}

/// <summary>What single tokens take where there is no GPU.</summary>
public sealed class DecodePathTests
{
    [Theory]
    [InlineData(1, "vector code on the CPU")]
    [InlineData(2, "plain operations: there are several sequences")]
    public void It_says_what_it_is(int batch, string path)
    {
        using var model = GoldenModel.Load(GoldenModel.Hybrid);
        using var sequences = new Sequences(model, batch, 8);
        Prompt[] Each(params int[] ids) => [.. Enumerable.Repeat(new Prompt(ids), batch)];
        sequences.Read(Each(1, 2)).Dispose();
        Assert.Null(sequences.DecodePath);
        sequences.Read(Each(3)).Dispose();
        Assert.Equal(path, sequences.DecodePath);
        Assert.Equal(batch == 1, sequences.Picked is not null);
    }
}
