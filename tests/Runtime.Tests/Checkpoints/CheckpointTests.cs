using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Checkpoints;

public sealed class CheckpointTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly DisposeScope _scope = NewDisposeScope();
    readonly SafetensorsFile _mixers = SafetensorsFile.Open(TinyPlan.Golden("mmmamba_tiny_mixers.safetensors"));
    readonly ModelPlan _plan;
    readonly Dictionary<string, Tensor> _tensors;

    public CheckpointTests()
    {
        _plan = TinyPlan.Of(_mixers);
        _tensors = _mixers.Tensors.ToDictionary(tensor => tensor.Name, tensor => _mixers.Read(tensor.Name));
    }

    public void Dispose()
    {
        _mixers.Dispose();
        _scope.Dispose();
        _folder.Dispose();
    }

    void Same(CheckpointParameters parameters)
    {
        foreach (var tensor in _plan.Tensors)
        {
            using var taken = parameters.Take(tensor);
            Assert.Equal(tensor.Shape, taken.shape);
            Assert.True(_tensors[tensor.Name].bytes.SequenceEqual(taken.detach().bytes), tensor.Name);
        }
    }

    [Fact]
    public void The_reference_s_fused_file_loads_into_the_unfused_plan()
    {
        using var parameters = new CheckpointParameters(TinyPlan.Golden("mmmamba_tiny_fused_mixers.safetensors"), _plan);
        Same(parameters);
    }

    [Fact]
    public void The_released_layout_holds_what_the_reference_s_fusing_gives()
    {
        Checkpoint.Save(_plan, _tensors, _folder["released"], layout: CheckpointLayout.Released);
        using var ours = SafetensorsFile.Open(_folder["released"]);
        using var reference = SafetensorsFile.Open(TinyPlan.Golden("mmmamba_tiny_fused_mixers.safetensors"));
        Assert.Equal(reference.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal), ours.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
        foreach (var tensor in reference.Tensors)
            Assert.True(reference.Read(tensor.Name).bytes.SequenceEqual(ours.Read(tensor.Name).bytes), tensor.Name);
    }

    [Theory]
    [InlineData(CheckpointLayout.Unfused)]
    [InlineData(CheckpointLayout.Released)]
    public void A_checkpoint_carries_its_plan_and_comes_back_whole(CheckpointLayout layout)
    {
        Checkpoint.Save(_plan, _tensors, _folder["x"], new Dictionary<string, string> { ["note"] = "kept" }, layout: layout);
        using var parameters = new CheckpointParameters(_folder["x"]);
        Assert.Equal(_plan, parameters.Plan);
        Assert.Equal(_plan, Checkpoint.ReadPlan(_folder["x"]));
        Assert.Equal("kept", parameters.Metadata["note"]);
        Same(parameters);
    }

    [Fact]
    public void The_type_on_disk_may_differ_and_the_type_in_memory_is_the_source_s()
    {
        Checkpoint.Save(_plan, _tensors, _folder["x"], storeAs: ScalarType.BFloat16);
        using (var file = SafetensorsFile.Open(_folder["x"])) Assert.All(file.Tensors, tensor => Assert.Equal(ScalarType.BFloat16, tensor.Type));
        using var parameters = new CheckpointParameters(_folder["x"]);
        foreach (var tensor in _plan.Tensors)
        {
            using var taken = parameters.Take(tensor);
            Assert.Equal(ScalarType.Float32, taken.dtype);
            Assert.True(taken.Equals(_tensors[tensor.Name].to(ScalarType.BFloat16).to(ScalarType.Float32)), tensor.Name);
        }
    }

    [Fact]
    public void All_that_does_not_fit_is_said_at_once()
    {
        const string First = "embedding_model.encoder.0.attention.";
        var tensors = _mixers.Tensors.Where(tensor => tensor.Name != First + "dt_bias").Select(tensor => (tensor.Name, Tensor: _tensors[tensor.Name])).ToList();
        tensors[tensors.FindIndex(tensor => tensor.Name == First + "o_proj.weight")] = (First + "o_proj.weight", zeros(3, 64));
        tensors[tensors.FindIndex(tensor => tensor.Name == First + "A_log_bias")] = (First + "A_log_bias", zeros(4, ScalarType.Int32));
        tensors.Add(("extra", ones(1)));
        SafetensorsWriter.Write(_folder["x"], tensors);
        var e = Assert.Throws<InputException>(() => new CheckpointParameters(_folder["x"], _plan));
        Assert.Equal(
            $"{_folder["x"]}: does not fit TinyMixers: 1 missing: '{First}dt_bias'; 1 unexpected: 'extra'; "
            + $"1 of the wrong shape: '{First}o_proj.weight' (3, 64) instead of (64, 64); 1 not floating point: '{First}A_log_bias' I32", e.Message);
    }

    [Fact]
    public void Another_architecture_with_the_same_shapes_is_refused()
    {
        Checkpoint.Save(_plan, _tensors, _folder["x"]);
        var other = _plan with { Name = "Other", Fingerprint = "fedcba9876543210" };
        var e = Assert.Throws<InputException>(() => new CheckpointParameters(_folder["x"], other));
        Assert.EndsWith("does not fit Other: it was saved by TinyMixers (0123456789abcdef), another architecture than fedcba9876543210", e.Message);
    }

    [Fact]
    public void A_file_without_a_plan_needs_one()
    {
        SafetensorsWriter.Write(_folder["x"], [("w", ones(1))]);
        Assert.Null(Checkpoint.ReadPlan(_folder["x"]));
        var e = Assert.Throws<InputException>(() => new CheckpointParameters(_folder["x"]));
        Assert.Equal($"{_folder["x"]}: carries no plan (mmmamba.plan); name the model that it belongs to", e.Message);
    }

    [Fact]
    public void A_plan_that_is_none_names_the_file()
    {
        SafetensorsWriter.Write(_folder["x"], [("w", ones(1))], new Dictionary<string, string> { [Checkpoint.PlanKey] = "{" });
        Assert.StartsWith($"{_folder["x"]}, mmmamba.plan: ", Assert.Throws<InputException>(() => new CheckpointParameters(_folder["x"])).Message);
    }

    [Fact]
    public void The_HD_form_is_refused_by_name()
    {
        SafetensorsWriter.Write(_folder["x"], [.. _tensors.Select(pair => (pair.Key, pair.Value)), ("embedding_model.special_text_embeddings.weight", ones(5, 64))]);
        Assert.EndsWith("special_text_embeddings belong to HoVLE's HD form, which is not supported",
            Assert.Throws<InputException>(() => new CheckpointParameters(_folder["x"], _plan)).Message);
    }

    [Fact]
    public void A_mixer_without_a_gate_has_no_released_layout()
    {
        var plan = _plan with { Tensors = [.. _plan.Tensors.Where(tensor => tensor.Group != TensorGroup.Gate)] };
        var e = Assert.Throws<InputException>(() => Checkpoint.Save(plan, _tensors, _folder["x"], layout: CheckpointLayout.Released));
        Assert.StartsWith("layer 0: the released layout joins v, k, q, gate and dt; this layer has only Value, Key, Query, Dt", e.Message);
        Assert.Empty(_folder.Names);
    }

    [Fact]
    public void A_tensor_that_is_not_given_is_the_caller_s_mistake()
    {
        _tensors.Remove(_plan.Tensors[3].Name);
        Assert.Throws<ArgumentException>(() => Checkpoint.Save(_plan, _tensors, _folder["x"]));
        Assert.Empty(_folder.Names);
    }
}
