using System.Globalization;
using MmMamba.Cli.Jobs;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;
using static TorchSharp.torch;

namespace MmMamba.Cli.Verification;

/// <summary>What a plan says that its checkpoint holds.</summary>
static class Expected
{
    /// <summary>Tensors in each layout that the model has, and their numbers.</summary>
    public static string Tensors(ModelPlan? plan)
    {
        if (plan is null) return "the model's";
        var (unfused, released) = (Count(plan, CheckpointLayout.Unfused), Count(plan, CheckpointLayout.Released));
        var tensors = released is null || released == unfused ? $"{unfused}" : $"{released} released or {unfused} unfused";
        return string.Create(CultureInfo.InvariantCulture, $"{tensors} tensors, {plan.ParameterCount:#,0} parameters");
    }

    /// <summary>Bytes of the model in the type that it is stored in.</summary>
    public static string Bytes(ModelPlan? plan, Inspection? stored) => plan is not null && stored?.Types is [var type]
        ? string.Create(CultureInfo.InvariantCulture, $"{plan.ParameterCount * Size(type.Name):#,0} bytes, all of them readable")
        : "all bytes are readable";

    static int Size(string floating) => Dtypes.Parse(floating) switch { ScalarType.Float64 => 8, ScalarType.Float32 => 4, _ => 2 };

    /// <summary>What was found, in the same words.</summary>
    public static string Of(int tensors, long parameters, CheckpointLayout layout) =>
        string.Create(CultureInfo.InvariantCulture, $"{tensors} {RoundTrip.Word(layout)} tensors, {parameters:#,0} parameters");

    static int? Count(ModelPlan plan, CheckpointLayout layout)
    {
        try { return Layouts.Of(plan.Tensors, layout).Count; }
        catch (InputException) { return null; } // mixers that cannot be fused
    }
}
