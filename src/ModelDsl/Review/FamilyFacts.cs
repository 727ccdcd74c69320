using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Review;

/// <summary>An ablation family as lists of facts.</summary>
/// <param name="Family">What is so of the family: axes, control, references, reported figures.</param>
/// <param name="Of">What is so of the model that every member is a variant of.</param>
/// <param name="Members">What is so of each member, in the order of the table.</param>
public sealed record FamilyFacts(ModelFacts Family, ModelFacts Of, EquatableArray<MemberFacts> Members)
{
    /// <summary>The facts of a family.</summary>
    /// <param name="family">The family.</param>
    /// <param name="teacherOf">The teacher of the base or of a member; null for one that has none.</param>
    /// <exception cref="ArgumentException">A teacher is missing, superfluous, or another than the model names.</exception>
    public static FamilyFacts From(ResolvedFamily family, Func<ResolvedModel, ResolvedModel?> teacherOf) => new(
        Table(family), ModelFacts.Of(family.Of, teacherOf(family.Of)),
        [.. family.Members.Select(member => new MemberFacts(member.Name, ModelFacts.Of(member.Model, teacherOf(member.Model))))]);

    static ModelFacts Table(ResolvedFamily family)
    {
        var facts = new List<Fact>();
        void Is(string path, string? value)
        {
            if (value is not null) facts.Add(new(path, null, value));
        }
        Is("ablation", family.Name);
        Is("summary", JsonText.String(family.Summary));
        Is("file", JsonText.String(family.File));
        Is("of", family.Of.Name);
        // A value may be any text.
        foreach (var axis in family.Axes) Is("axes." + axis.Name, $"{axis.Set}: {string.Join(", ", axis.Values.Select(JsonText.String))}");
        Is("members", string.Join(" ", family.Members.Select(member => member.Name)));
        Is("control", family.Control);
        Is("reference", family.References.Count == 0 ? null : string.Join(" ", family.References.Select(reference => reference.Name)));
        if (family.Reported is not { } reported) return new(new EquatableArray<Fact>(facts));
        Is("reported", JsonText.String(reported.Source));
        foreach (var row in reported.Rows)
            Is("reported." + row.Name, string.Join(", ", reported.Metrics.Zip(row.Figures, (metric, figure) => $"{metric} {(figure is { } value ? CanonicalNumber.Of(value) : ".nan")}")));
        return new(new EquatableArray<Fact>(facts));
    }
}

/// <param name="Name">Its name in the family.</param>
/// <param name="Facts">All that is so of it as a model.</param>
public sealed record MemberFacts(string Name, ModelFacts Facts)
{
    // As in a spec: what is taken away. No fact has this value.
    const string None = "~";

    /// <summary>The facts that differ from others; one that is not so here stands as <c>~</c>.</summary>
    internal static ModelFacts Beside(ModelFacts low, ModelFacts own)
    {
        var (lower, upper) = (ByKey(low), ByKey(own));
        return new([
            .. own.All.Where(fact => !lower.TryGetValue(Key(fact), out var value) || value != fact.Value),
            .. low.All.Where(fact => !upper.ContainsKey(Key(fact))).Select(fact => fact with { Value = None })]);
    }

    /// <summary>The facts that <see cref="Beside"/> came from.</summary>
    internal static ModelFacts Over(ModelFacts low, ModelFacts beside)
    {
        var (lower, upper) = (ByKey(low), ByKey(beside));
        return new([.. low.All.Select(fact => upper.TryGetValue(Key(fact), out var value) ? fact with { Value = value } : fact)
            .Concat(beside.All.Where(fact => !lower.ContainsKey(Key(fact)))).Where(fact => fact.Value != None)]);
    }

    static (string, LayerPlace?) Key(Fact fact) => (fact.Path, fact.Layer);

    static Dictionary<(string, LayerPlace?), string> ByKey(ModelFacts facts)
    {
        var values = new Dictionary<(string, LayerPlace?), string>();
        foreach (var fact in facts.All) values[Key(fact)] = fact.Value;
        return values;
    }
}
