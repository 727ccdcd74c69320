using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;

namespace MmMamba.Engine.Benchmarks;

/// <summary>Short iterations in this process: all benchmarks but the main job take a few minutes.</summary>
class EngineConfig : ManualConfig
{
    public EngineConfig() : this(Job.Default.WithWarmupCount(2).WithIterationCount(5).WithIterationTime(TimeInterval.FromMilliseconds(120)).WithEvaluateOverhead(false))
    {
    }

    protected EngineConfig(Job job)
    {
        AddJob(job.WithToolchain(InProcessEmitToolchain.Instance));
        AddColumn(StatisticColumn.Min, StatisticColumn.Median);
        AddDiagnoser(new NativeMemory());
        HideColumns(Column.Error, Column.StdDev, Column.RatioSD, Column.Gen0, Column.Gen1, Column.Gen2);
    }
}
