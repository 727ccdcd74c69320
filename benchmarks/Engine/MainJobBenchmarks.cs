using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Engines;
using BenchmarkDotNet.Jobs;

namespace MmMamba.Engine.Benchmarks;

/// <summary>The main job, whole and once: <c>mmmamba distill</c>, from seeding to the report, some eight minutes on two cores.</summary>
[Config(typeof(OnceConfig))]
public class MainJobBenchmarks
{
    sealed class OnceConfig : EngineConfig
    {
        public OnceConfig() : base(Job.Default.WithStrategy(RunStrategy.Monitoring).WithWarmupCount(0).WithIterationCount(1).WithInvocationCount(1).WithUnrollFactor(1))
        {
        }
    }

    readonly string _folder = Directory.CreateTempSubdirectory("mmmamba-main-job").FullName;

    [Benchmark]
    public void Distill()
    {
        if (Cli.Program.Run(["distill", "--output", Path.Combine(_folder, "run")]) != 0) throw new InvalidOperationException("the main job failed");
    }

    [GlobalCleanup]
    public void Cleanup() => Directory.Delete(_folder, recursive: true);
}
