namespace MmMamba.Runtime.Plans;

/// <summary>An ablation family whose registry was generated from a spec: generic code gets its members from the type alone.</summary>
/// <typeparam name="TSelf">The generated registry, whose values are the members.</typeparam>
public interface IModelFamily<TSelf>
    where TSelf : FamilyMember, IModelFamily<TSelf>
{
    /// <summary>The model that every member is a variant of.</summary>
    static abstract ModelPlan Of { get; }

    /// <summary>Names of what is varied, in order.</summary>
    static abstract PlanList<string> Axes { get; }

    /// <summary>Every member, in the order of the table.</summary>
    static abstract IReadOnlyList<TSelf> All { get; }

    /// <summary>The member that equals <see cref="Of"/>, so that its run is the base's; null where none is named.</summary>
    static abstract TSelf? Control { get; }

    /// <summary>Models that are shown beside the members.</summary>
    static abstract IReadOnlyList<FamilyReference> References { get; }

    /// <summary>Where the reported figures are published; null where there are none.</summary>
    static abstract string? ReportedIn { get; }
}
