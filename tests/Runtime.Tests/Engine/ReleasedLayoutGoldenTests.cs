using MmMamba.Runtime.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>Students whose weights are in the released layout, projections fused, give the same logits.</summary>
public abstract class ReleasedLayoutGoldenTests(Device device) : IDisposable
{
    readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Theory]
    [InlineData("linear", "GoldenLinear")]
    [InlineData("hybrid", "GoldenHybrid")]
    public void Logits_of_fused_weights(string student, string name)
    {
        using var scope = NewDisposeScope();
        var plan = GoldenModel.Named(name);
        var converted = plan.Layers.Where(layer => layer.Mixer is Plans.Mamba2Plan).Select(layer => layer.Index).ToHashSet();
        var mixers = converted.Select(i => (i < 2 ? $"embedding_model.encoder.{i}" : $"language_model.model.layers.{i - 2}") + ".attention.").ToArray();
        bool InMixer(string tensor) => mixers.Any(at => tensor.StartsWith(at, StringComparison.Ordinal));
        var tensors = Golden.Read("hovle_tiny.safetensors").Where(pair => !InMixer(pair.Key))
            .Concat(Golden.Read("mmmamba_tiny_fused_mixers.safetensors").Where(pair => InMixer(pair.Key)));
        var path = Path.Combine(_folder, "fused.safetensors");
        SafetensorsWriter.Write(path, tensors.Select(pair => (pair.Key, pair.Value)));

        using var model = Checkpoint.Load(plan, path, device);
        using var guard = no_grad();
        foreach (var input in new[] { "text_b2", "image_b1" })
        {
            var inputs = Golden.Read("hovle_tiny_io.safetensors", input + "/");
            var golden = Golden.Read("mmmamba_tiny_io.safetensors", $"{student}/{input}/");
            Golden.Close(golden["logits"], model.Forward(new(inputs["input_ids"], inputs.GetValueOrDefault("pixel_values"))), 1e-4, input);
        }
    }
}

public sealed class ReleasedLayoutGoldenTestsOnCpu() : ReleasedLayoutGoldenTests(TestDevice.Cpu);

public sealed class ReleasedLayoutGoldenTestsOnCuda() : ReleasedLayoutGoldenTests(TestDevice.Cuda);
