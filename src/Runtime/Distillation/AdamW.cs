using MmMamba.Runtime.Native;
using MmMamba.Runtime.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// AdamW (Loshchilov and Hutter, 2019) in libtorch's fused kernel. Tensors whose name holds "bias" are not decayed, as in the
/// authors' training. A tensor without a gradient is left alone and its step is not counted.
/// </summary>
/// <remarks>The moments outlive every dispose scope; <see cref="Dispose"/> frees them.</remarks>
public sealed class AdamW : IDisposable
{
    sealed record State(string Name, Parameter Parameter, double WeightDecay, Tensor First, Tensor Second, Tensor Steps);

    readonly AdamWPlan _plan;
    readonly State[] _states;
    // How many steps each tensor has taken, in one tensor, so that all are counted by one addition.
    readonly Tensor _steps;

    /// <param name="parameters">What is trained, all on one device.</param>
    /// <param name="plan">The constants.</param>
    public AdamW(IEnumerable<NamedParameter> parameters, AdamWPlan plan)
    {
        _plan = plan;
        using var noGrad = no_grad();
        NamedParameter[] all = [.. parameters];
        _steps = zeros([all.Length], ScalarType.Float32, all.Length == 0 ? CPU : all[0].Parameter.device).DetachFromDisposeScope();
        _states =
        [
            .. all.Select((named, i) => new State(
                named.Name,
                named.Parameter,
                IsDecayed(named.Name) ? plan.WeightDecay : 0,
                zeros_like(named.Parameter).DetachFromDisposeScope(),
                zeros_like(named.Parameter).DetachFromDisposeScope(),
                _steps.select(0, i).DetachFromDisposeScope())),
        ];
    }

    /// <summary>Whether weight decay applies to a tensor of that name.</summary>
    public static bool IsDecayed(string name) => !name.Contains("bias", StringComparison.Ordinal);

    /// <summary>What is trained.</summary>
    public IEnumerable<Parameter> Parameters => _states.Select(state => state.Parameter);

    /// <summary>All that a step changes: the trained tensors, both moments of each, and how many steps it has taken.</summary>
    internal IEnumerable<(string Name, Tensor Tensor)> Tensors => _states.SelectMany(state => new[]
    {
        ($"weight/{state.Name}", (Tensor)state.Parameter), ($"first/{state.Name}", state.First), ($"second/{state.Name}", state.Second), ($"steps/{state.Name}", state.Steps),
    });

    /// <summary>Memory of moments and counts of steps, in bytes.</summary>
    public long Bytes => _states.Sum(state => SizeOf(state.First) + SizeOf(state.Second) + SizeOf(state.Steps));

    static long SizeOf(Tensor tensor) => tensor.numel() * tensor.element_size();

    /// <summary>Moves every tensor that has a gradient.</summary>
    /// <param name="learningRate">The rate of this step.</param>
    public void Step(double learningRate)
    {
        using var noGrad = no_grad();
        using var scope = NewDisposeScope();
        (State State, Tensor Gradient)[] moved = [.. _states.Select(state => (state, state.Parameter.grad!)).Where(pair => pair.Item2 is not null)];
        if (moved.Length == _states.Length) _steps.Add(1);
        else foreach (var (state, _) in moved) state.Steps.Add(1);
        foreach (var group in moved.GroupBy(pair => pair.State.WeightDecay))
        {
            var pairs = group.ToArray();
            Aten.FusedAdamW(
                [.. pairs.Select(pair => (Tensor)pair.State.Parameter)],
                [.. pairs.Select(pair => pair.Gradient)],
                [.. pairs.Select(pair => pair.State.First)],
                [.. pairs.Select(pair => pair.State.Second)],
                [.. pairs.Select(pair => pair.State.Steps)],
                learningRate, _plan.Beta1, _plan.Beta2, group.Key, _plan.Eps);
        }
    }

    /// <summary>Drops all gradients.</summary>
    public void ClearGradients()
    {
        using var scope = NewDisposeScope();
        foreach (var state in _states) state.Parameter.grad = null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var state in _states)
        {
            state.First.Dispose();
            state.Second.Dispose();
            state.Steps.Dispose();
        }
        _steps.Dispose();
    }
}
