using MmMamba.Runtime.Native;
using MmMamba.Runtime.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Seeding;

/// <summary>
/// Gives a model its parameters: every one once, with its values, type and device settled. A model is never moved or cast
/// afterwards.
/// </summary>
public abstract class ParameterSource
{
    /// <param name="device">Where the parameters live; null is the CPU.</param>
    /// <param name="dtype">Their type: Float32, BFloat16 or Float16.</param>
    protected ParameterSource(Device? device = null, ScalarType dtype = ScalarType.Float32)
    {
        Libtorch.Ensure();
        Device = device ?? CPU;
        Dtype = dtype;
    }

    /// <summary>Where the parameters live.</summary>
    public Device Device { get; }

    /// <summary>The parameters' type.</summary>
    public ScalarType Dtype { get; }

    /// <summary>The parameter that a plan asks for: of its shape, without gradient. It belongs to the caller.</summary>
    /// <exception cref="InputException">The source cannot give it; the message names the tensor.</exception>
    public abstract Parameter Take(TensorPlan tensor);

    /// <summary>A tensor to be stored: of the type that it is stored in already, where there is one, and not of <see cref="Dtype"/>.</summary>
    internal virtual Tensor TakeAsStored(TensorPlan tensor) => Take(tensor);

    /// <summary>The type of <see cref="TakeAsStored"/>'s tensor.</summary>
    internal virtual ScalarType StoredType(TensorPlan tensor) => Dtype;

    /// <summary>Makes a parameter of values that nobody else uses.</summary>
    /// <param name="dtype">Its type; null is <see cref="Dtype"/>.</param>
    protected Parameter Own(Tensor values, ScalarType? dtype = null)
    {
        using var guard = no_grad();
        var type = dtype ?? Dtype;
        var placed = values.device == Device && values.dtype == type ? values : values.to(type, Device, disposeAfter: true);
        var parameter = new Parameter(placed, requires_grad: false);
        parameter.DetachFromDisposeScope();
        return parameter;
    }
}
