using System.Text.Json.Nodes;
using MmMamba.Cli.Jobs;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using TorchSharp;

namespace MmMamba.Cli.Tests.Runs;

/// <summary>How the stages are computed, as a user says it.</summary>
[Collection(Lanes.Runs)]
public sealed class TrainerOptionsTests(ShortRun run)
{
    static readonly string[] Options = ["--dtype", "bfloat16", "--micro-batch", "1", "--micro-batch-tokens", "400", "--packing", "--checkpointing"];

    static double[] Losses(string path) =>
        [.. File.ReadLines(path).Select(line => JsonNode.Parse(line)!).Where(line => line["loss"] is not null).Select(line => line["loss"]!.GetValue<double>())];

    [Fact]
    public void A_run_is_computed_as_it_is_told_and_only_so_taken_up_again()
    {
        var done = Tool.Run(run.Folder.Path, ShortRun.Command("told", Options));
        Assert.True(done.ExitCode == 0, done.Error + done.Output);
        var asked = JsonNode.Parse(File.ReadAllText(run.Folder["told/run.json"]))!["asked"]!;
        Assert.Equal(("bfloat16", 1, 400, true, true),
            ((string)asked["dtype"]!, (int)asked["micro_batch"]!, (int)asked["micro_batch_tokens"]!, (bool)asked["packing"]!, (bool)asked["checkpointing"]!));

        // What was trained is float32, the rest the teacher's bfloat16; and so it is read again.
        using var file = SafetensorsFile.Open(run.Folder["told/student.safetensors"]);
        Assert.Equal(torch.ScalarType.Float32, file.Find("embedding_model.encoder.1.attention.q_proj.weight")!.Type);
        Assert.Equal(torch.ScalarType.BFloat16, file.Find("embedding_model.encoder.1.feed_forward.w1.weight")!.Type);
        using var student = RunModel.Load(PlanJson.Parse(file.Metadata[Checkpoint.PlanKey]), run.Folder["told/student.safetensors"], torch.CPU, torch.ScalarType.BFloat16)!;
        Assert.Equal(torch.ScalarType.BFloat16, student.Dtype);
        Assert.All(student.Tensors, tensor => Assert.Equal(file.Find(tensor.Key)!.Type, tensor.Value.dtype));

        var other = Tool.Run(run.Folder.Path, ShortRun.Command("told", "--resume"));
        Assert.Equal(1, other.ExitCode);
        foreach (var name in new[] { "dtype", "micro_batch", "micro_batch_tokens", "packing", "checkpointing" }) Assert.Contains($"{name} was ", other.Refusal);
    }

    [Fact]
    public void Parts_have_the_losses_of_whole_batches()
    {
        _ = run.Student;
        var cut = Tool.Run(run.Folder.Path, ShortRun.Command("cut", "--micro-batch", "1"));
        Assert.True(cut.ExitCode == 0, cut.Error + cut.Output);
        var (expected, losses) = (Losses(run.Folder["undisturbed/metrics.jsonl"]), Losses(run.Folder["cut/metrics.jsonl"]));
        Assert.Equal(40, losses.Length);
        Assert.All(expected.Zip(losses).Take(12), pair => Assert.Equal(pair.First, pair.Second, 1e-3 * pair.First));
        // What a plain run is told is not in its record: it is no other run than before there were such options.
        Assert.Null(JsonNode.Parse(File.ReadAllText(run.Folder["undisturbed/run.json"]))!["asked"]!["micro_batch"]);
    }

    [Theory]
    [InlineData("--micro-batch")]
    [InlineData("--micro-batch-tokens")]
    public void Parts_of_nothing_are_wrong_usage(string option)
    {
        var result = Tool.Run(run.Folder.Path, ShortRun.Command("none", option, "0"));
        Assert.Equal(2, result.ExitCode);
        Assert.Contains($"{option} is 0; it is at least 1.", result.Error);
    }

    [Fact]
    public void What_begins_after_a_stage_is_compared_with_the_student_that_this_stage_began_from()
    {
        _ = run.Student;
        var teacher = Path.Combine(AppContext.BaseDirectory, "checkpoints", "tiny-hovle.safetensors");
        string Seeded(string output, params string[] more)
        {
            var result = Tool.Run(run.Folder.Path, ShortRun.Command(output, ["--scale", "0.01", "--teacher", teacher, .. more]));
            Assert.True(result.ExitCode == 0, result.Error + result.Output);
            return File.ReadAllText(run.Folder[output + "/evaluations/seeded.json"]);
        }
        var own = Seeded("own");
        var after = Seeded("after", "--seed", "5", "--from-stage", "undisturbed/stages/mixer.safetensors");
        Assert.Equal(own, after);
        Assert.NotEqual(own, Seeded("five", "--seed", "5"));
    }
}
