using System.Text.Json;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Checkpoints;

public sealed class CheckpointTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly DisposeScope _scope = NewDisposeScope();
    readonly ModelPlan _plan = GoldenModel.Linear;
    readonly Dictionary<string, Tensor> _tensors = TensorsOf(GoldenModel.Linear);

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    static Dictionary<string, Tensor> TensorsOf(ModelPlan plan)
    {
        var all = Golden.Read("mmmamba_tiny_mixers.safetensors").Concat(Golden.Read("hovle_tiny.safetensors")).ToDictionary();
        return plan.Tensors.ToDictionary(tensor => tensor.Name, tensor => all[tensor.Name]);
    }

    /// <summary>The tensors of a released file, by the names that the reference's own models have.</summary>
    static Dictionary<string, Tensor> Released(string model)
    {
        using var names = JsonDocument.Parse(File.ReadAllText(Golden.PathOf("mmmamba_tiny_names.json")));
        var all = Golden.Read("mmmamba_tiny_fused_mixers.safetensors").Concat(Golden.Read("hovle_tiny.safetensors")).ToDictionary();
        return names.RootElement.GetProperty(model + "_fused").EnumerateArray().Select(name => name.GetString()!).ToDictionary(name => name, name => all[name]);
    }

    static void Same(ModelPlan plan, IReadOnlyDictionary<string, Tensor> expected, CheckpointParameters parameters)
    {
        foreach (var tensor in plan.Tensors)
        {
            using var taken = parameters.Take(tensor);
            Assert.Equal(tensor.Shape, taken.shape);
            Assert.True(expected[tensor.Name].bytes.SequenceEqual(taken.detach().bytes), tensor.Name);
        }
    }

    static ModelPlan Plan(string model) => model == "linear" ? GoldenModel.Linear : GoldenModel.Hybrid;

    [Theory]
    [InlineData("linear")]
    [InlineData("hybrid")]
    public void The_reference_s_fused_tensors_load_into_the_unfused_plan(string model)
    {
        SafetensorsWriter.Write(_folder["x"], Released(model).Select(pair => (pair.Key, pair.Value)));
        using var parameters = new CheckpointParameters(_folder["x"], Plan(model));
        Same(Plan(model), TensorsOf(Plan(model)), parameters);
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("hybrid")]
    public void The_released_layout_holds_what_the_reference_s_fusing_gives(string model)
    {
        Checkpoint.Save(Plan(model), TensorsOf(Plan(model)), _folder["x"], layout: CheckpointLayout.Released);
        using var ours = SafetensorsFile.Open(_folder["x"]);
        var reference = Released(model);
        Assert.Equal(reference.Keys.Order(StringComparer.Ordinal), ours.Tensors.Select(tensor => tensor.Name).Order(StringComparer.Ordinal));
        foreach (var (name, tensor) in reference)
            Assert.True(tensor.bytes.SequenceEqual(ours.Read(name).bytes), name);
    }

    [Theory]
    [InlineData(CheckpointLayout.Unfused)]
    [InlineData(CheckpointLayout.Released)]
    public void A_model_comes_back_with_the_same_logits(CheckpointLayout layout)
    {
        using var model = GoldenModel.Load(GoldenModel.Hybrid);
        Checkpoint.Save(model, _folder["x"], layout: layout);
        using var loaded = Checkpoint.Load(null, _folder["x"]);
        Assert.Equal(model.Plan, loaded.Plan);
        using var guard = no_grad();
        var input = new ModelInput(tensor(new[] { 1L, 5, 9, 3, 7, 2 }, 1, 6));
        Assert.True(model.Forward(input).Equals(loaded.Forward(input)));
    }

    [Fact]
    public void Half_a_checkpoint_makes_no_model()
    {
        using var model = GoldenModel.Load(GoldenModel.Hybrid);
        Checkpoint.Save(model, _folder["x"]);
        var whole = File.ReadAllBytes(_folder["x"]);
        File.WriteAllBytes(_folder["x"], whole[..(whole.Length / 2)]);
        Assert.Contains("the file is cut short", Assert.Throws<InputException>(() => Checkpoint.Load(null, _folder["x"])).Message);
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
        Assert.Equal("kept", parameters.Files.Metadata["note"]);
        Same(_plan, _tensors, parameters);
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
        var tensors = _tensors.Where(pair => pair.Key != First + "dt_bias").Select(pair => (Name: pair.Key, Tensor: pair.Value)).ToList();
        tensors[tensors.FindIndex(tensor => tensor.Name == First + "o_proj.weight")] = (First + "o_proj.weight", zeros(3, 64));
        tensors[tensors.FindIndex(tensor => tensor.Name == First + "A_log_bias")] = (First + "A_log_bias", zeros(4, ScalarType.Int32));
        tensors.Add(("extra", ones(1)));
        SafetensorsWriter.Write(_folder["x"], tensors);
        var e = Assert.Throws<InputException>(() => new CheckpointParameters(_folder["x"], _plan));
        Assert.Equal(
            $"{_folder["x"]}: does not fit GoldenLinear: 1 missing: '{First}dt_bias'; 1 unexpected: 'extra'; "
            + $"1 of the wrong shape: '{First}o_proj.weight' (3, 64) instead of (64, 64); 1 not floating point: '{First}A_log_bias' I32", e.Message);
    }

    [Fact]
    public void Another_architecture_with_the_same_shapes_is_refused()
    {
        Checkpoint.Save(_plan, _tensors, _folder["x"]);
        var other = _plan with { Name = "Other", Fingerprint = "fedcba9876543210" };
        var e = Assert.Throws<InputException>(() => new CheckpointParameters(_folder["x"], other));
        Assert.EndsWith($"does not fit Other: it was saved by GoldenLinear ({_plan.Fingerprint}), another architecture than fedcba9876543210", e.Message);
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
        Assert.StartsWith($"{_folder["x"]}: mmmamba.plan: ", Assert.Throws<InputException>(() => new CheckpointParameters(_folder["x"])).Message);
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
