using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>The mixer with its switches, and the attention that it imitates, against the reference.</summary>
public abstract class MixerGoldenTests(Device device)
{
    [Theory]
    [InlineData("init_mimic")]
    [InlineData("init_inherit")]
    [InlineData("init_scratch")]
    [InlineData("conv")]
    [InlineData("conv_qknorm")]
    [InlineData("conv_D")]
    [InlineData("conv_qknorm_D")]
    [InlineData("noconv_mha")]
    [InlineData("nognorm")]
    [InlineData("noA")]
    public void After_the_output_projection(string name)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var golden = Golden.Read("mixer.safetensors", name + "/", device);
        var mixed = Mixer(name, golden).Mix(golden["x"]);
        Golden.Close(golden["stage3/out"], nn.functional.linear(mixed, golden["params/o_proj.weight"]), 1e-4, "out");
    }

    // Without a convolution the reference leaves the activation out here; the mixer keeps it, as it does everywhere.
    [Theory]
    [InlineData("init_mimic")]
    [InlineData("init_inherit")]
    [InlineData("init_scratch")]
    [InlineData("conv")]
    [InlineData("conv_qknorm")]
    [InlineData("conv_D")]
    [InlineData("conv_qknorm_D")]
    [InlineData("nognorm")]
    [InlineData("noA")]
    public void What_the_first_stages_compare(string name)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var golden = Golden.Read("mixer.safetensors", name + "/", device);
        var expected = golden["train/y_pred"].transpose(1, 2).flatten(2, 3);
        Golden.Close(expected, Mixer(name, golden).Mix(golden["x"]), 1e-4, "y_pred");
    }

    // Attention of the same projections, with rotary positions; where they are not inherited the reference takes the student's for it.
    [Theory]
    [InlineData("init_mimic")]
    [InlineData("init_inherit")]
    [InlineData("init_scratch")]
    [InlineData("conv")]
    [InlineData("conv_qknorm")]
    [InlineData("conv_D")]
    [InlineData("conv_qknorm_D")]
    [InlineData("noconv")]
    [InlineData("noconv_mha")]
    [InlineData("nognorm")]
    [InlineData("noA")]
    public void What_they_compare_it_with(string name)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var golden = Golden.Read("mixer.safetensors", name + "/", device);
        var (heads, kvHeads, width) = Sizes(name);
        Tensor Heads(string projection, int groups) => golden[$"params/{projection}_proj.weight"].view(groups, -1, 32);
        var wqkv = cat([Heads("q", kvHeads), Heads("k", kvHeads), Heads("v", kvHeads)], 1).flatten(0, 1);
        if (name is "init_mimic" or "init_inherit")
            Assert.True(Golden.Read("mixer.safetensors", "teacher/", device)["wqkv.weight"].eq(wqkv).all().item<bool>());

        using var window = new TokenWindow(golden["x"].shape[1], device);
        var mixed = new GroupedQueryAttention(new(heads, kvHeads, width, 10_000, 4096, null), new Parameter(wqkv, false)).Attend(golden["x"], window);
        Golden.Close(golden["train/y_true"].transpose(1, 2).flatten(2, 3), mixed, 1e-4, "y_true");
        Golden.Close(golden["train/out"], nn.functional.linear(mixed, golden["params/o_proj.weight"]), 1e-4, "out");
    }

    static (int Heads, int KvHeads, int Width) Sizes(string name) => name == "noconv_mha" ? (2, 2, 16) : (4, 2, 8);

    static Mamba2Mixer Mixer(string name, Dictionary<string, Tensor> golden)
    {
        const string prefix = "params/", at = "layers.0.attention.";
        var parameters = golden.Where(pair => pair.Key.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(pair => at + pair.Key[prefix.Length..], pair => new Parameter(pair.Value.clone(), false));
        var plans = parameters.Select(pair => new TensorPlan(pair.Key, pair.Value.shape.ToPlanList(), TensorGroup.Query, 0, new Drawn(Draw.Constant, 0, 0)));
        var (heads, kvHeads, width) = Sizes(name);
        var has = (string tensor) => parameters.ContainsKey(at + tensor);
        var plan = new Mamba2Plan(
            heads, kvHeads, width, Conv: has("conv1d.weight") ? 2 : 0, Chunk: 4, Gate: has("g_proj.weight"), GateNorm: has("g_norm.weight"),
            Decay: has("A_log_bias"), Skip: has("D"), QkNorm: has("q_norm.weight"), NormEps: 1e-5);
        return new(plan, new(plans, 0, parameters, name));
    }
}

public sealed class MixerGoldenTestsOnCpu() : MixerGoldenTests(TestDevice.Cpu);

public sealed class MixerGoldenTestsOnCuda() : MixerGoldenTests(TestDevice.Cuda);
