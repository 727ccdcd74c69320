using MmMamba.ModelDsl.Architecture;

namespace MmMamba.Generators.Emit;

/// <summary>
/// Closed forms of costs that a setting of single layers decides, such as the chunk of a scan: what they add to the forms of the whole
/// model, and the methods that these summands call.
/// </summary>
abstract class CostForms
{
    /// <summary>All there are, in the order in which their methods follow.</summary>
    public static IReadOnlyList<CostForms> All { get; } = [new ScanForms(), new WindowForms()];

    /// <summary>Whether the model has such layers; the rest is asked for only then.</summary>
    public abstract bool IsIn(ResolvedModel model);

    /// <summary>Operations of <c>tokens</c> tokens into empty caches.</summary>
    public abstract string Prefill { get; }

    /// <summary>Operations of one token after <c>tokens</c> others that no constant has; null where there are none.</summary>
    public virtual string? Decode => null;

    /// <summary>Elements that caches hold of <c>tokens</c> tokens beyond those that each token adds; null where there are none.</summary>
    public virtual string? KvElements => null;

    /// <summary>Writes the methods.</summary>
    public abstract void Emit(CodeWriter w, ResolvedModel model, Costs costs);
}
