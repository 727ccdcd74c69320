using System.Numerics;
using System.Runtime.CompilerServices;
using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using TorchSharp.Modules;

namespace MmMamba.Runtime.Kernels.Simd;

/// <summary>One token of a Mamba-2 mixer between its projections: convolution, state, norm a head, gate.</summary>
sealed unsafe class SsmStep
{
    readonly Mamba2Plan _plan;
    readonly int _channels;
    SmallTensor? _history; // of the one state that these steps are for
    readonly SmallTensor _dtBias;
    readonly SmallTensor? _convWeight, _convBias, _decay, _skip, _gateNorm, _queryNormWeight, _queryNormBias, _keyNormWeight, _keyNormBias;

    /// <param name="plan">Heads and switches.</param>
    /// <param name="mixer">Its parameters.</param>
    public SsmStep(Mamba2Plan plan, Mamba2Mixer mixer)
    {
        static SmallTensor? Of(Parameter? parameter) => parameter is null ? null : new(parameter);
        _plan = plan;
        _channels = (plan.Heads + 2 * plan.KvHeads) * plan.HeadDim;
        var others = mixer.Others;
        _dtBias = new(others.DtBias);
        (_convWeight, _convBias, _decay, _skip, _gateNorm) = (Of(others.ConvWeight), Of(others.ConvBias), Of(others.Decay), Of(others.Skip), Of(others.GateNorm));
        var norms = mixer.HeadNorms;
        (_queryNormWeight, _queryNormBias, _keyNormWeight, _keyNormBias) = (Of(norms.QueryWeight), Of(norms.QueryBias), Of(norms.KeyWeight), Of(norms.KeyBias));
    }

    /// <param name="state">Is advanced.</param>
    /// <param name="x">Values, keys, queries, the gate where there is one, dt; is overwritten.</param>
    /// <param name="y">(heads * head dim).</param>
    public void Run(Mamba2State state, float* x, float* y)
    {
        if (_convWeight is not null) Convolve(x, _history ??= new(state.Conv));
        Pointwise.Silu(x, _channels);
        var (heads, kvHeads, width) = (_plan.Heads, _plan.KvHeads, _plan.HeadDim);
        if (_queryNormWeight is not null)
        {
            Norm(x + kvHeads * width, kvHeads, _keyNormWeight!.Now, _keyNormBias!.Now);
            Norm(x + 2 * kvHeads * width, heads, _queryNormWeight.Now, _queryNormBias!.Now);
        }
        float* steps = x + _channels + (_plan.Gate ? heads * width : 0), bias = _dtBias.Now, decay = Now(_decay), skip = Now(_skip), gateNorm = Now(_gateNorm);
        var ssm = StoredRows.Of(state.Ssm).Singles;
        Cores.Split(heads, 2L * heads * width * width, (first, end) =>
        {
            for (var head = first; head < end; head++)
            {
                float* value = x + head / (heads / kvHeads) * width, mixed = y + head * width;
                var dt = Softplus(steps[head] + bias[head]);
                var kept = MathF.Exp(decay is null ? -dt : -dt * MathF.Exp(decay[head]));
                Advance(ssm + (long)head * width * width, value, value + kvHeads * width, x + (2 * kvHeads + head) * width, dt, kept, mixed, width);
                if (skip is not null)
                    for (var i = 0; i < width; i++) mixed[i] += skip[head] * value[i];
                if (gateNorm is not null)
                {
                    Pointwise.RmsNorm(mixed, _plan.NormEps, mixed, width);
                    Pointwise.Multiply(mixed, gateNorm, width);
                }
            }
        });
        if (_plan.Gate)
        {
            Pointwise.Silu(x + _channels, heads * width);
            Pointwise.Multiply(y, x + _channels, heads * width);
        }
        GC.KeepAlive(state);
    }

    // A token's inputs take the place of the oldest ones.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    void Convolve(float* x, SmallTensor state)
    {
        float* weight = _convWeight!.Now, bias = _convBias!.Now, history = state.Now;
        var before = _plan.Conv - 1;
        for (var channel = 0; channel < _channels; channel++, weight += before + 1, history += before)
        {
            var sum = bias[channel] + weight[before] * x[channel];
            for (var tap = 0; tap < before; tap++)
            {
                sum += weight[tap] * history[tap];
                history[tap] = tap + 1 < before ? history[tap + 1] : x[channel];
            }
            x[channel] = sum;
        }
        state.Keep();
    }

    static float* Now(SmallTensor? tensor) => tensor is null ? null : tensor.Now;

    void Norm(float* heads, int count, float* weight, float* bias)
    {
        for (var head = 0; head < count; head++) Pointwise.LayerNorm(heads + head * _plan.HeadDim, _plan.NormEps, weight, bias, _plan.HeadDim);
    }

    // S = kept S + dt v k^T and y = S q, a row of the state at a time.
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    static void Advance(float* state, float* value, float* key, float* query, float dt, float kept, float* y, int width)
    {
        for (var row = 0; row < width; row++, state += width)
        {
            var stepped = dt * value[row];
            var sums = Vector<float>.Zero;
            var i = 0;
            for (; i + Vector<float>.Count <= width; i += Vector<float>.Count)
            {
                var next = Vector.FusedMultiplyAdd(Vector.Load(key + i), new Vector<float>(stepped), Vector.Load(state + i) * kept);
                Vector.Store(next, state + i);
                sums = Vector.FusedMultiplyAdd(next, Vector.Load(query + i), sums);
            }
            var sum = Vector.Sum(sums);
            for (; i < width; i++)
            {
                state[i] = state[i] * kept + stepped * key[i];
                sum += state[i] * query[i];
            }
            y[row] = sum;
        }
    }

    // log(1 + exp(x)); beyond 20 that is x, as libtorch has it. What 1 + exp(x) loses of a small exp(x) is put right (Kahan).
    internal static float Softplus(float x)
    {
        if (x > 20) return x;
        var small = Math.Exp(x);
        var sum = 1 + small;
        return (float)(sum == 1 ? small : Math.Log(sum) * (small / (sum - 1)));
    }
}
