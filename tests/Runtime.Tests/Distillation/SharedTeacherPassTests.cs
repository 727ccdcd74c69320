using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Tests.Checkpoints;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Distillation;

/// <summary>Sets of mixers that share a teacher's pass end as each would alone, bit for bit.</summary>
public sealed class SharedTeacherPassTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    static TrainingOptions Options(StageKind kind, ulong seed, double rate = 1e-2, int steps = 4) => TrainingOptions.Of(GoldenModel.Hybrid.RecipeOf(), kind) with
    {
        Steps = steps, Batch = 2, LearningRate = rate, Schedule = new(ScheduleKind.Wsd, 0.2, 0.3), Seed = seed, DataSeed = 9, Data = "rows", Clip = 1,
    };

    // Seeds, a way to begin, another placement and rate, and one that is done earlier.
    static readonly (string Model, ulong Seed, double Rate, int Steps)[] Sets =
        [("GoldenHybrid", 1, 1e-2, 4), ("GoldenHybrid", 2, 1e-2, 4), ("GoldenScratch", 1, 1e-2, 4), ("GoldenLinear", 1, 3e-3, 4), ("GoldenHybrid", 3, 1e-2, 2)];

    static ModelPlan Plan(string model) => model == "GoldenScratch" ? Scratch : GoldenModel.Named(model);

    // The hybrid's form with its introduced tensors drawn as from scratch.
    static readonly ModelPlan Scratch = GoldenModel.Hybrid with
    {
        Distillation = GoldenModel.Hybrid.RecipeOf() with
        {
            ConvertedTensors = GoldenModel.Hybrid.RecipeOf().ConvertedTensors
                .Select(tensor => tensor.Name.Contains("conv1d.weight", StringComparison.Ordinal) ? tensor with { Origin = new Drawn(Draw.Uniform, -0.5, 0.5) } : tensor).ToPlanList(),
        },
    };

    static MixerRun Run(int set, StageKind kind, Reports? reports = null, TrainingStates? states = null) =>
        new(Plan(Sets[set].Model), Options(kind, Sets[set].Seed, Sets[set].Rate, Sets[set].Steps), reports, states);

    static string Told(ConvertedMixers mixers) => mixers.Hash + mixers.Chain.ToJson();

    [Fact]
    public void Each_set_is_its_lone_run()
    {
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        var every = Enumerable.Range(0, Sets.Length).ToArray();
        var alone = every.Select(set =>
        {
            var run = Run(set, StageKind.Introduced);
            return new MixerDistillation(teacher, run.Student).RunIntroduced(StageGoldens.Batches(), run.Options);
        }).ToArray();
        var reports = every.Select(_ => new Reports()).ToArray();
        var together = SharedTeacherPass.RunIntroduced(teacher, [.. every.Select(set => Run(set, StageKind.Introduced, reports[set]))], StageGoldens.Batches());
        Assert.Equal(alone.Select(artefact => Told(artefact.Mixers)), together.Select(artefact => Told(artefact.Mixers)));
        Assert.Equal(Sets.Length, together.Select(artefact => artefact.Mixers.Hash).Distinct().Count());
        Assert.Equal([4, 4, 4, 4, 2], reports.Select(report => report.All.Count));
        Assert.All(together, artefact => Assert.Contains("\"data_seed\":9,", artefact.Mixers.Chain.ToJson()));

        var second = every.Select(set => new MixerDistillation(teacher, Plan(Sets[set].Model)).RunMixer(alone[set], StageGoldens.Batches(), Run(set, StageKind.Mixer).Options)).ToArray();
        var shared = SharedTeacherPass.RunMixer(teacher, [.. every.Select(set => (Run(set, StageKind.Mixer), together[set]))], StageGoldens.Batches());
        Assert.Equal(second.Select(artefact => Told(artefact.Mixers)), shared.Select(artefact => Told(artefact.Mixers)));
        foreach (var artefact in alone.Concat(together)) artefact.Dispose();
        foreach (var artefact in second.Concat(shared)) artefact.Dispose();
    }

    [Fact]
    public void Sets_go_on_together_from_states_of_different_steps()
    {
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        TrainingStates States(int set) => new(_folder[$"{set}"], new() { EverySteps = 1, Keep = 10 });
        IReadOnlyList<string> All()
        {
            var artefacts = SharedTeacherPass.RunIntroduced(teacher, [.. Enumerable.Range(0, 3).Select(set => Run(set, StageKind.Introduced, states: States(set)))], StageGoldens.Batches());
            var told = artefacts.Select(artefact => Told(artefact.Mixers)).ToArray();
            foreach (var artefact in artefacts) artefact.Dispose();
            return told;
        }
        var undisturbed = All();
        // The first set is done, the second stands after step 1, the third begins anew.
        foreach (var (set, last) in new[] { (1, 1), (2, 0) })
            for (var step = last + 1; step <= 4; step++) File.Delete(_folder[$"{set}/states/introduced-{step:D8}.safetensors"]);
        Assert.Equal(undisturbed, All());
    }

    [Fact]
    public void Sets_that_do_not_share_their_data_are_refused()
    {
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        var run = Run(0, StageKind.Introduced);
        foreach (var (other, why) in new[]
        {
            (run.Options with { DataSeed = null }, "keyed by 1"), (run.Options with { Batch = 3 }, "batch 3"), (run.Options with { MicroBatch = 1 }, "micro-batch 1 of"),
            (run.Options with { MaskPadding = false }, "padding counted"),
        })
        {
            var error = Assert.Throws<InputException>(() => SharedTeacherPass.RunIntroduced(teacher, [run, run with { Options = other }], StageGoldens.Batches()));
            Assert.StartsWith("mixers that share a teacher's pass see the same data, cut alike: rows keyed by 9, batch 2", error.Message);
            Assert.Contains(why, error.Message);
        }
    }
}
