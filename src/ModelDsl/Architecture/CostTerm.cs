namespace MmMamba.ModelDsl.Architecture;

/// <summary>What a cost is a number of.</summary>
public enum CostQuantity
{
    /// <summary>Floating-point operations of a pass, 2 a multiply-add.</summary>
    Flops,
    /// <summary>Bytes that a pass of one token reads.</summary>
    BytesRead,
    /// <summary>Bytes that are held.</summary>
    BytesHeld,
}

/// <summary>One line of a cost: a coefficient, which the model decides, times a unit, which the pass decides.</summary>
public sealed class CostTerm
{
    readonly Func<ResolvedModel, ResolvedLayer?, decimal> _coefficient;

    internal CostTerm(
        CostQuantity quantity, string name, string where, CostUnit unit, string formula, string meaning, bool float32,
        Func<ResolvedModel, ResolvedLayer?, decimal> coefficient)
    {
        (Quantity, Name, Where, Unit, Formula, Meaning, Float32) = (quantity, name, where, unit, formula, meaning, float32);
        _coefficient = coefficient;
    }

    /// <summary>What it is a number of.</summary>
    public CostQuantity Quantity { get; }

    /// <summary>Its name, which the engine gives to the same work.</summary>
    public string Name { get; }

    /// <summary>Whose it is: the model's, or that of layers of a kind.</summary>
    public string Where { get; }

    /// <summary>What it grows with.</summary>
    public CostUnit Unit { get; }

    /// <summary>The coefficient as text.</summary>
    public string Formula { get; }

    /// <summary>What is computed, read or held.</summary>
    public string Meaning { get; }

    /// <summary>Whether its elements are those of states: float32 whatever the weights are, unless a pass holds them otherwise.</summary>
    public bool Float32 { get; }

    /// <summary>What one of the unit costs: operations, or elements.</summary>
    /// <param name="layer">A layer; null asks for what is the model's and no layer's.</param>
    public decimal Coefficient(ResolvedModel model, ResolvedLayer? layer) => _coefficient(model, layer);

    /// <summary>What the coefficient is multiplied with in a pass to give operations or bytes.</summary>
    public decimal Scale(ResolvedLayer? layer, Pass pass) =>
        Unit.Of(pass, layer) * (Quantity == CostQuantity.Flops ? 1 : Float32 ? pass.StateElementBytes : pass.ElementBytes);
}

/// <summary>A term of a pass, in numbers.</summary>
/// <param name="Term">Which.</param>
/// <param name="Total">Its operations or bytes over the model.</param>
/// <param name="Layers">What each layer adds, by index; what is left of the total is no layer's.</param>
public sealed record CostLine(CostTerm Term, decimal Total, Specs.EquatableArray<decimal> Layers);
