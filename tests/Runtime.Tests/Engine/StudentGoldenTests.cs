using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>Linear and hybrid students against the reference.</summary>
public abstract class StudentGoldenTests(Device device)
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
        using var model = GoldenModel.Load(student == "linear" ? GoldenModel.Linear : GoldenModel.Hybrid, device: device);
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
        using var model = GoldenModel.Load(student == "linear" ? GoldenModel.Linear : GoldenModel.Hybrid, device: device);
        var expected = Golden.Read("mmmamba_tiny_io.safetensors", student + "/text_b1/")["greedy_ids"];
        var prompt = new ModelInput(Golden.Read("hovle_tiny_io.safetensors", "text_b1/")["input_ids"]);
        Assert.Equal(expected.data<long>().ToArray(), GreedyDecoding.Run(model, prompt, expected.shape[1]).data<long>().ToArray());
    }

    // Rounding the weights to bfloat16 alone, with all else in float32, moves these logits by up to 2e-2.
    [Theory]
    [InlineData("linear", ScalarType.BFloat16, 4e-2)]
    [InlineData("hybrid", ScalarType.BFloat16, 4e-2)]
    [InlineData("linear", ScalarType.Float16, 5e-3)]
    [InlineData("hybrid", ScalarType.Float16, 5e-3)]
    public void In_half_precision(string student, ScalarType dtype, double tolerance)
    {
        using var scope = NewDisposeScope();
        var inputs = Golden.Read("hovle_tiny_io.safetensors", "image_b1/");
        var golden = Golden.Read("mmmamba_tiny_io.safetensors", student + "/image_b1/");
        using var model = GoldenModel.Load(student == "linear" ? GoldenModel.Linear : GoldenModel.Hybrid, dtype, device);
        var length = (int)inputs["input_ids"].shape[1];
        using var cache = model.CreateCache(1, length);
        var start = model.Forward(new(inputs["input_ids"].narrow(1, 0, length - 1), inputs["pixel_values"]), cache);
        var end = model.Forward(new(inputs["input_ids"].narrow(1, length - 1, 1)), cache);
        Assert.Equal(ScalarType.Float32, end.dtype);
        Golden.Close(golden["logits"], cat([start, end], 1), tolerance, "logits");
    }
}

public sealed class StudentGoldenTestsOnCpu() : StudentGoldenTests(TestDevice.Cpu);

public sealed class StudentGoldenTestsOnCuda() : StudentGoldenTests(TestDevice.Cuda);
