namespace MmMamba.Runtime.Plans;

/// <summary>A tensor that every layer of a kind has. In its name, and in the name that it comes from, <c>*</c> stands for the layer.</summary>
/// <param name="Name">Name in the unfused checkpoint, as <c>*.attention.wo.weight</c>.</param>
/// <param name="Shape">Extents.</param>
/// <param name="Group">What it is for.</param>
/// <param name="Origin">Where its first value comes from; null is the teacher's tensor of the same name.</param>
public sealed record TensorRow(string Name, PlanList<long> Shape, TensorGroup Group, TensorOrigin? Origin = null)
{
    /// <summary>A tensor that is in no layer.</summary>
    public static TensorPlan Outside(string name, PlanList<long> shape, TensorGroup group, TensorOrigin? origin = null) =>
        new(name, shape, group, Layer: -1, origin ?? new Copied(name));

    /// <summary>The tensor of one layer.</summary>
    /// <param name="layer">Index of the layer over the model.</param>
    /// <param name="place">What <c>*</c> stands for, as <c>language_model.model.layers.3</c>.</param>
    public TensorPlan At(int layer, string place) => new(Placed(Name, place), Shape, Group, layer, Origin switch
    {
        null => new Copied(Placed(Name, place)),
        Copied copied => copied with { From = Placed(copied.From, place) },
        Sliced sliced => sliced with { From = Placed(sliced.From, place) },
        _ => Origin,
    });

    static string Placed(string name, string place) => name.Replace("*", place, StringComparison.Ordinal);
}
