using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>What an ablation family means: its members as whole models, and the stage runs that train all of them.</summary>
/// <param name="File">The spec's file name, without folders.</param>
/// <param name="Of">The model that every member is a variant of.</param>
/// <param name="Axes">What is varied, in order.</param>
/// <param name="Members">The product of the axes, the first one slowest, then the variants.</param>
/// <param name="Control">The member that equals the base, so that its run is the base's; null where none is named.</param>
/// <param name="References">Models that are shown beside the members.</param>
/// <param name="Reported">What a paper reports of members and references; null where nothing is named.</param>
public sealed record ResolvedFamily(
    string Name,
    string Summary,
    string File,
    ResolvedModel Of,
    EquatableArray<AxisSpec> Axes,
    EquatableArray<ResolvedMember> Members,
    string? Control,
    EquatableArray<ResolvedModel> References,
    ReportedTable? Reported)
{
    /// <summary>
    /// The runs of stages that all members together need, in the order in which members need them. Members share a run where it
    /// begins from the same and trains the same: placements share the first two stages.
    /// </summary>
    public EquatableArray<StageRun> StageRuns
    {
        get
        {
            var needed = new List<(StageKind Kind, string Identity, string? After, string Member)>();
            foreach (var member in Members)
            {
                var stages = member.Identity.Stages;
                for (var i = 0; i < stages.Count; i++)
                    needed.Add((member.Model.Distillation!.Run[i], stages[i], i == 0 ? null : stages[i - 1], member.Name));
            }
            return [.. needed.GroupBy(run => run.Identity, StringComparer.Ordinal)
                .Select(run => new StageRun(run.First().Kind, run.Key, run.First().After, [.. run.Select(one => one.Member)]))];
        }
    }
}

/// <param name="Name">Its name in the family; <see cref="ResolvedModel.Name"/> is <c>Family.Member</c>.</param>
/// <param name="Values">Its value on each axis; none for a variant.</param>
/// <param name="Identity">What it is and how it is trained, as digests.</param>
public sealed record ResolvedMember(string Name, EquatableArray<string> Values, ResolvedModel Model, ModelIdentity Identity);

/// <summary>One run of a stage, and the members that go on from it.</summary>
/// <param name="Identity">What it begins from and how it trains.</param>
/// <param name="After">The run that it begins from; null where it begins from the seeded student.</param>
/// <param name="Members">Names of the members, in order.</param>
public sealed record StageRun(StageKind Kind, string Identity, string? After, EquatableArray<string> Members);
