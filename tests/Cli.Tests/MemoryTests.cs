namespace MmMamba.Cli.Tests;

/// <summary><c>mmmamba memory</c> tells what stages hold, and what there is to do.</summary>
public sealed class MemoryTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void Memory_and_hours_of_the_published_recipe_on_eight_gpus()
    {
        var run = Tool.Call(_folder.Path, "memory", "MmMambaLinear", "--gpus", "8", "--tokens-per-second", "9225", "9782", "10202");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.StartsWith("MmMambaLinear from Hovle: what its stages hold on each of 8 GPUs, 1 x 2,048 tokens in a pass\n", run.Output);
        Assert.Matches(@"teacher, bfloat16 +4\.9 +4\.9 +4\.9 +4\.9\n", run.Output);
        // 20,000 x 128 x 2,048 tokens at 8 x 9,225 a second
        Assert.Matches(@"introduced +20,000 +128 +16 +5,242,880,000 +73,800 +20\n", run.Output);
    }

    [Fact]
    public void Wrong_usage_and_models_without_a_teacher_are_one_line()
    {
        var usage = Tool.Call(_folder.Path, "memory", "MmMambaLinear", "--tokens-per-second", "5");
        Assert.Equal((2, "mmmamba: --tokens-per-second is a number above 0 for each of the 3 stages. Try 'mmmamba memory --help'."), (usage.ExitCode, usage.Refusal));
        var teacher = Tool.Call(_folder.Path, "memory", "Hovle");
        Assert.Equal((1, "mmmamba: Hovle has no teacher and no recipe; name a student."), (teacher.ExitCode, teacher.Refusal));
    }
}
