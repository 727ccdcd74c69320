namespace MmMamba.Cli.Verification;

/// <summary>A finding of two cards.</summary>
/// <param name="Check">The check that it is of.</param>
/// <param name="Name">What it is.</param>
/// <param name="Here">What this card says.</param>
/// <param name="There">What the other one says.</param>
/// <param name="Verdict">Whether they agree.</param>
/// <param name="Note">What is to be said about it; null is nothing.</param>
sealed record ComparedFinding(string Check, string Name, string Here, string There, Verdict Verdict, string? Note);

/// <summary>A card held against another one's.</summary>
/// <param name="Card">The other card's file, without its path.</param>
/// <param name="Of">What it says that it is of, and when.</param>
/// <param name="Tolerance">How far numbers may be apart, as a share of the greatest: that of the coarser type.</param>
/// <param name="Findings">Every finding of either card.</param>
sealed record CardComparison(string Card, string Of, double Tolerance, IReadOnlyList<ComparedFinding> Findings)
{
    const string Missing = "-";

    /// <summary>Whether nothing differs, and something could be compared.</summary>
    public bool Same => Findings.All(finding => finding.Verdict != Verdict.Differs) && Findings.Any(finding => finding.Verdict == Verdict.Same);

    /// <summary>Compares facts exactly, and numbers within the tolerance of the coarser type.</summary>
    /// <param name="here">This card.</param>
    /// <param name="there">The other one.</param>
    /// <param name="name">The other one's file.</param>
    public static CardComparison Compare(Card here, Card there, string name)
    {
        var tolerance = Math.Max(here.Tolerance, there.Tolerance);
        // Numbers of another question say nothing about the model.
        var sameInput = Find(here, CheckNames.Input)?.Findings is { Count: > 0 } input
            && Find(there, CheckNames.Input) is { } other && input.SequenceEqual(other.Findings);
        return new(name, $"{there.Checkpoint}, {there.Settings.Dtype} on {there.Settings.Device}, {there.Date}", tolerance,
            [.. Names(here).Union(Names(there)).Select(place => Compared(here, there, place, tolerance, sameInput))]);
    }

    static ComparedFinding Compared(Card here, Card there, (string Check, string Name) place, double tolerance, bool sameInput)
    {
        var (mine, theirs) = (Find(here, place), Find(there, place));
        var agreement = place.Check is CheckNames.Forward or CheckNames.Answer && !sameInput ? new(Verdict.NotCompared, "of another input")
            : mine is null || theirs is null ? new(Verdict.NotCompared, $"not found {(mine is null ? "here" : "there")}")
            : mine.With(theirs, tolerance);
        return new(place.Check, place.Name, mine?.Show() ?? Missing, theirs?.Show() ?? Missing, agreement.Verdict, agreement.Note);
    }

    static IEnumerable<(string Check, string Name)> Names(Card card) => card.Checks.SelectMany(check => check.Findings.Select(finding => (check.Name, finding.Name)));

    static CardCheck? Find(Card card, string check) => card.Checks.FirstOrDefault(found => found.Name == check);

    static Finding? Find(Card card, (string Check, string Name) place) => Find(card, place.Check)?.Findings.FirstOrDefault(finding => finding.Name == place.Name);
}
