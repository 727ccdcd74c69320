using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>Linear and hybrid students against the reference.</summary>
public sealed class StudentGoldenTests
{
    [Theory]
    [InlineData("linear", "text_b1")]
    [InlineData("linear", "text_b2")]
    [InlineData("linear", "image_b1")]
    [InlineData("linear", "image_b2")]
    [InlineData("hybrid", "text_b1")]
    [InlineData("hybrid", "text_b2")]
    [InlineData("hybrid", "image_b1")]
    [InlineData("hybrid", "image_b2")]
    public void Logits_and_layers(string student, string name)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var inputs = Golden.Read("hovle_tiny_io.safetensors", name + "/");
        var golden = Golden.Read("mmmamba_tiny_io.safetensors", $"{student}/{name}/");
        using var model = GoldenModel.Load(student == "linear" ? GoldenModel.Linear : GoldenModel.Hybrid);
        var input = new ModelInput(inputs["input_ids"], inputs.GetValueOrDefault("pixel_values"));
        if (name == "image_b1")
            model.Run(input, null, null, (i, x) =>
            {
                var layer = i < 2 ? $"embedding_layer_{i}" : $"llm_layer_{i - 2}";
                Golden.Close(golden[layer], x, 1e-4, layer);
            });
        Golden.Close(golden["logits"], model.Forward(input), 1e-4, "logits");
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("hybrid")]
    public void Greedy_ids(string student)
    {
        using var scope = NewDisposeScope();
        using var model = GoldenModel.Load(student == "linear" ? GoldenModel.Linear : GoldenModel.Hybrid);
        var expected = Golden.Read("mmmamba_tiny_io.safetensors", student + "/text_b1/")["greedy_ids"];
        var prompt = new ModelInput(Golden.Read("hovle_tiny_io.safetensors", "text_b1/")["input_ids"]);
        Assert.Equal(expected.data<long>().ToArray(), GreedyDecoding.Run(model, prompt, expected.shape[1]).data<long>().ToArray());
    }
}
