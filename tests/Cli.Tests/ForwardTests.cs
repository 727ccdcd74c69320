using MmMamba.Runtime.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Cli.Tests;

/// <summary><c>mmmamba forward</c> gives the reference's numbers.</summary>
public sealed class ForwardTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    public static TheoryData<string, string, string> Cases
    {
        get
        {
            const string unfused = "mmmamba_tiny_mixers", fused = "mmmamba_tiny_fused_mixers";
            var cases = new TheoryData<string, string, string>();
            foreach (var input in (string[])["text_b1", "text_b2", "image_b1", "image_b2"])
            {
                cases.Add("teacher", unfused, input);
                foreach (var model in (string[])["linear", "hybrid"])
                    foreach (var mixers in (string[])[unfused, fused]) cases.Add(model, mixers, input);
            }
            return cases;
        }
    }

    [Theory, MemberData(nameof(Cases))]
    public void The_reference_s_numbers_come_out(string model, string mixers, string input)
    {
        Golden.WriteWeights(_folder["w"], model, mixers);
        Golden.WriteInputs(_folder["i"], input);
        var found = Forward(model, "--hidden-states");

        Assert.Equal(["hidden.0", "hidden.1", "hidden.2", "hidden.3", "hidden.4", "hidden.5", "hidden.6", "logits"], found.Keys.Order(StringComparer.Ordinal));
        Assert.All(found.Values, tensor => Assert.Equal(ScalarType.Float32, tensor.dtype));
        var expected = model == "teacher" ? Golden.Read("hovle_tiny_io", input + "/") : Golden.Read("mmmamba_tiny_io", $"{model}/{input}/");
        Golden.Close(expected["logits"], found["logits"], 1e-4, "logits");
        Golden.Close(Golden.Read("hovle_tiny_io", input + "/")["embedding_input"], found["hidden.0"], 1e-4, "hidden.0");
        for (var i = 0; i < 6; i++)
            if (expected.TryGetValue(i < 2 ? $"embedding_layer_{i}" : $"llm_layer_{i - 2}", out var layer))
                Golden.Close(layer, found[$"hidden.{i + 1}"], 1e-4, $"hidden.{i + 1}");
    }

    [Fact]
    public void States_in_bfloat16_are_seen_where_tokens_go_through_caches_alone()
    {
        Golden.WriteWeights(_folder["w"], "linear", "mmmamba_tiny_fused_mixers");
        SafetensorsWriter.Write(_folder["i"], [("input_ids", Golden.Read("decode")["input_ids"])]);
        Tensor Logits(params string[] options) => Forward("linear", options)["logits"];
        Assert.True(Logits().eq(Logits("--state-dtype", "bfloat16")).all().item<bool>());
        var (single, half) = (Logits("--decode", "8"), Logits("--decode", "8", "--state-dtype", "bfloat16"));
        Assert.False(single.eq(half).all().item<bool>());
        Golden.Close(single, half, 4e-2, "logits");
        using var file = SafetensorsFile.Open(_folder["o"]);
        Assert.Equal("float32, cpu, states in bfloat16", file.Metadata["mmmamba.computed"]);
    }

    [Theory]
    [InlineData("linear")]
    [InlineData("hybrid")]
    public void Decoding_gives_the_reference_s_numbers_one_by_one(string model)
    {
        Golden.WriteWeights(_folder["w"], model, "mmmamba_tiny_fused_mixers");
        SafetensorsWriter.Write(_folder["i"], [("input_ids", Golden.Read("decode")["input_ids"])]);
        var expected = Golden.Read("decode", model + "/");
        var logits = Forward(model, "--decode", "8")["logits"];
        Golden.Close(expected["prefill_logits"], logits[.., ..12], 1e-4, "prefill");
        Golden.Close(expected["decode_logits"], logits[.., 12..], 1e-4, "decoded");
        Golden.Close(expected["full_logits"], logits, 1e-4, "all");
        Golden.Close(expected["full_logits"], Forward(model, "--decode", "20")["logits"], 1e-4, "all of them decoded");
        // Another way to the same numbers: the last bits differ.
        Assert.False(Forward(model)["logits"].eq(logits).all().item<bool>());
    }

    [Fact]
    public void A_checkpoint_s_folder_names_its_model()
    {
        Golden.WriteWeights(_folder["w"], "hybrid");
        Golden.WriteInputs(_folder["i"], "image_b2");
        var expected = Golden.Read("mmmamba_tiny_io", "hybrid/image_b2/")["logits"];
        Assert.Equal(0, Program.Run(["export", Golden.Spec("hybrid"), "--weights", _folder["w"], "--shard-size", "300KB", "--output", _folder["out"]]));
        Assert.True(Directory.GetFiles(_folder["out"], "model-*-of-*.safetensors").Length > 1);
        void Same(string folder, string what)
        {
            Assert.Equal(0, Program.Run(["forward", _folder[folder], "--weights", _folder[folder], "--inputs", _folder["i"], "--output", _folder["o"]]));
            Golden.Close(expected, Golden.Read(_folder["o"])["logits"], 1e-4, what);
        }
        Same("out", "by its spec");
        foreach (var file in Directory.GetFiles(_folder["out"], "*.yaml")) File.Delete(file);
        File.Delete(_folder["out/plan.json"]);
        Same("out", "by its config.json, as published");
        using (var model = Checkpoint.Load(Specs.SpecLibrary.Find(Golden.Spec("hybrid")).Model.Plan, _folder["w"])) Checkpoint.Save(model, _folder["carried/model.safetensors"]);
        Same("carried", "by the plan in its weights");
        Refused("is read, and is not written to", "Hovle", "--weights", "out/", "--inputs", "i", "--output", "out/logits.safetensors");
    }

    // Rounding the weights alone moves these logits by 2e-2.
    [Theory]
    [InlineData("teacher")]
    [InlineData("linear")]
    [InlineData("hybrid")]
    public void In_half_precision_they_are_near(string model)
    {
        Golden.WriteWeights(_folder["w"], model);
        Golden.WriteInputs(_folder["i"], "image_b1");
        var expected = model == "teacher" ? Golden.Read("hovle_tiny_io", "image_b1/") : Golden.Read("mmmamba_tiny_io", $"{model}/image_b1/");
        var found = Forward(model, "--dtype", "bfloat16", "--hidden-states", "--decode", "3");
        Assert.All(found.Values, tensor => Assert.Equal(ScalarType.Float32, tensor.dtype));
        Golden.Close(expected["logits"], found["logits"], 4e-2, "logits");
        // The stream between the layers is not rounded.
        Assert.False(found["hidden.3"].eq(found["hidden.3"].to(ScalarType.BFloat16)).all().item<bool>());
    }

    [Fact]
    public void Pads_and_positions_are_read()
    {
        Golden.WriteWeights(_folder["w"], "hybrid");
        var ids = Golden.Read("hovle_tiny_io", "text_b1/")["input_ids"];
        var padded = cat([full(1, 3, 96, ScalarType.Int64), ids, full(1, 2, 95, ScalarType.Int64)], 1);
        var mask = zeros_like(padded);
        mask[0, 3..14] = 1;
        foreach (var type in (ScalarType[])[ScalarType.Int64, ScalarType.Bool, ScalarType.Int32, ScalarType.Byte])
        {
            Inputs(("input_ids", padded), ("attention_mask", mask.to(type)));
            Golden.Close(Golden.Read("mmmamba_tiny_io", "hybrid/text_b1/")["logits"], Forward("hybrid", "--decode", "5")["logits"][.., 3..14], 1e-4, "logits");
        }
        Inputs(("input_ids", padded), ("attention_mask", mask), ("position_ids", (mask.cumsum(1) - 1).clamp_min(0)));
        Golden.Close(Golden.Read("mmmamba_tiny_io", "hybrid/text_b1/")["logits"], Forward("hybrid")["logits"][.., 3..14], 1e-4, "logits");
    }

    [Fact]
    public void What_is_no_input_is_told_and_left()
    {
        Golden.WriteWeights(_folder["w"], "teacher");
        Inputs(("input_ids", ones(1, 3, ScalarType.Int64)), ("labels", ones(1, 3)));
        var run = Tool.Call(_folder.Path, "forward", Golden.Spec("teacher"), "--weights", "w", "--inputs", "i", "--output", "made/out.safetensors");
        Assert.Equal((0, "mmmamba: i: not read: 'labels'\n"), (run.ExitCode, run.Error));
        Assert.StartsWith("made/out.safetensors: logits 1 x 3 x 97 of GoldenHovle in float32\n", run.Output);
        Assert.Equal(["logits"], Golden.Read(_folder["made/out.safetensors"]).Keys);
    }

    [Fact]
    public void What_cannot_be_done_is_refused_in_one_line()
    {
        Golden.WriteWeights(_folder["w"], "linear");
        Inputs(("input_ids", ones(1, 3, ScalarType.Int64)));
        Refused("the input has 3; decode 0 to 3", Golden.Spec("linear"), "--weights", "w", "--inputs", "i", "--output", "o", "--decode", "4");
        Refused("does not fit GoldenHovle", Golden.Spec("teacher"), "--weights", "w", "--inputs", "i", "--output", "o");
        Refused("name another file", Golden.Spec("linear"), "--weights", "w", "--inputs", "i", "--output", "w");
        Refused("name another file", Golden.Spec("linear"), "--weights", "w", "--inputs", "i", "--output", "./i");
        Refused("is a folder", Golden.Spec("linear"), "--weights", "w", "--inputs", "i", "--output", ".");
        Refused("there is no model 'Nobody'", "Nobody", "--weights", "w", "--inputs", "i", "--output", "o");
        Refused("no such file", Golden.Spec("linear"), "--weights", "none", "--inputs", "i", "--output", "o");
        Assert.Equal(2, Tool.Call(_folder.Path, "forward", Golden.Spec("linear"), "--weights", "w", "--inputs", "i", "--output", "o", "--dtype", "int8").ExitCode);
        Assert.Equal(2, Tool.Call(_folder.Path, "forward", Golden.Spec("linear"), "--weights", "w", "--output", "o").ExitCode);
    }

    void Inputs(params (string, Tensor)[] tensors) => SafetensorsWriter.Write(_folder["i"], tensors);

    // In this process: the tool's own way, without starting it anew for each case.
    Dictionary<string, Tensor> Forward(string model, params string[] options)
    {
        Assert.Equal(0, Program.Run(["forward", Golden.Spec(model), "--weights", _folder["w"], "--inputs", _folder["i"], "--output", _folder["o"], .. options]));
        return Golden.Read(_folder["o"]);
    }

    void Refused(string gist, params string[] arguments)
    {
        var before = _folder.Entries;
        var run = Tool.Call(_folder.Path, ["forward", .. arguments]);
        Assert.Contains(gist, run.Refusal);
        Assert.Equal(1, run.ExitCode);
        Assert.Equal(before, _folder.Entries);
    }
}
