using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Tests.Engine;
using MmMamba.Runtime.Tests.Kernels.Emulation;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>Single tokens by code of our own, against the reference's steps and against plain operations.</summary>
/// <param name="device">Where the tensors lie.</param>
/// <param name="emulated">Seed of the emulator that runs the kernels; null where the device does.</param>
/// <param name="tokens">Of each comparison with plain operations.</param>
/// <param name="path">What reads them.</param>
public abstract class SingleTokenTests(Device device, ulong? emulated, int tokens, string path = SingleTokenTests.Captured)
{
    protected const string Captured = "captured CUDA graph";
    const int Prefill = 12, Steps = 8;

    readonly Device _device = device;

    IDisposable? Running() => emulated is { } seed ? KernelDevice.StandIn(EmulatedDevice.Here(seed)) : null;

    static ModelPlan Plan(string name) => name switch { "linear" => GoldenModel.Linear, "hybrid" => GoldenModel.Hybrid, "ntk" => GoldenModel.Named("GoldenNtk"), _ => GoldenModel.Hovle };

    static ModelInput Input(int[] ids) => new(tensor(ids.Select(id => (long)id).ToArray()).unsqueeze(0));

    [Theory]
    [InlineData("linear")]
    [InlineData("hybrid")]
    public void Steps_are_the_references(string student)
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        var ids = Golden.Read("decode.safetensors")["input_ids"];
        var golden = Golden.Read("decode.safetensors", student + "/");
        using var model = GoldenModel.Load(Plan(student), device: _device);
        for (var row = 0; row < 2; row++)
        {
            int[] tokens = [.. ids[row].data<long>().Select(id => (int)id)];
            using var sequences = new Sequences(model, 1, Prefill + Steps);
            sequences.Read([new(tokens[..Prefill])]);
            Assert.Null(sequences.DecodePath);
            for (var t = 0; t < Steps; t++)
            {
                var logits = sequences.Read([new([tokens[Prefill + t]])]);
                Golden.Close(golden["decode_logits"][row, t], logits[0], 1e-4, $"row {row}, step {t}");
                Assert.Equal([(int)logits.argmax(-1).item<long>()], sequences.Picked!);
            }
            Assert.Equal(path, sequences.DecodePath);
            for (var i = 0; i < sequences.Cache.Count; i++)
            {
                if (sequences.Cache[i] is Mamba2State state)
                {
                    Compare($"after_step8/layer_{i}/conv_state", state.Conv);
                    Compare($"after_step8/layer_{i}/ssm_state", state.Ssm);
                }
                else if (sequences.Cache[i] is KvCache kv)
                {
                    Compare($"after_step8/layer_{i}/k", kv.Keys.transpose(1, 2));
                    Compare($"after_step8/layer_{i}/v", kv.Values.transpose(1, 2));
                }
            }

            void Compare(string key, Tensor actual)
            {
                if (golden.TryGetValue(key, out var expected)) Golden.Close(expected[row], actual[0], 1e-4, key);
            }
        }
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("hybrid")]
    [InlineData("teacher")]
    [InlineData("ntk")]
    public void In_bfloat16_they_are_no_further_from_float32_than_plain_operations(string name)
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        using var half = GoldenModel.Load(Plan(name), ScalarType.BFloat16, _device);
        // The same numbers, with room for what is computed of them.
        using var exact = new VisionLanguageModel(Plan(name), new GoldenModel.Values(half.Tensors.ToDictionary(entry => entry.Key, entry => (Tensor)entry.Value), device: _device));
        using var sequences = new Sequences(half, 1, 40);
        using var plain = half.CreateCache(1, 40);
        using var truth = exact.CreateCache(1, 40);
        var random = new Random(5);
        int[] prompt = [.. Enumerable.Range(0, 9).Select(_ => random.Next(half.Plan.Tokens.Image))];
        sequences.Read([new(prompt)]);
        half.Forward(Input(prompt), plain);
        exact.Forward(Input(prompt), truth);
        var (ours, theirs) = (0.0, 0.0);
        for (var t = 0; t < tokens; t++)
        {
            int[] next = [random.Next(half.Plan.Tokens.Image)];
            var expected = exact.Forward(Input(next), truth)[0, 0];
            ours += Distance(sequences.Read([new(next)])[0], expected);
            theirs += Distance(half.Forward(Input(next), plain)[0, 0], expected);
        }
        Assert.Equal(path, sequences.DecodePath);
        Assert.InRange(ours, 0, 1.1 * theirs);

        static double Distance(Tensor actual, Tensor expected) => ((actual - expected).norm() / expected.norm()).item<float>();
    }

    [Theory]
    [InlineData("GoldenSwitches", 0)]
    [InlineData("GoldenSwitches", 1)]
    [InlineData("GoldenNtk", 2)]
    [InlineData("TinyHovle", 3)]
    [InlineData("TinyMmMambaHybrid", 4)]
    [InlineData("TinyHovle", 5, 4160)] // rows of five parts
    public void Every_switch_is_as_in_plain_operations(string name, int seed, int? mlpHidden = null)
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        var plan = mlpHidden is { } width ? WithMlp(GoldenModel.Named(name), width) : GoldenModel.Named(name);
        using var drawn = new VisionLanguageModel(
            plan, plan.Teacher is { } teacher ? new SeededParameters(GoldenModel.Named(teacher), (ulong)seed, _device) : new DrawnParameters((ulong)seed, _device));
        // Copied, to lie as tensors on a GPU do, which a kernel reads 16 bytes at a time.
        using var model = new VisionLanguageModel(plan, new GoldenModel.Values(drawn.Tensors.ToDictionary(entry => entry.Key, entry => (Tensor)entry.Value), device: _device));
        var random = new Random(seed);
        // What begins as a constant would hide which of its numbers is read.
        using (no_grad())
            foreach (var tensor in model.Tensors.Values.Where(tensor => tensor.dim() == 1 || tensor.shape[^1] <= 4)) tensor.add_(randn_like(tensor), 0.2);
        using var sequences = new Sequences(model, 1, 300);
        using var plain = model.CreateCache(1, 300);
        int[] prompt = [.. Enumerable.Range(0, 270).Select(_ => random.Next(plan.Tokens.Image))];
        sequences.Read([new(prompt)], chunk: 300);
        model.Forward(Input(prompt), plain);
        for (var t = 0; t < tokens; t++)
        {
            int[] next = [random.Next(plan.Tokens.Image)];
            Golden.Close(model.Forward(Input(next), plain)[0, 0], sequences.Read([new(next)])[0], 1e-4, $"{name}, step {t}");
        }
        Assert.Equal(path, sequences.DecodePath);
        foreach (var (ours, theirs) in sequences.Cache.Zip(plain))
            foreach (var ((what, tensor), (_, expected)) in ours.Filled().Zip(theirs.Filled()))
                if (tensor.numel() > 0) Golden.Close(expected, tensor, 1e-4, what);
    }

    static ModelPlan WithMlp(ModelPlan plan, int width) => plan with
    {
        Layers = plan.Layers.Select(layer => layer with { MlpHidden = width }).ToPlanList(),
        Tensors = plan.Tensors.Select(tensor => !tensor.Name.Contains(".feed_forward.", StringComparison.Ordinal) ? tensor : tensor with
        {
            Shape = tensor.Shape.Select(extent => extent == plan.Layers[tensor.Layer].MlpHidden ? width : extent).ToPlanList(),
        }).ToPlanList(),
    };

    [Fact]
    public void Prompts_and_tokens_take_turns()
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        using var model = GoldenModel.Load(GoldenModel.Hybrid, device: _device);
        using var sequences = new Sequences(model, 1, 64);
        int[] all = [.. Enumerable.Range(0, 30).Select(i => (7 * i + 3) % 50)];
        var at = 0;
        Tensor last = zeros(1);
        foreach (var count in (int[])[5, 1, 1, 8, 1, 1, 1, 12]) last = sequences.Read([new(all[at..(at += count)])]);
        Assert.Equal(path, sequences.DecodePath);
        var whole = model.Forward(Input(all));
        Golden.Close(whole[0, -1], last[0], 1e-4, "logits");
        sequences.Reset();
        sequences.Read([new(all[..29])]);
        Golden.Close(whole[0, -1], sequences.Read([new(all[29..])])[0], 1e-4, "logits after a reset");
    }

    /// <summary>One is stopped, one goes on, and the token of a picture's place is passed over where it is the most likely one.</summary>
    [Fact]
    public void Greedy_answers_are_those_of_plain_operations()
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        var plan = GoldenModel.Hybrid;
        for (var likely = 0; likely < 2; likely++)
        {
            using var model = GoldenModel.Load(plan, device: _device);
            List<int> expected = [3, 1, 4];
            var passedOver = false;
            for (var i = 0; i < 4; i++)
            {
                var logits = model.Forward(Input([.. expected]))[0, -1];
                passedOver |= i > 0 && logits.argmax().item<long>() == plan.Tokens.Image;
                expected.Add((int)logits.index_fill(-1, tensor([(long)plan.Tokens.Image], device: _device), float.NegativeInfinity).argmax().item<long>());
            }
            Assert.Equal(likely == 1, passedOver);
            using var sequences = new Sequences(model, 1, 16);
            var written = TokenGenerator.Run(sequences, [new([3, 1, 4])], [-1], new() { MaxTokens = 3 })[0].Ids;
            Assert.Equal(expected[3..6], written);
            Assert.Equal(path, sequences.DecodePath);
            Assert.Equal(expected[..5], sequences[0]);
            Assert.Equal(expected[6..], TokenGenerator.Run(sequences, [new([written[^1]])], [expected[6]], new() { MaxTokens = 3 })[0].Ids);
            plan = plan with { Tokens = plan.Tokens with { Image = written[1] } };
        }
    }
}

public sealed class CapturedTokenTestsOnCuda() : SingleTokenTests(TestDevice.Cuda, null, tokens: 24);

public sealed class CapturedTokenTestsEmulated() : SingleTokenTests(TestDevice.Cpu, emulated: 1, tokens: 3);
