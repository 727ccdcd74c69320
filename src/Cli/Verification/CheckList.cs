using System.Diagnostics;
using System.Runtime.InteropServices;
using MmMamba.Runtime;

namespace MmMamba.Cli.Verification;

/// <summary>The checks' names, by which cards are compared.</summary>
static class CheckNames
{
    public const string Model = "model", Tensors = "tensors", Files = "files", Weights = "weights", Tokenizer = "tokenizer", Input = "input", Load = "load", Forward = "forward",
        Decode = "decode", Answer = "answer", RoundTrip = "round trip";
}

/// <summary>What a check saw.</summary>
/// <param name="Text">It in a few words.</param>
/// <param name="Fault">Why that is wrong; null where it is right.</param>
/// <param name="Findings">What another card can be held against.</param>
sealed record Seen(string Text, string? Fault, params IReadOnlyList<Finding> Findings)
{
    /// <summary>Something to say about what is right.</summary>
    public string? Remark { get; init; }
}

/// <summary>Makes checks one after the other. One that fails is a row of the card, and the next one is made.</summary>
/// <param name="onCheck">Told each check when it is through.</param>
sealed class CheckList(Action<CardCheck> onCheck)
{
    readonly List<CardCheck> _checks = [];

    public IReadOnlyList<CardCheck> Checks => _checks;

    /// <summary>Makes a check.</summary>
    /// <param name="obstacle">Why it cannot be made; null where it can.</param>
    /// <param name="look">Looks; what it throws for bad input, a bad file or lack of memory is a failure of the check.</param>
    /// <returns>Whether it passed.</returns>
    public bool Run(string name, string expected, string? obstacle, Func<Seen> look)
    {
        var clock = Stopwatch.StartNew();
        var check = obstacle is not null
            ? new(name, Outcome.NotDone, expected, "", obstacle, 0, [])
            : Looked(name, expected, look) with { Seconds = Math.Round(clock.Elapsed.TotalSeconds, 3) };
        _checks.Add(check);
        onCheck(check);
        return check.Outcome == Outcome.Passed;
    }

    static CardCheck Looked(string name, string expected, Func<Seen> look)
    {
        try
        {
            var seen = look();
            return new(name, seen.Fault is null ? Outcome.Passed : Outcome.Failed, expected, seen.Text, seen.Fault ?? seen.Remark, 0, seen.Findings);
        }
        // libtorch says by an ExternalException that memory is missing.
        catch (Exception refused) when (refused is InputException or IOException or UnauthorizedAccessException or ExternalException)
        {
            return new(name, Outcome.Failed, expected, "", refused.Message.ReplaceLineEndings("\n").Split('\n')[0], 0, []);
        }
    }
}
