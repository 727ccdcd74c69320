using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Native;
using MmMamba.Runtime.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Layers;

/// <summary>
/// The Mamba-2 mixer that takes an attention's place (paper, section 3.1): projections of value, key and query, a short causal
/// convolution with SiLU, the state-space scan, a norm a head and a gate. It has no rotary positions.
/// </summary>
public sealed class Mamba2Mixer
{
    readonly Mamba2Plan _plan;
    readonly Parameter _value, _key, _query, _dt, _dtBias;
    readonly Parameter? _gate, _gateNorm, _convWeight, _convBias, _decay, _skip, _queryNormWeight, _queryNormBias, _keyNormWeight, _keyNormBias;
    readonly int _channels;
    readonly MixedPass? _pass;
    readonly TrainedMixer? _trained;

    /// <param name="plan">Heads and switches.</param>
    /// <param name="tensors">The layer's parameters; those that the plan switches off are not asked for.</param>
    public Mamba2Mixer(Mamba2Plan plan, LayerTensors tensors)
    {
        _plan = plan;
        _channels = (plan.Heads + 2 * plan.KvHeads) * plan.HeadDim;
        _pass = MixedPass.Of(plan);
        _value = tensors["attention.v_proj.weight"];
        _key = tensors["attention.k_proj.weight"];
        _query = tensors["attention.q_proj.weight"];
        _dt = tensors["attention.in_proj.weight"];
        _dtBias = tensors["attention.dt_bias"];
        if (plan.Gate) _gate = tensors["attention.g_proj.weight"];
        if (plan.GateNorm) _gateNorm = tensors["attention.g_norm.weight"];
        if (plan.Conv > 0) (_convWeight, _convBias) = (tensors["attention.conv1d.weight"], tensors["attention.conv1d.bias"]);
        if (plan.Decay) _decay = tensors["attention.A_log_bias"];
        if (plan.Skip) _skip = tensors["attention.D"];
        if (plan.QkNorm)
        {
            (_queryNormWeight, _queryNormBias) = (tensors["attention.q_norm.weight"], tensors["attention.q_norm.bias"]);
            (_keyNormWeight, _keyNormBias) = (tensors["attention.k_norm.weight"], tensors["attention.k_norm.bias"]);
        }
        _trained = TrainedMixer.Of(this, plan);
    }

    /// <summary>What all its products of the input are, one below the other: value, key, query, gate where there is one, dt.</summary>
    internal IReadOnlyList<Parameter> Projections => _gate is null ? [_value, _key, _query, _dt] : [_value, _key, _query, _gate, _dt];

    /// <summary>What else it has; null is what the plan switches off.</summary>
    internal (Parameter? ConvWeight, Parameter? ConvBias, Parameter DtBias, Parameter? Decay, Parameter? Skip, Parameter? GateNorm) Others =>
        (_convWeight, _convBias, _dtBias, _decay, _skip, _gateNorm);

    /// <summary>The norms of queries and keys a head; null where the plan switches them off.</summary>
    internal (Parameter? QueryWeight, Parameter? QueryBias, Parameter? KeyWeight, Parameter? KeyBias) HeadNorms =>
        (_queryNormWeight, _queryNormBias, _keyNormWeight, _keyNormBias);

    /// <param name="u">Normed input (B, T, H).</param>
    /// <param name="mask">True at real tokens (B, T), boolean; pads leave the state as it is and stand on the right. Null where all are real.</param>
    /// <param name="state">State before these tokens, changed in place to the state after them; null begins at zero and keeps nothing.</param>
    /// <param name="packing">Where sequences begin in u, if they stand in one row (1, R, H); goes without mask and state.</param>
    /// <returns>(B, T, heads * head dim) in u's type, before the output projection.</returns>
    public Tensor Mix(Tensor u, Tensor? mask = null, Mamba2State? state = null, Packing? packing = null)
    {
        if (mask is null && packing is null && _pass?.Mix(this, u, state) is { } mixed) return mixed;
        if (state is null && _trained?.Mix(u, mask, packing) is { } trained) return trained;
        using var scope = NewDisposeScope();
        var (batch, length) = (u.shape[0], u.shape[1]);
        if (mask is not null) u = u * mask.unsqueeze(-1).to(u.dtype); // no projection has a bias: this silences the convolution too
        var (vkq, gate, dt) = Project(u);

        // Taps and states hear earlier tokens: here each sequence is by itself.
        if (packing is not null) (vkq, dt) = (packing.Unpack(vkq), packing.Unpack(dt));
        using (var inputs = vkq) vkq = Activate(inputs, mask, state);
        long keys = (long)_plan.KvHeads * _plan.HeadDim, width = (long)_plan.Heads * _plan.HeadDim;
        // Gradients of parts that were split at once are put together at once.
        var parts = vkq.split([keys, keys, width], -1);
        var v = Heads(parts[0], _plan.KvHeads);
        var k = Normed(Heads(parts[1], _plan.KvHeads), _keyNormWeight, _keyNormBias);
        var q = Normed(Heads(parts[2], _plan.Heads), _queryNormWeight, _queryNormBias);
        dt = dt.to(ScalarType.Float32).Plus(_dtBias.to(ScalarType.Float32)).Softplus();
        if (mask is not null) dt = dt * mask.unsqueeze(-1).to(ScalarType.Float32);
        var a = _decay is null ? full(_plan.Heads, HeldNumber.Of(-1.0), ScalarType.Float32, u.device) : _decay.to(ScalarType.Float32).exp().neg();

        var y = Scan(v, k, q, dt, a, state);
        if (_skip is not null)
            using (var skipped = SsdScan.Skip(v, _skip.to(ScalarType.Float32))) y = InPlace.Add(y, skipped);
        foreach (var used in (Tensor[])[v, k, q, vkq, .. parts]) used.Dispose();
        if (packing is not null) y = packing.Pack(y);
        if (_gateNorm is not null)
            using (var raw = y) y = InPlace.Multiply(Aten.RmsNorm(raw, _plan.NormEps), _gateNorm.to(ScalarType.Float32));
        if (gate is not null)
            using (var own = gate.to(ScalarType.Float32, copy: !is_grad_enabled()))
            using (var open = InPlace.Silu(own).view(batch, length, _plan.Heads, _plan.HeadDim)) y = InPlace.Multiply(y, open);
        return y.to(u.dtype).reshape(batch, length, width).MoveToOuterDisposeScope();
    }

    // Value, key and query are often frozen together while the others are trained: two products, so that autograd leaves out a whole one.
    (Tensor Vkq, Tensor? Gate, Tensor Dt) Project(Tensor u)
    {
        if (u.shape[1] == 1 && !is_grad_enabled())
            return (
                cat([Product(u, _value), Product(u, _key), Product(u, _query)], -1),
                _gate is null ? null : Product(u, _gate),
                Product(u, _dt));
        var vkq = Product(u, cat([_value, _key, _query], 0));
        if (_gate is null) return (vkq, null, Product(u, _dt));
        var both = Product(u, cat([_gate, _dt], 0)).split([(long)_plan.Heads * _plan.HeadDim, _plan.Heads], -1);
        return (vkq, both[0], both[1]);
    }

    static Tensor Product(Tensor u, Tensor weight) => Work.Linear("mamba2.projections", u, weight);

    Tensor Activate(Tensor vkq, Tensor? mask, Mamba2State? state)
    {
        if (_convWeight is null) return nn.functional.silu(vkq);
        using var scope = NewDisposeScope();
        var (y, extended) = CausalConvolution.Run(vkq, _convWeight, _convBias!, state?.Conv.transpose(1, 2));
        if (state is not null && _plan.Conv > 1) state.Conv.copy_(Last(extended, _plan.Conv - 1, vkq.shape[1], mask).transpose(1, 2));
        return y.MoveToOuterDisposeScope();
    }

    // The inputs of the last real tokens (B, count, C), from those of history and pass (B, count + T, C).
    static Tensor Last(Tensor extended, long count, long length, Tensor? mask)
    {
        if (mask is null) return extended.narrow(1, length, count);
        var first = mask.sum(1, type: ScalarType.Int64);
        var rows = first.unsqueeze(-1).Plus(HeldNumber.Range(0, count, extended.device));
        return extended.gather(1, rows.unsqueeze(-1).expand(-1, -1, extended.shape[2]));
    }

    Tensor Scan(Tensor v, Tensor k, Tensor q, Tensor dt, Tensor a, Mamba2State? state)
    {
        if (state is null) return SsdScan.Run(v, k, q, dt, a, _plan.Chunk).Y;
        return state.Change(ssm =>
        {
            if (v.shape[1] == 1) return SsdStep.Run(ssm, Single(v), Single(k), Single(q), dt.squeeze(1), a).unsqueeze(1);
            var (y, final) = SsdScan.Run(v, k, q, dt, a, _plan.Chunk, ssm, wantFinal: true);
            ssm.copy_(final!);
            return y;
        });
    }

    // The one token's, in the type that the state is computed in.
    static Tensor Single(Tensor heads) => heads.squeeze(1).to(ScalarType.Float32);

    Tensor Heads(Tensor channels, int count) => channels.unflatten(2, count, _plan.HeadDim);

    Tensor Normed(Tensor heads, Parameter? weight, Parameter? bias) =>
        weight is null ? heads : nn.functional.layer_norm(heads, [_plan.HeadDim], weight.to(heads.dtype), bias!.to(heads.dtype), _plan.NormEps);
}
