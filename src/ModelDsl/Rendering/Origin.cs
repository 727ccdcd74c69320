using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>What decided a value.</summary>
/// <param name="Keys">The keys that wrote it: several where a phrase is patched, or where layers that have it in common have it from several.</param>
/// <param name="IsDefault">Whether it is a default of the edition; beside keys, where layers have it in common.</param>
/// <param name="InsteadOf">What wrote another value next: in a base, in the tower of an overridden layer, in the model that a tower is of.</param>
/// <param name="TakenAwayBy">The removals, or other cases of a choice, that left a default where something wrote a value.</param>
sealed record Origin(EquatableArray<ScalarNode> Keys, bool IsDefault, EquatableArray<ScalarNode> InsteadOf, EquatableArray<ScalarNode> TakenAwayBy)
{
    /// <summary>The origin of a value that several have in common.</summary>
    public static Origin Of(IEnumerable<Origin> common)
    {
        var all = common.ToList();
        return new(
            [.. all.SelectMany(one => one.Keys).Distinct()], all.Any(one => one.IsDefault),
            [.. all.SelectMany(one => one.InsteadOf).Distinct()], [.. all.SelectMany(one => one.TakenAwayBy).Distinct()]);
    }
}
