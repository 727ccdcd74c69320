using System.Text.Json;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;

namespace MmMamba.Cli.Tests;

/// <summary>Checkpoints from the command line: out, in, out again, and what they are.</summary>
public sealed class CheckpointTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    string Ok(params string[] arguments)
    {
        var run = Tool.Call(_folder.Path, arguments);
        Assert.Equal("", run.Error);
        Assert.Equal(0, run.ExitCode);
        return run.Output;
    }

    string Refused(params string[] arguments)
    {
        var before = _folder.Entries;
        var run = Tool.Call(_folder.Path, arguments);
        Assert.Equal(1, run.ExitCode);
        Assert.Equal(before, _folder.Entries);
        return run.Refusal;
    }

    void Same(string expected, string actual, params string[] except)
    {
        string[] Names(string folder) => [.. Directory.GetFiles(_folder[folder]).Select(file => Path.GetFileName(file)!).Except(except).Order(StringComparer.Ordinal)];
        Assert.Equal(Names(expected), Names(actual));
        foreach (var name in Names(expected)) Assert.True(File.ReadAllBytes(_folder[$"{expected}/{name}"]).AsSpan().SequenceEqual(File.ReadAllBytes(_folder[$"{actual}/{name}"])), name);
    }

    [Fact]
    public void A_student_with_dynamic_positions_is_exported_and_said_to_be_another_there()
    {
        File.WriteAllText(_folder["retained.mmmodel.yaml"], "mmmodel: 1\nmodel: Retained\nextends: TinyMmMambaHybrid\nattention: { rope: { dynamic: 2, retained: dynamic } }\n");
        var told = Tool.Run(_folder.Path, "export", "retained.mmmodel.yaml", "--random", "--output", "retained");
        Assert.Equal((0, "mmmamba: retained: the authors' code computes plain positions in students, and Retained has dynamic ones: beyond max_positions it answers otherwise; what reads the spec beside the weights does not.\n"),
            (told.ExitCode, told.Error));
        Assert.Equal("", Tool.Run(_folder.Path, "export", "TinyMmMambaHybrid", "--random", "--output", "plain").Error);
    }

    [Fact]
    public void Out_in_and_out_again_is_byte_identical()
    {
        Ok("export", "TinyMmMambaHybrid", "--random", "--seed", "5", "--dtype", "bfloat16", "--shard-size", "300KB", "--output", "out");
        Assert.Contains("model.safetensors.index.json", Directory.GetFiles(_folder["out"]).Select(Path.GetFileName));
        Ok("import", "out", "--output", "in");
        Same("out", "in");
        Ok("export", "in", "--shard-size", "300KB", "--output", "again");
        Same("out", "again");
        Ok("export", "in", "--layout", "unfused", "--output", "unfused");
        Ok("export", "TinyMmMambaHybrid", "--weights", "unfused/model.safetensors", "--shard-size", "300KB", "--output", "back");
        Same("out", "back");

        using var json = JsonDocument.Parse(Ok("inspect", "out", "--format", "json"));
        var found = json.RootElement;
        Assert.Equal("TinyMmMambaHybrid", found.GetProperty("model").GetString());
        Assert.True(found.GetProperty("fits").GetBoolean());
        Assert.Equal("released", found.GetProperty("layout").GetString());
        Assert.Equal(3, found.GetProperty("layers").GetProperty("mamba2").GetInt32());
        Assert.Equal("bfloat16", found.GetProperty("types")[0].GetProperty("name").GetString());
        Assert.Equal(2 * found.GetProperty("parameter_count").GetInt64(), found.GetProperty("bytes").GetInt64());
        Assert.Contains("layout      unfused", Ok("inspect", "unfused"));
        Assert.Contains("out: the folder exists and isn't empty", Refused("export", "TinyMmMambaHybrid", "--random", "--output", "out"));
    }

    [Fact]
    public void A_published_folder_is_taken_over()
    {
        Ok("export", "TinyMmMambaLinear", "--random", "--output", "mine");
        Directory.CreateDirectory(_folder["tiny-linear"]);
        foreach (var name in new[] { "config.json", "model.safetensors" }) File.Move(_folder[$"mine/{name}"], _folder[$"tiny-linear/{name}"]);
        File.WriteAllText(_folder["tiny-linear/tokenizer.model"], "pieces");
        var weights = File.ReadAllBytes(_folder["tiny-linear/model.safetensors"]);

        Assert.Contains("TinyLinear, by config.json", Ok("inspect", "tiny-linear"));
        Assert.Contains("layers 6: 0 attention (A), 6 mamba2 (.)", Ok("describe", "tiny-linear"));
        Ok("import", "tiny-linear", "--output", "in", "--name", "Taken");
        Assert.Equal(["config.json", "model.mmmodel.yaml", "model.safetensors", "plan.json", "sheet.txt", "tokenizer.model"],
            Directory.GetFiles(_folder["in"]).Select(file => Path.GetFileName(file)!).Order(StringComparer.Ordinal));
        Assert.Equal(weights, File.ReadAllBytes(_folder["in/model.safetensors"]));
        Assert.Equal("1 model, no errors\n", Ok("check", "in/model.mmmodel.yaml"));
        Assert.StartsWith("Taken  (model.mmmodel.yaml)", File.ReadAllText(_folder["in/sheet.txt"]));
        Ok("export", "in", "--output", "out");
        Assert.Equal(weights, File.ReadAllBytes(_folder["out/model.safetensors"]));
        Assert.Equal("pieces", File.ReadAllText(_folder["out/tokenizer.model"]));
    }

    [Fact]
    public void What_does_not_fit_is_refused_and_leaves_nothing()
    {
        Ok("export", "TinyMmMambaLinear", "--random", "--output", "linear");
        var config = File.ReadAllText(_folder["linear/config.json"]);
        Directory.CreateDirectory(_folder["published"]);
        File.Copy(_folder["linear/model.safetensors"], _folder["published/model.safetensors"]);
        File.WriteAllText(_folder["published/config.json"], config.Replace("\"intermediate_size\": 256", "\"intermediate_size\": 250"));
        Assert.Contains("18 of the wrong shape: 'embedding_model.encoder.0.feed_forward.w1.weight' (256, 96) instead of (250, 96)", Refused("import", "published", "--output", "in"));
        var misfit = Tool.Call(_folder.Path, "inspect", "published");
        Assert.Equal(1, misfit.ExitCode);
        Assert.Contains("the tensors don't fit", misfit.Output);
        File.WriteAllText(_folder["published/config.json"], config.Replace("\"use_ls\": false", "\"use_ls\": true"));
        Assert.Contains("published/config.json: line ", Refused("import", "published", "--output", "in"));
        File.Delete(_folder["published/config.json"]);
        Assert.Contains("nothing says which model it is", Refused("import", "published", "--output", "in"));
        Assert.Contains("TinyMmMambaLinear, by the names and shapes of its tensors", Ok("inspect", "published"));
        Assert.Contains("does not fit TinyHovle", Refused("export", "TinyHovle", "--weights", "linear", "--output", "out"));
        Assert.Contains("is a model without weights", Refused("export", "TinyHovle", "--output", "out"));
        File.WriteAllText(_folder["mine.mmmodel.yaml"], "mmmodel: 1\nmodel: Mine\nextends: TinyMmMambaLinear\nmamba2: { gate: off }\n");
        Assert.Contains("Mine has no config.json in the authors' released code: its Mamba-2 mixer has a convolution", Refused("export", "mine.mmmodel.yaml", "--random", "--output", "out"));
    }

    [Fact]
    public void The_chain_of_artefacts_goes_along()
    {
        var (student, teacher) = (Models.TinyMmMambaHybrid.Plan, Models.TinyHovle.Plan);
        var chain = new ArtefactChain(new("TinyHovle", teacher.Fingerprint, "c0ffee"), 7,
        [
            new(StageKind.Introduced, true, "aaaa"),
            new(StageKind.Mixer, false, "bbbb") { Train = [TensorGroup.Query], Loss = LossKind.MixerMse, LossValue = 1000, LearningRate = 0.5, Batch = 4, Steps = 1200, Data = "shapes \u001b[31m", FirstLoss = 2, LastLoss = 1.5 },
        ]);
        void Save(string chain)
        {
            using var model = new Runtime.VisionLanguageModel(student, new SeededParameters(teacher, 7));
            Checkpoint.Save(model, _folder["student.safetensors"], new Dictionary<string, string> { [ArtefactChain.MetadataKey] = chain });
        }

        Save(chain.ToJson());
        var inspected = Ok("inspect", "student.safetensors");
        Assert.Contains("TinyMmMambaHybrid, by the plan that it carries", inspected);
        Assert.Contains("layout      unfused", inspected);
        Assert.Contains("chain       teacher TinyHovle (" + teacher.Fingerprint + "), weights c0ffee, seed 7\n            introduced: skipped\n            mixer: 1,200 steps of 4 at 0.5, loss 2 -> 1.5, on shapes ", inspected);
        Assert.DoesNotContain('\u001b', inspected);
        Ok("import", "student.safetensors", "--output", "in");
        Ok("export", "in", "--output", "out");
        Assert.Equal(chain.ToJson(), File.ReadAllText(_folder["in/chain.json"]));
        Assert.Equal(chain.ToJson(), File.ReadAllText(_folder["out/chain.json"]));
        using var json = JsonDocument.Parse(Ok("inspect", "out", "--format", "json"));
        Assert.Equal("c0ffee", json.RootElement.GetProperty("chain").GetProperty("teacher").GetProperty("hash").GetString());
        Save("{}");
        Assert.Contains("student.safetensors, mmmamba.chain: not a chain of artefacts", Refused("inspect", "student.safetensors"));
    }

    [Fact]
    public void A_member_of_a_family_goes_out_as_a_model_of_its_own()
    {
        Ok("export", "TinyHybridStrategy.TailStacked", "--random", "--output", "out");
        var inspected = Ok("inspect", "out");
        Assert.Contains("TinyHybridStrategyTailStacked, by model.mmmodel.yaml", inspected);
        Assert.Contains("6: 3 mamba2, 3 attention", inspected);
        Assert.Equal("1 model, no errors\n", Ok("check", "out/model.mmmodel.yaml"));
        Ok("export", "TinyHybridStrategy.TailStacked", "--weights", "out", "--output", "again");
        Same("out", "again");
    }

    [Fact]
    public void A_student_of_ones_own_teacher_brings_it_along()
    {
        Directory.CreateDirectory(_folder["specs"]);
        File.WriteAllText(_folder["specs/wide.mmmodel.yaml"], "mmmodel: 1\nmodel: Wide\nextends: TinyHovle\nmlp: { swiglu: 320 }\n");
        File.WriteAllText(_folder["specs/mine.mmmodel.yaml"], "mmmodel: 1\nmodel: Mine\nextends: TinyMmMambaHybrid\nmlp: { swiglu: 320 }\nteacher: Wide\n");
        Ok("export", "specs/mine.mmmodel.yaml", "--random", "--output", "out");
        Directory.Delete(_folder["specs"], recursive: true);
        Ok("import", "out", "--output", "in");
        Same("out", "in");
        Assert.Contains("Mine, by model.mmmodel.yaml", Ok("inspect", "in"));
    }

    [Theory]
    [InlineData("export", "TinyHovle")]
    [InlineData("export", "TinyHovle", "--output", "x", "--random", "--weights", "y")]
    [InlineData("export", "TinyHovle", "--output", "x", "--seed", "1")]
    [InlineData("export", "TinyHovle", "--output", "x", "--random", "--shard-size", "5 parsecs")]
    [InlineData("export", "TinyHovle", "--output", "x", "--random", "--dtype", "int8")]
    [InlineData("import", "x")]
    [InlineData("inspect")]
    public void Wrong_usage_exits_with_2(params string[] arguments)
    {
        var run = Tool.Call(_folder.Path, arguments);
        Assert.Equal(2, run.ExitCode);
        Assert.Contains("--help", run.Refusal);
        Assert.Empty(_folder.Entries);
    }
}
