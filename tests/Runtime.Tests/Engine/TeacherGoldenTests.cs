using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>The teacher, stage by stage, against the reference.</summary>
public abstract class TeacherGoldenTests(Device device) : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly VisionLanguageModel _model = GoldenModel.Load(GoldenModel.Hovle, device: device);

    public void Dispose()
    {
        _model.Dispose();
        _scope.Dispose();
    }

    [Theory]
    [InlineData("text_b1")]
    [InlineData("text_b2")]
    [InlineData("image_b1")]
    [InlineData("image_b2")]
    public void Every_stage(string name)
    {
        var golden = Golden.Read("hovle_tiny_io.safetensors", name + "/");
        var input = new ModelInput(golden["input_ids"], golden.GetValueOrDefault("pixel_values"));
        using var guard = no_grad();
        if (input.PixelValues is { } pixels)
        {
            var patches = _model.Vision.Patches(pixels.to(device));
            var merged = _model.Vision.Merge(patches);
            Golden.Close(golden["vision_embeddings"], patches.flatten(1, 2), 1e-4, "vision_embeddings");
            Golden.Close(golden["pixel_shuffle_out"], merged, 1e-4, "pixel_shuffle_out");
            Golden.Close(golden["pixel_shuffle_proj_out"], _model.Vision.Project(merged), 1e-4, "pixel_shuffle_proj_out");
        }
        Golden.Close(golden["embedding_input"], _model.Embed(input), 1e-4, "embedding_input");
        _model.Run(input, null, null, (i, x) =>
        {
            var layer = i < 2 ? $"embedding_layer_{i}" : $"llm_layer_{i - 2}";
            Golden.Close(golden[layer], x, 1e-4, layer);
        });
        Golden.Close(golden["final_norm"], _model.Hidden(input), 1e-4, "final_norm");
        Golden.Close(golden["logits"], _model.Forward(input), 1e-4, "logits");
    }

    [Theory]
    [InlineData("text_b1")]
    [InlineData("image_b1")]
    public void Greedy_ids(string name)
    {
        var golden = Golden.Read("hovle_tiny_io.safetensors", name + "/");
        var prompt = new ModelInput(golden["input_ids"], golden.GetValueOrDefault("pixel_values"));
        var expected = golden["greedy_ids"];
        Assert.Equal(expected.data<long>().ToArray(), GreedyDecoding.Run(_model, prompt, expected.shape[1]).data<long>().ToArray());
    }

    // Rounding the weights to bfloat16 alone, with all else in float32, moves these numbers by up to 2e-2.
    [Theory]
    [InlineData("text_b2")]
    [InlineData("image_b1")]
    public void Every_layer_in_bfloat16(string name)
    {
        using var model = GoldenModel.Load(GoldenModel.Hovle, ScalarType.BFloat16, device);
        var golden = Golden.Read("hovle_tiny_io.safetensors", name + "/");
        var input = new ModelInput(golden["input_ids"], golden.GetValueOrDefault("pixel_values"));
        using var guard = no_grad();
        model.Run(input, null, null, (i, x) =>
        {
            var layer = i < 2 ? $"embedding_layer_{i}" : $"llm_layer_{i - 2}";
            Golden.Close(golden[layer], x, 4e-2, layer);
        });
        Golden.Close(golden["logits"], model.Forward(input), 4e-2, "logits");
    }

    [Fact]
    public void Positions_of_another_grid_are_interpolated()
    {
        var golden = Golden.Read("hovle_tiny_io.safetensors", "posembed_interp/");
        Golden.Close(golden["vision_embeddings"], _model.Vision.Patches(golden["pixel_values"].to(device)).flatten(1, 2), 1e-4, "vision_embeddings");
    }

    [Fact]
    public void Dynamic_ntk_past_the_greatest_position()
    {
        using var model = GoldenModel.Load(GoldenModel.Named("GoldenNtk"), device: device);
        var golden = Golden.Read("hovle_tiny_io.safetensors", "dynamic_ntk/");
        Golden.Close(golden["logits"], model.Forward(new(golden["input_ids"])), 1e-4, "logits");

        var decoder = (AttentionPlan)model.Plan.Layers[^1].Mixer;
        var angles = new RotaryEmbedding(decoder.HeadDim, decoder.RopeTheta, decoder.MaxPositions, decoder.DynamicFactor)
            .Angles(arange(11, ScalarType.Int64, device).unsqueeze(0), 11, ScalarType.Float32);
        Golden.Close(golden["cos"], angles.Cos[0], 1e-6, "cos");
        Golden.Close(golden["sin"].narrow(1, 8, 8), angles.SignedSin[0].narrow(1, 8, 8), 1e-6, "sin");
    }
}

public sealed class TeacherGoldenTestsOnCpu() : TeacherGoldenTests(TestDevice.Cpu);

public sealed class TeacherGoldenTestsOnCuda() : TeacherGoldenTests(TestDevice.Cuda);
