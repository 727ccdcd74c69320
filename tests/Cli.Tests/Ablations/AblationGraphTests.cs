using MmMamba.Cli.Ablations;
using MmMamba.Runtime;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Tests.Ablations;

/// <summary>What work families need, and what of it they share.</summary>
public sealed class AblationGraphTests
{
    static IReadOnlyList<AblationJob> Jobs(int seeds, params string[] families)
    {
        var source = AblationSource.Find(families, null);
        return AblationGraph.Build(source, source.ToAblation(0, seeds));
    }

    static int Count(IReadOnlyList<AblationJob> jobs, StageKind? stage) => jobs.Count(job => job.Stage == stage);

    [Theory]
    [InlineData(1, 2, 4, "TinyStageSubsets")]
    [InlineData(3, 3, 3, "TinySeedStrategy")]
    [InlineData(1, 1, 4, "TinyAttentionLayers")]
    [InlineData(1, 1, 4, "TinyHybridStrategy")]
    // Tables 5 and 6 have one student in common; all four have the linear one.
    [InlineData(1, 1, 7, "TinyAttentionLayers", "TinyHybridStrategy")]
    [InlineData(3, 4, 12, "TinyStageSubsets", "TinySeedStrategy", "TinyAttentionLayers", "TinyHybridStrategy")]
    [InlineData(1, 1, 8, "AttentionLayers", "HybridStrategy")]
    public void What_is_equal_is_run_once_a_seed(int introduced, int mixer, int endToEnd, params string[] families)
    {
        foreach (var seeds in (int[])[1, 3])
        {
            var jobs = Jobs(seeds, families);
            Assert.Equal(
                (seeds * introduced, seeds * mixer, seeds * endToEnd), (Count(jobs, StageKind.Introduced), Count(jobs, StageKind.Mixer), Count(jobs, StageKind.EndToEnd)));
            Assert.Equal(jobs.Count, jobs.Select(job => job.Path).Distinct().Count());
        }
    }

    [Fact]
    public void Models_are_asked_once_and_the_seeded_linear_one_is_the_member_without_stages()
    {
        var alone = Jobs(2, "TinyAttentionLayers");
        Assert.Equal(1 + 2 * (4 + 1), Count(alone, null));
        Assert.Contains(alone, job => job.Path == "evaluations/TinyMmMambaLinear.seeded-seed1.jsonl");
        var both = Jobs(2, "TinyStageSubsets", "TinyAttentionLayers");
        Assert.Equal(1 + 2 * (8 + 3), Count(both, null));
        Assert.DoesNotContain(both, job => job.Path.Contains("seeded"));
        Assert.Equal(["TinyMmMambaLinear", "TinyStageSubsets.None"], Assert.Single(both, job => job.Path == "evaluations/TinyStageSubsets.None-seed0.jsonl").Members);
    }

    [Fact]
    public void Work_stands_behind_what_it_needs()
    {
        var jobs = Jobs(2, "TinyStageSubsets", "TinySeedStrategy");
        foreach (var (number, job) in jobs.Index())
            if (job.After is { } after) Assert.InRange(jobs.TakeWhile(other => !ReferenceEquals(other, after)).Count(), 0, number - 1);
        var student = jobs.First(job => job.Path == "stages/end_to_end-TinyStageSubsets.Stages13-seed1");
        Assert.Equal((1UL, "stages/introduced-TinyStageSubsets.Stage1-seed1"), (student.Seed, student.After!.Path));
        Assert.Null(jobs.First(job => job.Path == "stages/mixer-TinyStageSubsets.Stage2-seed0").After);
    }

    [Fact]
    public void What_has_nothing_in_common_is_refused()
    {
        Assert.Contains("is no ablation family", Assert.Throws<InputException>(() => AblationSource.Find(["TinyMmMambaHybrid"], null)).Message);
        Assert.Contains("name each family once", Assert.Throws<InputException>(() => AblationSource.Find(["TinySeedStrategy", "TinySeedStrategy"], null)).Message);
        Assert.Contains("name families of one teacher", Assert.Throws<InputException>(() => AblationSource.Find(["TinySeedStrategy", "HybridStrategy"], null)).Message);
        Assert.Contains("is no linear student of TinyHovle", Assert.Throws<InputException>(() => AblationSource.Find(["TinySeedStrategy"], "TinyMmMambaHybrid")).Message);
    }
}
