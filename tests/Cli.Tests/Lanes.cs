using System.Runtime.CompilerServices;
using MmMamba.Cli.Tests.Runs;
using TorchSharp;

[assembly: CollectionBehavior(CollectionBehavior.CollectionPerAssembly)]

namespace MmMamba.Cli.Tests;

/// <summary>
/// What is tested beside what. Random state, folder, console and threads belong to the process, so tests run one after the other. Those of a lane are
/// beside them: long runs of the tool, all of them in processes of their own.
/// </summary>
static class Lanes
{
    /// <summary>The main job.</summary>
    public const string MainJob = "main job";

    /// <summary>Ablations.</summary>
    public const string Ablations = "ablations";

    /// <summary>Runs that are disturbed, beside the one that nothing disturbs (<see cref="ShortRun"/>).</summary>
    public const string Runs = "runs";

    // Whoever waits for a process holds threads that others need to read what theirs says.
    [ModuleInitializer]
    internal static void Begin()
    {
        const int threads = 32;
        ThreadPool.SetMinThreads(threads, threads);
    }
}

/// <summary>One undisturbed run for all tests of its lane.</summary>
[CollectionDefinition(Lanes.Runs)]
public sealed class RunsLane : ICollectionFixture<ShortRun>;
