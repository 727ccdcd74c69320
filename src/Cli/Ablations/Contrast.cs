using System.Globalization;
using MmMamba.Runtime;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Ablations;

/// <summary>A question that a family was made to answer: a weighted sum of a figure over members whose weights add up to 0.</summary>
/// <param name="Name">What is compared, in a few words.</param>
/// <param name="Terms">Weighted sums of which it is the mean, such as the pairs of members that differ in one thing.</param>
/// <param name="Gain">Compares how much more is gained in recall than in recognition, instead of how much is gained.</param>
sealed record Contrast(string Name, IReadOnlyList<IReadOnlyList<Weighted>> Terms, bool Gain = false)
{
    /// <summary>The value of a figure that is known of members; terms with a member that it is not known of are left out, and without any term there is none.</summary>
    public double? Of(Func<string, double?> figure)
    {
        double[] values =
        [
            .. Terms.Select(term => term.Select(member => member.Weight * figure(member.Member)).Aggregate((double?)0, (sum, part) => sum + part)).OfType<double>().Where(double.IsFinite),
        ];
        return values.Length == 0 ? null : values.Average();
    }

    /// <summary>The members that it compares.</summary>
    public IEnumerable<string> Members => Terms.SelectMany(term => term).Select(member => member.Member).Distinct();
}

/// <param name="Member">A member of the family.</param>
/// <param name="Weight">Its weight.</param>
readonly record struct Weighted(string Member, double Weight);

/// <summary>The contrasts that a family's structure calls for, before anything is run.</summary>
static class Contrasts
{
    /// <summary>
    /// Of variants that differ in the stages that they run: what each stage brings, over all pairs of members that differ in that stage alone. Of an axis of
    /// numbers: the slope; of another axis: the step from each value to the next, over all values of the other axes.
    /// </summary>
    public static IReadOnlyList<Contrast> Of(AblationFamily family) => [.. OfStages(family), .. Enumerable.Range(0, family.Axes.Count).SelectMany(axis => OfAxis(family, axis))];

    static IEnumerable<Contrast> OfStages(AblationFamily family)
    {
        var variants = family.Members.Where(member => member.Values.Count == 0).ToArray();
        foreach (var stage in Enum.GetValues<StageKind>().Select(kind => kind.NameOf()))
        {
            Weighted[][] pairs =
            [
                .. from without in variants
                   from with in variants
                   where with.WithAllStages == without.WithAllStages && with.Stages.Contains(stage) && with.Stages.Where(other => other != stage).SequenceEqual(without.Stages)
                   select Step(without, with),
            ];
            if (pairs.Length > 1) yield return new($"{stage}: with it less without, mean over {pairs.Length} pairs", pairs);
            foreach (var pair in pairs) yield return new($"{stage}: {pair[0].Member} to {pair[1].Member}", [pair]);
        }
    }

    static IEnumerable<Contrast> OfAxis(AblationFamily family, int axis)
    {
        var (name, values) = (family.Axes[axis].Name, family.Axes[axis].Values);
        // Members that are alike on all other axes, in the order of the values of this one.
        AblationMember[][] rows =
        [
            .. family.Members.Where(member => member.Values.Count > 0)
                .GroupBy(member => string.Join('\n', member.Values.Where((_, other) => other != axis)), StringComparer.Ordinal)
                .Select(row => row.OrderBy(member => values.Index().First(value => value.Item == member.Values[axis]).Index).ToArray()),
        ];
        var others = family.Axes.Where((_, other) => other != axis).Select(other => other.Name).ToArray();
        var over = others.Length == 0 ? "" : $", mean over {string.Join(" and ", others)}";
        if (values.Count > 1 && values.All(value => Number(value) is not null))
        {
            Weighted[][] slopes = [.. rows.Select(row => Slope(row, axis))];
            yield return new($"{name}: slope{over}", slopes);
            if (rows.All(row => row.All(member => Number(member.Values[axis]) == member.AttentionLayers)))
                yield return new($"{name}: slope of recall less slope of recognition{over}", slopes, Gain: true);
            yield break;
        }
        for (var i = 0; i + 1 < values.Count; i++)
            yield return new($"{name}: {values[i]} to {values[i + 1]}{over}", [.. rows.Select(row => Step(row[i], row[i + 1]))]);
    }

    /// <summary>
    /// Contrasts that somebody asked for later, a line each: a family, then a pair of its members or several, of which the mean is taken, as
    /// <c>Family: A to B, C to D</c>.
    /// </summary>
    /// <param name="lines">The lines; empty ones say nothing.</param>
    /// <param name="families">The families of the run.</param>
    /// <param name="source">Where the lines stand.</param>
    /// <exception cref="InputException">A line is none, or names what is not there.</exception>
    public static ILookup<string, Contrast> Further(IEnumerable<string> lines, IReadOnlyList<AblationFamily> families, string source) =>
        lines.Index().Where(line => line.Item.Trim().Length > 0).Select(line => Read(line.Item, families, $"{source}:{line.Index + 1}")).ToLookup(one => one.Family, one => one.Contrast);

    static (string Family, Contrast Contrast) Read(string line, IReadOnlyList<AblationFamily> families, string at)
    {
        var parts = line.Split(':', StringSplitOptions.TrimEntries);
        if (parts.Length != 2) throw new InputException($"{at}: is no contrast; write one as 'Family: A to B', or 'Family: A to B, C to D' for the mean of pairs.");
        var family = families.FirstOrDefault(one => one.Name == parts[0])
            ?? throw new InputException($"{at}: the run has no family '{parts[0]}'; it has {string.Join(", ", families.Select(one => one.Name))}.");
        var pairs = parts[1].Split(',', StringSplitOptions.TrimEntries).Select(pair => pair.Split(" to ", StringSplitOptions.TrimEntries)).ToArray();
        if (pairs.FirstOrDefault(pair => pair.Length != 2) is { } odd) throw new InputException($"{at}: '{string.Join(" to ", odd)}' is no pair of members; write it as 'A to B'.");
        var name = string.Join(", ", pairs.Select(pair => $"{pair[0]} to {pair[1]}"));
        return (family.Name, new(pairs.Length == 1 ? name : $"mean over {pairs.Length} pairs: {name}", [.. pairs.Select(pair => Step(Member(pair[0]), Member(pair[1])))]));

        AblationMember Member(string name) => family.Members.FirstOrDefault(member => member.Name == name)
            ?? throw new InputException($"{at}: {family.Name} has no member '{name}'; it has {string.Join(", ", family.Members.Select(member => member.Name))}.");
    }

    static Weighted[] Step(AblationMember from, AblationMember to) => [new(from.Name, -1), new(to.Name, 1)];

    // Least squares.
    static Weighted[] Slope(AblationMember[] row, int axis)
    {
        double[] numbers = [.. row.Select(member => Number(member.Values[axis])!.Value)];
        var mean = numbers.Average();
        var square = numbers.Sum(number => (number - mean) * (number - mean));
        return [.. row.Zip(numbers, (member, number) => new Weighted(member.Name, (number - mean) / square))];
    }

    static double? Number(string value) => double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) ? number : null;
}
