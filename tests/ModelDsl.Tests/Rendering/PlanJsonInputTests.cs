using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Tests.Architecture;
using MmMamba.Runtime;

namespace MmMamba.ModelDsl.Tests.Rendering;

/// <summary>A plan that isn't one is refused in one line that names the key.</summary>
public class PlanJsonInputTests
{
    static readonly string Plan = PlanJson.Render(Published.Hybrid);

    static string Refused(string text)
    {
        var message = Assert.Throws<InputException>(() => Runtime.Plans.PlanJson.Parse(text, "model.safetensors")).Message;
        Assert.StartsWith("model.safetensors: ", message);
        Assert.DoesNotContain('\n', message);
        return message;
    }

    static string Changed(string before, string after)
    {
        var at = Plan.IndexOf(before, StringComparison.Ordinal);
        Assert.True(at >= 0, $"The plan has no {before}.");
        return Plan[..at] + after + Plan[(at + before.Length)..];
    }

    [Theory]
    [InlineData("\"hidden_size\": 2048,", "", "hidden_size is missing")]
    [InlineData("\"kv_heads\": 8", "\"kv_hedas\": 8", "layers[0].mixer.kv_heads is missing")]
    [InlineData("\"kv_heads\": 8", "\"kv_heads\": 8, \"rank\": 2", "layers[0].mixer.rank is unknown")]
    [InlineData("\"hidden_size\": 2048", "\"hidden_size\": \"2048\"", "hidden_size is \"2048\"; expected was a whole number")]
    [InlineData("\"hidden_size\": 2048", "\"hidden_size\": 2048.5", "hidden_size is 2048.5")]
    [InlineData("\"hidden_size\": 2048", "\"hidden_size\": 99999999999", "hidden_size is 99999999999")]
    [InlineData("\"hidden_size\": 2048", "\"hidden_size\": null", "hidden_size is null")]
    [InlineData("\"gate\": true", "\"gate\": 1", "layers[1].mixer.gate is 1; expected was true or false")]
    [InlineData("\"shape\": [1, 1, 2048]", "\"shape\": [1, \"1\", 2048]", "tensors[0].shape[1]")]
    [InlineData("\"shape\": [1, 1, 2048]", "\"shape\": 2048", "tensors[0].shape is 2048; expected was a list")]
    [InlineData("\"group\": \"patch\"", "\"group\": \"pitch\"", "tensors[0].group is \"pitch\"; expected was one of query")]
    [InlineData("\"kind\": \"copied\"", "\"kind\": \"stolen\"", "tensors[0].origin.kind is 'stolen'")]
    [InlineData("\"kind\": \"attention\"", "\"kind\": \"mamba3\"", "layers[0].mixer.kind is 'mamba3'")]
    [InlineData("\"rope_theta\": 1000000", "\"rope_theta\": 1e999", "layers[0].mixer.rope_theta is 1e999")]
    [InlineData("\"mmplan\": 1", "\"mmplan\": 2", "mmplan is '2'")]
    [InlineData("\"name\": \"MmMambaHybrid\"", "\"name\": \"\\ud800\"", "name is \"\\ud800\"")]
    [InlineData("\"name\": \"MmMambaHybrid\"", "\"name\": \"A\", \"name\": \"B\"", "a key occurs twice")]
    [InlineData("\"hidden_size\": 2048,", "\"hidden_size\": 2048", "not the JSON of a plan at line")]
    public void Malformed(string before, string after, string expected) => Assert.Contains(expected, Refused(Changed(before, after)));

    [Theory]
    [InlineData("\"parameter_count\": 2708076288", "\"parameter_count\": 2708076289", "parameter_count is out of range")]
    [InlineData("\"shape\": [1, 1, 2048]", "\"shape\": [1, -1, 2048]", "tensors[0].shape")]
    [InlineData("\"shape\": [1, 1, 2048]", "\"shape\": [9223372036854775807, 9223372036854775807, 2048]", "tensors[0].shape")]
    [InlineData("\"layer\": -1", "\"layer\": 32", "tensors[0].layer")]
    [InlineData("\"index\": 0", "\"index\": 1", "layers[0].index")]
    [InlineData("\"kv_heads\": 8", "\"kv_heads\": 7", "layers[0].mixer")]
    [InlineData("\"kv_heads\": 8", "\"kv_heads\": 0", "layers[0].mixer")]
    [InlineData("\"patch\": 14", "\"patch\": 0", "vision")]
    [InlineData("\"name\": \"embedding_model.pixel_shuffle_proj.0.bias\"", "\"name\": \"embedding_model.pixel_shuffle_proj.2.bias\"", "tensors[7].name")]
    [InlineData("\"stride\": 512", "\"stride\": 1", "origin is out of range")]
    [InlineData("\"run\": [\"introduced\"", "\"run\": [\"mixer\", \"introduced\"", "distillation.run")]
    [InlineData("\"warmup\": 0.1", "\"warmup\": 1.5", "distillation.schedule")]
    public void Impossible(string before, string after, string expected) => Assert.Contains(expected, Refused(Changed(before, after)));

    [Theory]
    [InlineData("")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("{\"mmplan\": 1")]
    public void No_plan_at_all(string text) => Refused(text);

    [Fact]
    public void Half_a_character_is_no_text() =>
        Assert.Contains("its characters are broken", Refused(Changed("MmMambaHybrid", ((char)0xD800).ToString())));

    [Fact]
    public void Depth_is_bounded() => Refused("{\"mmplan\": " + new string('[', 100_000));

    [Fact]
    public void Cut_anywhere_it_is_refused()
    {
        for (var length = 0; length < Plan.Length - 2; length += 9973) Refused(Plan[..length]);
    }

    [Fact]
    public void Order_and_spacing_are_free()
    {
        var moved = Changed("  \"hidden_size\": 2048,\n", "").Replace("\"mmplan\": 1,", "\"hidden_size\":\t2048, \"mmplan\":1,");
        Assert.Equal(Runtime.Plans.PlanJson.Parse(Plan), Runtime.Plans.PlanJson.Parse(moved));
    }
}
