namespace MmMamba.Runtime.Plans;

/// <summary>A row in the table of an ablation family: a model, and what a paper reports of it.</summary>
public abstract class FamilyRow
{
    readonly Lazy<ModelPlan> _plan;

    private protected FamilyRow(string name, Func<ModelPlan> plan, PlanList<ReportedFigure> reported) =>
        (Name, _plan, Reported) = (name, new(plan), reported);

    /// <summary>Its name in the table.</summary>
    public string Name { get; }

    /// <summary>What the engine runs.</summary>
    public ModelPlan Plan => _plan.Value;

    /// <summary>What a paper reports of it, shown beside what is measured; none where the paper has no such row.</summary>
    public PlanList<ReportedFigure> Reported { get; }

    /// <inheritdoc/>
    public override string ToString() => Name;
}

/// <summary>A member of an ablation family: a value of the registry that is generated for the family.</summary>
public abstract class FamilyMember : FamilyRow
{
    /// <param name="name">Its name in the family.</param>
    /// <param name="values">Its value on each axis; none for a variant.</param>
    /// <param name="plan">Makes its plan when that is first asked for.</param>
    /// <param name="reported">What a paper reports of it.</param>
    protected FamilyMember(string name, PlanList<string> values, Func<ModelPlan> plan, PlanList<ReportedFigure> reported) : base(name, plan, reported) =>
        Values = values;

    /// <summary>Its value on each of the family's axes; none for a variant.</summary>
    public PlanList<string> Values { get; }
}

/// <summary>A model that is no member of a family, and is shown beside its members.</summary>
/// <param name="name">The model.</param>
/// <param name="plan">Its plan.</param>
/// <param name="reported">What a paper reports of it.</param>
public sealed class FamilyReference(string name, Func<ModelPlan> plan, PlanList<ReportedFigure> reported) : FamilyRow(name, plan, reported);

/// <param name="Metric">What was measured, as the paper calls it.</param>
/// <param name="Value">The paper's figure.</param>
public sealed record ReportedFigure(string Metric, double Value);
