using System.Globalization;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Native;
using MmMamba.Runtime.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>
/// A Mamba-2 mixer's pass over many tokens with gradients, in kernels of our own (mixer.cu): projections as one product, all between them and the output projection in five launches,
/// and back in five. Kept for the gradients are the input and what was projected. Where the input's gradient is asked for, and with it every layer's graph stays, the rounded projections are kept too, and
/// what the scan reads is made again in three more.
/// </summary>
sealed class TrainedMixer
{
    /// <summary>Tokens of a chunk of the scan.</summary>
    public const int ChunkTokens = 64;

    // Declared are the bytes of shared memory that kernels have beside what a launch gives them, at most.
    const int Threads = 128, Widest = 128, ProjectionCount = 5, Declared = 4096;

    // In the order of the kernels: of the projections, then of the small weights.
    readonly Parameter?[] _weights;
    readonly Mamba2Plan _plan;
    readonly PassKernels _kernels;
    readonly long _hidden;
    // Rows of the projections together, as they are and filled up to 16 bytes, channels of the convolution, and of all heads.
    readonly int _rows, _filled, _channels, _mixed, _cells;
    readonly int[] _smallAt;
    readonly int _small, _part;

    TrainedMixer(Mamba2Mixer mixer, Mamba2Plan plan)
    {
        _plan = plan;
        var projections = mixer.Projections;
        var (value, key, query, gate, dt) = (projections[0], projections[1], projections[2], plan.Gate ? projections[3] : null, projections[^1]);
        var (convWeight, convBias, dtBias, decay, skip, gateNorm) = mixer.Others;
        _weights = [value, key, query, gate, dt, convWeight, convBias, dtBias, decay, skip, gateNorm];
        _hidden = value.shape[1];
        _mixed = plan.Heads * plan.HeadDim;
        _channels = _mixed + 2 * plan.KvHeads * plan.HeadDim;
        _cells = plan.Heads * plan.HeadDim * plan.HeadDim;
        _rows = _channels + (plan.Gate ? _mixed : 0) + plan.Heads;
        _filled = (_rows + 7) / 8 * 8;
        _smallAt = new int[_weights.Length];
        for (var i = ProjectionCount; i < _weights.Length; i++)
        {
            _smallAt[i] = _small;
            _small += (int)(_weights[i]?.numel() ?? 0);
        }
        _part = _small + (plan.GateNorm ? _mixed - plan.HeadDim : 0);
        _kernels = PassKernels.Of("the kernels of a trained mixer", KernelSource.TrainedMixer, Constants(plan, _hidden));
    }

    /// <summary>The kernels' way through a mixer; null where its plan is none that they know.</summary>
    public static TrainedMixer? Of(Mamba2Mixer mixer, Mamba2Plan plan)
    {
        var isKnown = !plan.QkNorm && plan.HeadDim % 16 == 0 && plan.HeadDim <= Widest && plan.Conv <= 8 && mixer.Projections[0].shape[1] % 8 == 0;
        return isKnown ? new(mixer, plan) : null;
    }

    /// <summary>What <see cref="Mamba2Mixer.Mix"/> gives, with its gradients recorded; null where plain operations have to compute it.</summary>
    /// <param name="u">Normed input (B, T, H).</param>
    /// <param name="mask">True at real tokens (B, T), boolean; null where all are.</param>
    /// <param name="packing">Where sequences begin in u, if they stand in one row.</param>
    public Tensor? Mix(Tensor u, Tensor? mask, Packing? packing)
    {
        if (!is_grad_enabled() || u.dtype != ScalarType.BFloat16 || u.shape[1] < 2 || !Takes(u.device)) return null;
        var trained = Array.Find(_weights, weight => weight is { requires_grad: true });
        if (trained is null && !u.requires_grad || _kernels.On(u.device, InputGradientsShared(_plan) + Declared) is not { } module) return null;
        GivenGradients.ThrowFailure();
        using var scope = NewDisposeScope();
        // No projection has a bias: this silences the convolution too.
        if (mask is not null) u = u * mask.unsqueeze(-1).to(u.dtype);
        var pass = new Pass(this, module, u.shape[0], u.shape[1], mask?.contiguous(), packing is null ? null : ChunkTable.Of(packing, u.device));
        Tell(pass, packing);
        return MixerFunction.apply(pass, u.contiguous(), trained).MoveToOuterDisposeScope();
    }

    // Gradients add up in float32; what is frozen may have been rounded before. Weights that were drawn or mapped on a CPU may lie at any place there.
    bool Takes(Device device) => Array.TrueForAll(_weights[..ProjectionCount], weight => weight is null || PointwiseKernels.IsWhole(weight)) && Array.TrueForAll(_weights, weight => weight is null
        || weight.device_type == device.type && weight.device_index == device.index && weight.is_contiguous() && (weight.dtype == ScalarType.Float32 || weight.dtype == ScalarType.BFloat16 && !weight.requires_grad));

    // As the cost model counts it, by the plan's chunks.
    void Tell(Pass pass, Packing? packing)
    {
        var (sequences, length) = packing is null ? (pass.Sequences, pass.Length) : (packing.Sequences, packing.Length);
        var chunks = (length - 1) / _plan.Chunk + 1;
        var tokens = (length - 1) / chunks + 1;
        Work.Done("mamba2.projections", 2 * pass.Tokens * _hidden * _rows);
        if (_plan.Conv > 0) Work.Done("mamba2.conv", 2 * sequences * length * _channels * _plan.Conv);
        Work.Done("ssd.scores", 2 * sequences * chunks * tokens * tokens * _mixed);
        Work.Done("ssd.within", 2 * sequences * chunks * tokens * tokens * _mixed);
        if (chunks == 1) return;
        Work.Done("ssd.states", 2 * sequences * chunks * tokens * _cells);
        Work.Done("ssd.boundaries", 2 * sequences * chunks * chunks * _cells);
        Work.Done("ssd.carried", 2 * sequences * chunks * tokens * _cells);
    }

    static int TileBytes(Mamba2Plan plan) => ChunkTokens * (plan.HeadDim + 8) * sizeof(short);

    static int StateBytes(Mamba2Plan plan) => plan.HeadDim * (plan.HeadDim + 8) * sizeof(short);

    // The kernel that needs the most.
    static int InputGradientsShared(Mamba2Plan plan) => 4 * TileBytes(plan) + StateBytes(plan);

    static Dictionary<string, string> Constants(Mamba2Plan plan, long hidden)
    {
        static string Number(long value) => value.ToString(CultureInfo.InvariantCulture);
        static string Flag(bool value) => value ? "1" : "0";
        return new()
        {
            ["HIDDEN"] = Number(hidden), ["HEADS"] = Number(plan.Heads), ["KV_HEADS"] = Number(plan.KvHeads), ["HEAD_DIM"] = Number(plan.HeadDim), ["TAPS"] = Number(plan.Conv),
            ["GATE"] = Flag(plan.Gate), ["GATE_NORM"] = Flag(plan.GateNorm), ["DECAY"] = Flag(plan.Decay), ["SKIP"] = Flag(plan.Skip),
        };
    }

    /// <summary>One pass: what it computes with, and how.</summary>
    /// <param name="Mixer">Whose.</param>
    /// <param name="Module">The kernels.</param>
    /// <param name="Sequences">B; 1 where sequences are packed.</param>
    /// <param name="Length">T, or all tokens of the row.</param>
    /// <param name="Mask">True at real tokens (B, T), boolean; null where all are.</param>
    /// <param name="Table">The chunks of packed sequences (chunks, 4), int32; null where they are all alike.</param>
    internal sealed record Pass(TrainedMixer Mixer, IKernelModule Module, long Sequences, long Length, Tensor? Mask, Tensor? Table)
    {
        readonly Mamba2Plan _plan = Mixer._plan;

        public long Tokens => Sequences * Length;

        // Of a sequence, or of the row.
        int OwnChunks => (int)(Table?.shape[0] ?? (Length + ChunkTokens - 1) / ChunkTokens);

        int Chunks => (int)Sequences * OwnChunks;

        int TileBytes => TrainedMixer.TileBytes(_plan);

        // For a state, or for keys and values.
        int RoomBytes => Math.Max(2 * TileBytes, StateBytes);

        int StateBytes => TrainedMixer.StateBytes(_plan);

        float Eps => (float)_plan.NormEps;

        /// <summary>The mixer's output (B, T, heads * head dim), and what the gradients need beside the input.</summary>
        /// <param name="u">Normed input (B, T, H).</param>
        /// <param name="wanted">Whether its own gradient will be asked for.</param>
        public (Tensor Y, Tensor[] Kept) Forward(Tensor u, bool wanted)
        {
            using var scope = NewDisposeScope();
            var (weights, small) = Gather(u);
            var projected = nn.functional.linear(u, weights);
            var (activated, states, totals) = Scanned(small, projected);
            var y = empty([Sequences, Length, Mixer._mixed], ScalarType.BFloat16, u.device);
            Launch("mix_outputs", TileBytes + RoomBytes, projected, activated, small, Mask, Table, (int)Length, states, Eps, y);
            Tensor[] kept = wanted ? [small, projected, weights] : [small, projected, activated, states, totals];
            foreach (var tensor in kept) tensor.MoveToOuterDisposeScope();
            return (y.MoveToOuterDisposeScope(), kept);
        }

        /// <summary>Adds the gradients of what is trained to it.</summary>
        /// <param name="given">Gradient of y.</param>
        /// <param name="u">The input.</param>
        /// <param name="wanted">Whether its gradient is asked for, as <see cref="Forward"/> was told.</param>
        /// <param name="kept">What that kept.</param>
        /// <returns>The gradient of u (B, T, H); null where it is not wanted.</returns>
        public Tensor? Backward(Tensor given, Tensor u, bool wanted, IReadOnlyList<Tensor> kept)
        {
            using var noGrad = no_grad();
            using var scope = NewDisposeScope();
            var device = u.device;
            given = given.to(ScalarType.BFloat16).contiguous();
            var (small, projected) = (kept[0], kept[1]);
            var (activated, states, totals) = wanted ? Scanned(small, projected) : (kept[2], kept[3], kept[4]);
            var read = empty([Tokens, Mixer._mixed], ScalarType.BFloat16, device);
            var apart = empty([Tokens, 3 * Mixer._mixed], ScalarType.BFloat16, device);
            var back = empty([Tokens, Mixer._filled], ScalarType.BFloat16, device);
            var carried = empty([Chunks, Mixer._cells], ScalarType.BFloat16, device);
            var parts = empty([Chunks, Mixer._part], ScalarType.Float32, device);
            var sums = empty([Mixer._small], ScalarType.Float32, device);
            Launch("output_gradients", TileBytes + RoomBytes, projected, activated, small, Mask, Table, (int)Length, states, Eps, given, read, back, carried, parts);
            Carry("carry_gradients", carried, totals);
            Launch("input_gradients", InputGradientsShared(_plan), projected, activated, small, Mask, Table, (int)Length, states, carried, read, apart, back, parts);
            Module.Launch(0, "convolution_gradients", (ChannelBlocks, Chunks), Threads, 0, projected, small, Table, (int)Length, apart, back, parts);
            Module.Launch(0, "sum_parts", ((Mixer._small + 31) / 32, 1), Threads, 0, parts, Chunks, sums);
            for (var i = ProjectionCount; i < Mixer._weights.Length; i++)
                if (Mixer._weights[i] is { requires_grad: true } weight) Add(weight, sums, Mixer._smallAt[i]);
            AddProjections(back, u.view(Tokens, -1));
            if (!wanted) return null;
            return mm(back.narrow(1, 0, Mixer._rows), kept[2].narrow(0, 0, Mixer._rows)).view(u.shape).MoveToOuterDisposeScope();
        }

        (Tensor Weights, Tensor Small) Gather(Tensor u)
        {
            var (all, device) = (Mixer._weights, u.device);
            var singles = 0;
            for (var i = 0; i < all.Length; i++)
                if (all[i]?.dtype == ScalarType.Float32) singles |= 1 << i;
            var weights = empty([Mixer._filled, Mixer._hidden], ScalarType.BFloat16, device);
            var small = empty([Mixer._small], ScalarType.Float32, device);
            Module.Launch(
                0, "gather_weights", (Mixer._filled, 1), Threads, 0,
                all[0], all[1], all[2], all[3], all[4], all[5], all[6], all[7], all[8], all[9], all[10], singles, weights, small);
            return (weights, small);
        }

        // Values, keys and queries as the scan reads them, the states before each chunk, and the logarithms of what a chunk leaves of them.
        (Tensor Activated, Tensor States, Tensor Totals) Scanned(Tensor small, Tensor projected)
        {
            var device = projected.device;
            var activated = empty([Tokens, Mixer._channels], ScalarType.BFloat16, device);
            var states = empty([Chunks, Mixer._cells], ScalarType.BFloat16, device);
            var totals = empty([Chunks, _plan.Heads], ScalarType.Float32, device);
            Module.Launch(0, "activate", (ChannelBlocks, Chunks), Threads, 0, projected, small, Table, (int)Length, activated);
            if (OwnChunks == 1) return (activated, states, totals);
            Launch("chunk_states", 2 * TileBytes, projected, activated, small, Mask, Table, (int)Length, states, totals);
            Carry("carry_states", states, totals);
            return (activated, states, totals);
        }

        void Carry(string kernel, Tensor states, Tensor totals)
        {
            if (OwnChunks > 1) Module.Launch(0, kernel, ((Mixer._cells / 8 + Threads - 1) / Threads, (int)Sequences), Threads, 0, states, totals, Table, (int)Length, OwnChunks);
        }

        int ChannelBlocks => (Mixer._channels / 2 + Threads - 1) / Threads;

        // A block for each head's chunk.
        void Launch(string kernel, int sharedBytes, params ReadOnlySpan<KernelArgument> arguments) =>
            Module.Launch(0, kernel, (_plan.Heads, Chunks), Threads, sharedBytes, arguments);

        // One product for all that are trained, from the first of their rows to the last.
        void AddProjections(Tensor back, Tensor u)
        {
            var all = Mixer._weights;
            var starts = new long[ProjectionCount + 1];
            for (var i = 0; i < ProjectionCount; i++) starts[i + 1] = starts[i] + (all[i]?.shape[0] ?? 0);
            var first = Array.FindIndex(all, 0, ProjectionCount, weight => weight is { requires_grad: true });
            if (first < 0) return;
            var last = Array.FindLastIndex(all, ProjectionCount - 1, weight => weight is { requires_grad: true });
            var gradients = Aten.SingleProduct(back.narrow(1, starts[first], starts[last + 1] - starts[first]).t(), u);
            for (var i = first; i <= last; i++)
                if (all[i] is { requires_grad: true } weight) Add(weight, gradients, (starts[i] - starts[first]) * Mixer._hidden);
        }

        // A parameter's gradient lies among others'; the first one of a step is taken as it lies.
        static void Add(Parameter parameter, Tensor gradients, long at)
        {
            var shape = parameter.shape;
            using var own = gradients.as_strided(shape, parameter.stride(), gradients.storage_offset() + at);
            using var before = parameter.grad;
            if (before is null) parameter.grad = own;
            else before.Add(own);
        }
    }
}
