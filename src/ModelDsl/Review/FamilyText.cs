using System.Text;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Rendering;

namespace MmMamba.ModelDsl.Review;

/// <summary>
/// All that is approved of an ablation family, as one text: its sheet, then facts, from which the difference to a later text is told
/// by meaning. The base has all of its facts, and a member those in which it differs: that is what makes it a member.
/// </summary>
public static class FamilyText
{
    const string Table = "\nfacts of the family\n", Facts = "facts of ", Differing = ", where they differ";

    /// <summary>The text; lines end in <c>\n</c>.</summary>
    /// <param name="family">The family.</param>
    /// <param name="teacherOf">The teacher of the base or of a member; null for one that has none.</param>
    /// <exception cref="ArgumentException">A teacher is missing, superfluous, or another than the model names.</exception>
    public static string Render(ResolvedFamily family, Func<ResolvedModel, ResolvedModel?> teacherOf)
    {
        var facts = FamilyFacts.From(family, teacherOf);
        var text = new StringBuilder(FamilySheet.Render(family)).Append(Table).Append(FactsText.Lines(facts.Family));
        text.Append($"\n{Facts}{family.Of.Name}\n").Append(FactsText.Lines(facts.Of));
        foreach (var member in facts.Members)
            text.Append($"\n{Facts}{member.Name}{Differing}\n").Append(FactsText.Lines(MemberFacts.Beside(facts.Of, member.Facts)));
        return text.ToString();
    }

    /// <summary>The difference in meaning between two texts, by member; null where one is no family's, or the facts are the same.</summary>
    public static string? Difference(string before, string after)
    {
        if (Parse(before) is not { } left || Parse(after) is not { } right) return null;
        var diff = FamilyDiff.Of(left, right);
        return diff.IsEmpty ? null : FamilyDiffView.Text(diff, $"{left.Family.Find("ablation")} as approved", $"{right.Family.Find("ablation")} as received");
    }

    static FamilyFacts? Parse(string text)
    {
        var start = text.LastIndexOf(Table, StringComparison.Ordinal);
        if (start < 0) return null;
        var parts = new List<(string Name, List<string> Lines)> { ("", []) };
        foreach (var line in text.Substring(start + Table.Length).Split('\n').Where(line => line.Length > 0))
            if (line.StartsWith(Facts, StringComparison.Ordinal)) parts.Add((line.Substring(Facts.Length), []));
            else parts[parts.Count - 1].Lines.Add(line);
        if (parts.Count < 2 || FactsText.Read(parts[0].Lines) is not { } family || FactsText.Read(parts[1].Lines) is not { } of) return null;
        var members = new List<MemberFacts>();
        foreach (var (name, lines) in parts.Skip(2))
        {
            if (!name.EndsWith(Differing, StringComparison.Ordinal) || FactsText.Read(lines) is not { } beside) return null;
            members.Add(new(name.Substring(0, name.Length - Differing.Length), MemberFacts.Over(of, beside)));
        }
        return new(family, of, new(members));
    }
}
