using System.Globalization;
using System.Text;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Review;

/// <summary>
/// Facts as the last part of a text, one a line, <c>path = value</c>; layers of which the same is so stand on one line:
/// <c>decoder[0, 4..6].mixer = attention</c>. What is written is read back, so that an approved sheet can be compared by meaning.
/// </summary>
public static class FactsText
{
    const string Heading = "\nfacts\n", Indent = "  ", Equal = " = ";

    // More than a model's layers: a text that claims more is none of ours.
    const int MostLayers = 2048;

    /// <summary>The part, with its heading.</summary>
    public static string Render(ModelFacts facts) => Heading + Lines(facts);

    /// <summary>The lines alone.</summary>
    internal static string Lines(ModelFacts facts)
    {
        var text = new StringBuilder();
        foreach (var fact in facts.All.Where(fact => fact.Layer is null)) text.Append($"{Indent}{fact.Path}{Equal}{fact.Value}\n");
        var alike = facts.All.Where(fact => fact.Layer is not null).GroupBy(fact => (fact.Layer!.Value.Tower, fact.Path, fact.Value));
        foreach (var group in alike)
            text.Append($"{Indent}{group.Key.Tower}[{Figures.Indices([.. group.Select(fact => fact.Layer!.Value.Index)])}].{group.Key.Path}{Equal}{group.Key.Value}\n");
        return text.ToString();
    }

    /// <summary>The facts at the end of a text; null where it has none, or they are not as written.</summary>
    public static ModelFacts? Parse(string text)
    {
        var start = text.LastIndexOf(Heading, StringComparison.Ordinal);
        return start < 0 ? null : Read(text.Substring(start + Heading.Length).Split('\n').Where(line => line.Length > 0));
    }

    /// <summary>The facts of lines; null where one is not as written.</summary>
    internal static ModelFacts? Read(IEnumerable<string> lines)
    {
        var facts = new List<Fact>();
        foreach (var line in lines)
            if (!Read(line, facts)) return null;
        return new(new EquatableArray<Fact>(facts));
    }

    static bool Read(string line, List<Fact> facts)
    {
        var equal = line.IndexOf(Equal, StringComparison.Ordinal);
        if (equal < Indent.Length || !line.StartsWith(Indent, StringComparison.Ordinal)) return false;
        var (key, value) = (line.Substring(Indent.Length, equal - Indent.Length), line.Substring(equal + Equal.Length));
        if (key.IndexOf('[') is var open && open < 0)
        {
            facts.Add(new(key, null, value));
            return true;
        }
        var close = key.IndexOf("].", open, StringComparison.Ordinal);
        if (close < 0) return false;
        foreach (var run in key.Substring(open + 1, close - open - 1).Split(','))
        {
            if (Run(run.Trim()) is not { } indices || facts.Count > 100 * MostLayers) return false;
            foreach (var index in indices) facts.Add(new(key.Substring(close + 2), new(key.Substring(0, open), index), value));
        }
        return true;
    }

    static IEnumerable<int>? Run(string run)
    {
        var dots = run.IndexOf("..", StringComparison.Ordinal);
        var (first, last) = dots < 0 ? (run, run) : (run.Substring(0, dots), run.Substring(dots + 2));
        return Index(first) is { } from && Index(last) is { } to && from <= to ? Enumerable.Range(from, to - from + 1) : null;
    }

    static int? Index(string digits) =>
        digits.Length is > 0 and < 5 && digits.All(digit => digit is >= '0' and <= '9') && int.Parse(digits, CultureInfo.InvariantCulture) is var index and < MostLayers
            ? index : null;
}
