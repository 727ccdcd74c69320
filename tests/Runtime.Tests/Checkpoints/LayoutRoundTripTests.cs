using System.Text.Json;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Checkpoints;

/// <summary>From layout to layout and back: the same names as the reference's, the same bytes.</summary>
public sealed class LayoutRoundTripTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    Dictionary<string, Tensor> Teacher { get; } = Golden.Read("hovle_tiny.safetensors");

    string Write(string name, ModelPlan plan, string? from, CheckpointLayout layout, ScalarType? storeAs = null, long shardBytes = CheckpointFolder.ShardBytes)
    {
        Directory.CreateDirectory(_folder[name]);
        if (from is null)
        {
            var tensors = Golden.Read("mmmamba_tiny_mixers.safetensors").Concat(Teacher).ToDictionary();
            CheckpointFolder.WriteWeights(_folder[name], plan, new GoldenModel.Values(tensors), layout, storeAs, shardBytes);
        }
        else
        {
            using var parameters = new CheckpointParameters(from, plan);
            CheckpointFolder.WriteWeights(_folder[name], plan, parameters, layout, storeAs, shardBytes);
        }
        return _folder[name];
    }

    static void SameFiles(string expected, string actual)
    {
        string[] Names(string folder) => [.. Directory.GetFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal)];
        Assert.Equal(Names(expected), Names(actual));
        foreach (var name in Names(expected))
            Assert.True(File.ReadAllBytes(Path.Combine(expected, name)).AsSpan().SequenceEqual(File.ReadAllBytes(Path.Combine(actual, name))), name);
    }

    [Theory]
    [InlineData("GoldenLinear", ScalarType.Float32, 5_000_000_000)]
    [InlineData("GoldenLinear", ScalarType.BFloat16, 100_000)]
    [InlineData("GoldenHybrid", ScalarType.Float32, 100_000)]
    [InlineData("GoldenHybrid", ScalarType.Float16, 5_000_000_000)]
    [InlineData("GoldenHovle", ScalarType.BFloat16, 200_000)]
    public void There_and_back_is_byte_identical(string model, ScalarType type, long shardBytes)
    {
        var plan = GoldenModel.Named(model);
        var released = Write("released", plan, null, CheckpointLayout.Released, type, shardBytes);
        var unfused = Write("unfused", plan, released, CheckpointLayout.Unfused, shardBytes: shardBytes);
        SameFiles(released, Write("again", plan, unfused, CheckpointLayout.Released, shardBytes: shardBytes));
        SameFiles(unfused, Write("unfused-again", plan, _folder["again"], CheckpointLayout.Unfused, shardBytes: shardBytes));
        using var files = CheckpointFiles.Open(released);
        Assert.All(files.Tensors, tensor => Assert.Equal(type, tensor.Type));
    }

    [Theory]
    [InlineData("GoldenLinear", CheckpointLayout.Unfused, "linear_unfused")]
    [InlineData("GoldenLinear", CheckpointLayout.Released, "linear_fused")]
    [InlineData("GoldenHybrid", CheckpointLayout.Unfused, "hybrid_unfused")]
    [InlineData("GoldenHybrid", CheckpointLayout.Released, "hybrid_fused")]
    public void Names_are_the_reference_s(string model, CheckpointLayout layout, string list)
    {
        using var names = JsonDocument.Parse(File.ReadAllText(Golden.PathOf("mmmamba_tiny_names.json")));
        using var files = CheckpointFiles.Open(Write("x", GoldenModel.Named(model), null, layout));
        Assert.Equal(layout, files.Layout);
        Assert.Equal(
            names.RootElement.GetProperty(list).EnumerateArray().Select(name => name.GetString()!).Order(StringComparer.Ordinal),
            files.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_hybrid_goes_out_with_its_real_attention()
    {
        using var files = CheckpointFiles.Open(Write("x", GoldenModel.Hybrid, null, CheckpointLayout.Released));
        foreach (var layer in new[] { "embedding_model.encoder.0", "language_model.model.layers.2" })
            foreach (var tensor in new[] { $"{layer}.attention.wqkv.weight", $"{layer}.attention.wo.weight" })
                Assert.True(Teacher[tensor].bytes.SequenceEqual(files.Read(tensor).bytes), tensor);
    }

    [Fact]
    public void Tensors_of_several_types_keep_theirs_and_join_without_loss()
    {
        var plan = GoldenModel.Linear;
        var tensors = Golden.Read("mmmamba_tiny_mixers.safetensors").Concat(Teacher).ToDictionary();
        SafetensorsWriter.Write(_folder["mixed"], plan.Tensors.Select(tensor =>
            (tensor.Name, tensor.Group is TensorGroup.Dt or TensorGroup.DtBias ? tensors[tensor.Name] : tensors[tensor.Name].to(ScalarType.BFloat16))));
        using var unfused = CheckpointFiles.Open(Write("unfused", plan, _folder["mixed"], CheckpointLayout.Unfused));
        Assert.Equal(ScalarType.Float32, unfused.Find("embedding_model.encoder.0.attention.dt_bias")!.Type);
        Assert.Equal(ScalarType.BFloat16, unfused.Find("embedding_model.encoder.0.ffn_norm.weight")!.Type);
        using var released = CheckpointFiles.Open(Write("released", plan, _folder["mixed"], CheckpointLayout.Released));
        var fused = released.Read("embedding_model.encoder.0.attention.wvkqgdt.weight");
        Assert.Equal(ScalarType.Float32, fused.dtype);
        var dt = tensors["embedding_model.encoder.0.attention.in_proj.weight"];
        Assert.True(dt.Equals(fused.narrow(0, fused.shape[0] - dt.shape[0], dt.shape[0])));
    }

    [Fact]
    public void A_cancelled_export_leaves_no_index_and_nothing_half_written()
    {
        using var cancellation = new CancellationTokenSource();
        cancellation.Cancel();
        Assert.Throws<OperationCanceledException>(() => CheckpointFolder.WriteWeights(
            _folder.Path, GoldenModel.Hovle, new GoldenModel.Values(Teacher), CheckpointLayout.Released, shardBytes: 100_000, cancellation: cancellation.Token));
        Assert.Empty(_folder.Names);
    }
}
