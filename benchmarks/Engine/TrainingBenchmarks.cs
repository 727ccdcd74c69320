using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using MmMamba.Runtime;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Engine.Benchmarks;

/// <summary>
/// Steps of the tiny hybrid's three stages, teacher's pass and AdamW included, on drawn ids of the main job's length. An operation is a token, so that operations a
/// second are tokens a second.
/// </summary>
[Config(typeof(TokensConfig)), MemoryDiagnoser(displayGenColumns: false)]
public class TrainingBenchmarks
{
    const int Batch = 16, Length = 150, Steps = 1;

    sealed class TokensConfig : EngineConfig
    {
        public TokensConfig() => AddColumn(StatisticColumn.OperationsPerSecond);
    }

    readonly ModelPlan _plan = Models.Plan("TinyMmMambaHybrid");
    VisionLanguageModel _teacher = null!;
    IntroducedArtefact _seeded = null!;
    MixerArtefact _mixers = null!;
    Batch[] _batches = [];

    [GlobalSetup]
    public void Setup()
    {
        _teacher = Models.Open("TinyHovle");
        _seeded = IntroducedArtefact.Skipped(_teacher, _plan, seed: 0);
        _mixers = MixerArtefact.Skipped(_seeded);
        _batches = [.. Enumerable.Range(0, Steps).Select(i => new Batch(
            new ModelInput(randint(0, _plan.Tokens.Image, new Size([Batch, Length]), ScalarType.Int64, generator: new Generator((ulong)i)).DetachFromDisposeScope()), []))];
    }

    [Benchmark(OperationsPerInvoke = Batch * Length * Steps)]
    public void Introduced() => new MixerDistillation(_teacher, _plan).RunIntroduced(_batches, Options(StageKind.Introduced)).Dispose();

    [Benchmark(OperationsPerInvoke = Batch * Length * Steps)]
    public void Mixer() => new MixerDistillation(_teacher, _plan).RunMixer(_seeded, _batches, Options(StageKind.Mixer)).Dispose();

    [Benchmark(OperationsPerInvoke = Batch * Length * Steps)]
    public void EndToEnd() => new EndToEndDistillation(_teacher, _plan)
        .Run(_mixers, _batches, Options(StageKind.EndToEnd), source => new VisionLanguageModel(_plan, source)).Student.Dispose();

    TrainingOptions Options(StageKind kind) => TrainingOptions.Of(_plan.RecipeOf(), kind) with { Steps = Steps, Batch = Batch };

    [GlobalCleanup]
    public void Cleanup()
    {
        _mixers.Dispose();
        _seeded.Dispose();
        _teacher.Dispose();
    }
}
