using System.Globalization;

namespace MmMamba.Cli.Verification;

/// <param name="Id">A token.</param>
/// <param name="Logit">Its logit.</param>
readonly record struct LikelyToken(int Id, double Logit);

/// <summary>The most likely tokens at a position, most likely first.</summary>
/// <param name="Scale">The greatest logit, either side of 0.</param>
sealed record LikelyTokens(string Name, IReadOnlyList<LikelyToken> Tokens, double Scale) : Finding(Name)
{
    public override string Show() => string.Join(", ", Tokens.Select(token => string.Create(CultureInfo.InvariantCulture, $"{token.Id}: {Shown(token.Logit)}")));

    // A token that one list has and the other lacks is, there, no more likely than the last of it.
    public override Agreement With(Finding theirs, double tolerance)
    {
        if (theirs is not LikelyTokens likely) return OtherKind;
        if (likely.Tokens.Count != Tokens.Count) return new(Verdict.Differs, "another number of them");
        if (likely.Tokens.SequenceEqual(Tokens)) return new(Verdict.Same);
        var most = tolerance * Math.Max(Scale, likely.Scale);
        var same = Fits(Tokens, likely.Tokens, most) && Fits(likely.Tokens, Tokens, most);
        return Agreement.If(same, same && !likely.Tokens.Select(token => token.Id).SequenceEqual(Tokens.Select(token => token.Id)) ? "as likely as one another within the tolerance" : null);
    }

    static bool Fits(IReadOnlyList<LikelyToken> mine, IReadOnlyList<LikelyToken> theirs, double most) => mine.All(token =>
        theirs.Any(other => other.Id == token.Id)
            ? theirs.Any(other => other.Id == token.Id && Math.Abs(other.Logit - token.Logit) <= most)
            : token.Logit <= theirs[^1].Logit + most);
}

/// <param name="Id">A token.</param>
/// <param name="Lead">How much greater its logit is than that of the runner-up.</param>
readonly record struct WrittenToken(int Id, double Lead);

/// <summary>Tokens that were written one after the other, always the most likely one.</summary>
/// <param name="Scale">The greatest logit, either side of 0.</param>
sealed record WrittenTokens(string Name, IReadOnlyList<WrittenToken> Tokens, double Scale) : Finding(Name)
{
    public override string Show() => string.Join(' ', Tokens.Select(token => token.Id));

    // Where two tokens are equally likely within the tolerance, either may be written; what follows is another text.
    public override Agreement With(Finding theirs, double tolerance)
    {
        if (theirs is not WrittenTokens written) return OtherKind;
        for (var i = 0; i < Math.Max(Tokens.Count, written.Tokens.Count); i++)
        {
            if (i >= Tokens.Count || i >= written.Tokens.Count) return new(Verdict.Differs, string.Create(CultureInfo.InvariantCulture, $"one of them ends after {i} tokens"));
            if (Tokens[i].Id == written.Tokens[i].Id) continue;
            var close = Math.Min(Tokens[i].Lead, written.Tokens[i].Lead) <= 2 * tolerance * Math.Max(Scale, written.Scale);
            return Agreement.If(close, string.Create(CultureInfo.InvariantCulture, $"another from token {i + 1} on, {(close ? "where two are as likely within the tolerance" : "which is not a matter of rounding")}"));
        }
        return new(Verdict.Same);
    }
}
