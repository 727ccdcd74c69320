using System.Diagnostics;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Plans;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Generation;

/// <summary>
/// Times the kernels of a captured step one by one: each is captured without the others, over all layers' own weights, so that none of them lies in a cache since
/// the launch before, and repeated. Caches hold nothing in particular.
/// </summary>
public static class DecodeProfile
{
    /// <summary>
    /// The kernels in the order of their first launches, with the weights and caches that a launch reads and the states that it writes, too; then all of them together. Null where a step is not captured.
    /// </summary>
    /// <param name="model">Whose step.</param>
    /// <param name="sequences">How many.</param>
    /// <param name="length">Tokens before the step.</param>
    /// <param name="rounds">How many times over a graph has them.</param>
    /// <param name="repeats">Runs of a graph, of which the middle one counts; as many as a third come before.</param>
    public static IReadOnlyList<KernelTime>? Measure(VisionLanguageModel model, int sequences, int length, int rounds = 8, int repeats = 9)
    {
        using var guard = no_grad();
        if (KernelDevice.Of(model.Device, out _) is not { } device) return null;
        using var cache = model.CreateCache(sequences, length + 1);
        var all = new Filter(device, null, 1);
        using (var whole = CapturedStep.Create(model, cache, all, out _))
            if (whole is null) return null;
        var elementBytes = model.Dtype == ScalarType.BFloat16 ? 2 : 4;
        return
        [
            .. all.Launched.GroupBy(name => name).Select(launches => new KernelTime(
                launches.Key, launches.Count(), Time(launches.Key) / launches.Count(), BytesOf(launches.Key, model, sequences, length, elementBytes) / launches.Count())),
            new("all", 1, Time(null), all.Launched.Distinct().Sum(name => BytesOf(name, model, sequences, length, elementBytes))),
        ];

        // What a graph of one round costs beside its kernels is in both.
        double Time(string? kernel) => (Middle(kernel, rounds + 1) - Middle(kernel, 1)) / rounds;

        double Middle(string? kernel, int times)
        {
            using var step = CapturedStep.Create(model, cache, new Filter(device, kernel, times), out _)!;
            var (ids, positions, picked) = (Enumerable.Repeat(1, sequences).ToArray(), Enumerable.Repeat(length, sequences).ToArray(), new int[sequences]);
            var took = new double[repeats];
            for (var i = -repeats / 3; i < repeats; i++)
            {
                var watch = Stopwatch.StartNew();
                step.Replay(ids, positions, length, picked);
                if (i >= 0) took[i] = watch.Elapsed.TotalMicroseconds;
            }
            return Median.Of(took);
        }
    }

    // Of all launches of a kernel together.
    static long BytesOf(string kernel, VisionLanguageModel model, int sequences, int length, int elementBytes)
    {
        long hidden = model.Plan.HiddenSize;
        static long Width(LayerPlan layer) => (long)layer.Mixer.Heads * layer.Mixer.HeadDim;
        var elements = kernel.Replace("batch_", "", StringComparison.Ordinal) switch
        {
            "project" => model.Layers.Sum(layer => ProjectedMatrices.Of(layer).Rows * hidden),
            "attend" => model.Plan.Layers.Where(layer => layer.Mixer is AttentionPlan).Sum(layer => 2L * sequences * length * layer.Mixer.KvHeads * layer.Mixer.HeadDim),
            "attention_output" => model.Plan.Layers.Where(layer => layer.Mixer is AttentionPlan).Sum(layer => Width(layer) * hidden),
            "ssm_output" => model.Plan.Layers.Where(layer => layer.Mixer is Mamba2Plan).Sum(layer => Width(layer) * hidden),
            "swiglu" => model.Plan.Layers.Sum(layer => 2 * layer.MlpHidden * hidden),
            "mlp_output" => model.Plan.Layers.Sum(layer => layer.MlpHidden * hidden),
            "logits" => model.Plan.Tokens.Vocab * hidden,
            _ => 0,
        };
        // Read and written, in float32.
        return kernel == "ssm_step"
            ? model.Plan.Layers.Where(layer => layer.Mixer is Mamba2Plan).Sum(layer => 2L * sequences * Width(layer) * layer.Mixer.HeadDim * sizeof(float))
            : elements * elementBytes;
    }

    // Lets the launches of one kernel through, or all, and all that is captured some times over.
    sealed class Filter(IKernelDevice device, string? kernel, int rounds) : IKernelDevice
    {
        public List<string> Launched { get; } = [];

        public int Multiprocessors => device.Multiprocessors;

        public int Capability => device.Capability;

        public int MostShared => device.MostShared;

        public bool RunsUnproven => device.RunsUnproven;

        public IKernelModule Load(string name, IEnumerable<KernelSource> sources, IReadOnlyDictionary<string, string> constants) => new Module(this, device.Load(name, sources, constants));

        public ICapturedLaunches Capture(Tensor input, Tensor output, Action<nint> launches) => device.Capture(input, output, stream =>
        {
            for (var round = 0; round < rounds; round++) launches(stream);
        });

        sealed class Module(Filter filter, IKernelModule module) : IKernelModule
        {
            public void Launch(nint stream, string name, (int X, int Y) grid, int threads, int sharedBytes, params ReadOnlySpan<KernelArgument> arguments)
            {
                filter.Launched.Add(name);
                if (filter.Kernel is null || filter.Kernel == name) module.Launch(stream, name, grid, threads, sharedBytes, arguments);
            }

            public void Dispose() => module.Dispose();
        }

        string? Kernel => kernel;
    }
}
