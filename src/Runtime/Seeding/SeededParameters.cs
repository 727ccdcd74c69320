using MmMamba.Runtime.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Seeding;

/// <summary>
/// A student at its beginning: each tensor copied or sliced from the teacher, or drawn by seed and name (paper, section 3.2 and Table 4).
/// The student shares no memory with the teacher.
/// </summary>
public sealed class SeededParameters : ParameterSource
{
    readonly string _teacher;
    readonly Func<string, Tensor?> _ofTeacher;
    readonly ulong _seed;

    /// <param name="teacher">The model that the plan's origins name.</param>
    /// <param name="seed">Any number; the same seed gives the same student.</param>
    /// <param name="device">Where the parameters live; null is the teacher's device.</param>
    /// <param name="dtype">Their type; null is the teacher's.</param>
    public SeededParameters(VisionLanguageModel teacher, ulong seed, Device? device = null, ScalarType? dtype = null)
        : base(device ?? teacher.Device, dtype ?? teacher.Dtype) =>
        (_teacher, _ofTeacher, _seed) = (teacher.Plan.Name, name => teacher.Tensors.GetValueOrDefault(name), seed);

    /// <summary>A student of a teacher that has learned nothing: the teacher's tensors are drawn by the same seed as they are needed, and not kept.</summary>
    /// <param name="teacher">The plan of the model that the plan's origins name.</param>
    /// <param name="seed">Any number; the same seed gives the same student.</param>
    /// <param name="device">Where the parameters live; null is the CPU.</param>
    /// <param name="dtype">Their type.</param>
    public SeededParameters(ModelPlan teacher, ulong seed, Device? device = null, ScalarType dtype = ScalarType.Float32) : base(device, dtype)
    {
        var tensors = teacher.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        (_teacher, _ofTeacher, _seed) = (teacher.Name, Draw, seed);

        Tensor? Draw(string name) => tensors.TryGetValue(name, out var tensor) && tensor.Origin is Drawn origin
            ? SeededDraw.Values(origin, seed, name, tensor.Shape)
            : null;
    }

    /// <inheritdoc/>
    public override Parameter Take(TensorPlan tensor)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        return tensor.Origin switch
        {
            Copied origin => Own(Fitting(tensor, origin.From, OfTeacher(tensor, origin.From)).clone()),
            Sliced origin => Own(Fitting(tensor, origin.From, Slice(tensor, origin))),
            Drawn origin => Own(SeededDraw.Values(origin, _seed, tensor.Name, tensor.Shape)),
            _ => throw new InputException($"Tensor '{tensor.Name}' has an origin of an unknown kind."),
        };
    }

    Tensor Slice(TensorPlan tensor, Sliced origin)
    {
        var from = OfTeacher(tensor, origin.From);
        if (from.shape[0] % origin.Stride != 0 || origin.First + origin.Rows > origin.Stride)
            throw new InputException(
                $"Tensor '{tensor.Name}' takes rows {origin.First} to {origin.First + origin.Rows - 1} of every {origin.Stride} of the teacher's '{origin.From}', which has {from.shape[0]} rows. The teacher is another model than the plan's.");
        return from.reshape([from.shape[0] / origin.Stride, origin.Stride, .. from.shape[1..]])
            .narrow(1, origin.First, origin.Rows).flatten(0, 1).clone();
    }

    Tensor OfTeacher(TensorPlan tensor, string from) => _ofTeacher(from)
        ?? throw new InputException($"Tensor '{tensor.Name}' comes from '{from}', which the teacher {_teacher} does not have. Give the teacher that the plan names.");

    static Tensor Fitting(TensorPlan tensor, string from, Tensor values) => values.shape.AsSpan().SequenceEqual(tensor.Shape.AsSpan())
        ? values
        : throw new InputException(
            $"Tensor '{tensor.Name}' is {string.Join('x', tensor.Shape)} and comes from the teacher's '{from}', which gives {string.Join('x', values.shape)}. Give the teacher that the plan names.");
}
