using MmMamba.Runtime.Native;
using MmMamba.Runtime;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Cli.Benchmarks;

/// <summary>
/// Weights of a model that knows nothing, drawn on the device itself: a model of billions is there in seconds. They have the distributions that the plan begins
/// with, a teacher's where it takes them from there; the numbers are the device's own.
/// </summary>
/// <param name="plan">The model.</param>
/// <param name="teacher">The plan that its origins name; null where it has none.</param>
sealed class RandomParameters(ModelPlan plan, ModelPlan? teacher, Device device, ScalarType dtype) : ParameterSource(device, dtype)
{
    readonly Dictionary<string, TensorOrigin> _taught = teacher?.Tensors.ToDictionary(tensor => tensor.Name, tensor => tensor.Origin, StringComparer.Ordinal) ?? [];

    /// <inheritdoc/>
    public override Parameter Take(TensorPlan tensor)
    {
        using var guard = no_grad();
        var values = empty([.. tensor.Shape], Dtype, Device).DetachFromDisposeScope();
        using (NewDisposeScope()) Fill(values, DrawOf(tensor));
        // Text alone may not hold the image token, so this model never picks it: all its other logits are not 0.
        if (tensor.Group == TensorGroup.Head)
            using (var row = values[plan.Tokens.Image]) row.zero_();
        return Own(values);
    }

    Drawn DrawOf(TensorPlan tensor) => tensor.Origin switch
    {
        Drawn drawn => drawn,
        Copied { From: var from } => Taught(from),
        Sliced { From: var from } => Taught(from),
        _ => throw new InputException($"Tensor '{tensor.Name}' has an origin of an unknown kind."),
    };

    Drawn Taught(string from) => _taught.GetValueOrDefault(from) as Drawn
        ?? throw new InputException($"'{from}' is not drawn by the teacher, and can't be made up.");

    void Fill(Tensor values, Drawn drawn)
    {
        var (a, b) = (drawn.A, drawn.B);
        switch (drawn.Draw)
        {
            case Draw.Constant: values.fill_(HeldNumber.Of(a)); break;
            case Draw.Uniform: values.uniform_(a, b); break;
            case Draw.Normal: values.normal_(a, b); break;
            case Draw.LogOfUniform: values.copy_(Uniform(values, a, b).log_()); break;
            // y with log(1 + exp(y)) = x is log(exp(x) - 1).
            case Draw.InverseSoftplusOfLogUniform: values.copy_(Uniform(values, Math.Log(a), Math.Log(b)).exp_().expm1_().log_()); break;
            case Draw.LastTap:
                values.zero_();
                values.select(-1, values.shape[^1] - 1).fill_(HeldNumber.Of(1));
                break;
            default: throw new InputException($"an unknown draw, {drawn.Draw}.");
        }
    }

    Tensor Uniform(Tensor like, double low, double high) => empty(like.shape, ScalarType.Float32, Device).uniform_(low, high);
}
