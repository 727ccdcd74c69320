using System.Globalization;
using System.Text.Json.Serialization;

namespace MmMamba.Cli.Verification;

/// <summary>How a finding of one card stands to that of another.</summary>
enum Verdict
{
    Same,
    Differs,

    /// <summary>Not comparable: one of them was not made, or was made of something else.</summary>
    NotCompared,
}

/// <param name="Verdict">Whether they agree.</param>
/// <param name="Note">What is to be said about it; null is nothing.</param>
readonly record struct Agreement(Verdict Verdict, string? Note = null)
{
    public static Agreement If(bool same, string? note = null) => new(same ? Verdict.Same : Verdict.Differs, note);
}

/// <summary>Something that was found and that another card can be held against.</summary>
/// <param name="Name">What it is; unique in its check.</param>
[JsonPolymorphic(TypeDiscriminatorPropertyName = "kind")]
[JsonDerivedType(typeof(Fact), "fact")]
[JsonDerivedType(typeof(Bits), "bits")]
[JsonDerivedType(typeof(Numbers), "numbers")]
[JsonDerivedType(typeof(LikelyTokens), "likely_tokens")]
[JsonDerivedType(typeof(WrittenTokens), "written_tokens")]
abstract record Finding([property: JsonPropertyOrder(-1)] string Name)
{
    /// <summary>How it stands to another card's finding of the same name.</summary>
    /// <param name="tolerance">How far numbers may be apart, as a share of the greatest.</param>
    public abstract Agreement With(Finding theirs, double tolerance);

    /// <summary>It in one line.</summary>
    public abstract string Show();

    /// <summary>A number as cards show and keep it: what rounding leaves of it elsewhere.</summary>
    public static double Rounded(double value) => double.Parse(value.ToString("G6", CultureInfo.InvariantCulture), CultureInfo.InvariantCulture);

    protected static string Shown(double value) => value.ToString("G5", CultureInfo.InvariantCulture);

    protected static Agreement OtherKind { get; } = new(Verdict.Differs, "another kind of finding");
}

/// <summary>What is either the same or not.</summary>
sealed record Fact(string Name, string Value) : Finding(Name)
{
    public override string Show() => Value;

    public override Agreement With(Finding theirs, double tolerance) => theirs is Fact fact ? Agreement.If(fact.Value == Value) : OtherKind;
}

/// <summary>A digest over bits that only the same machine is expected to repeat: told, and no difference.</summary>
sealed record Bits(string Name, string Digest) : Finding(Name)
{
    public override string Show() => Digest;

    public override Agreement With(Finding theirs, double tolerance) =>
        theirs is not Bits bits ? OtherKind
        : bits.Digest == Digest ? new(Verdict.Same, "to the bit")
        : new(Verdict.NotCompared, "other bits, as another machine or type has");
}

/// <summary>Numbers that rounding moves.</summary>
/// <param name="Values">The numbers.</param>
/// <param name="Scale">The greatest value of what they are taken from.</param>
sealed record Numbers(string Name, IReadOnlyList<double> Values, double Scale) : Finding(Name)
{
    public override string Show() => string.Join(' ', Values.Select(Shown));

    public override Agreement With(Finding theirs, double tolerance)
    {
        if (theirs is not Numbers numbers) return OtherKind;
        if (numbers.Values.Count != Values.Count) return new(Verdict.Differs, "another number of them");
        if (Values.SequenceEqual(numbers.Values)) return new(Verdict.Same);
        // Not by Max(), which passes over what is no number.
        var apart = Values.Zip(numbers.Values, (mine, other) => Math.Abs(mine - other)).Aggregate(0.0, Math.Max) / Math.Max(Scale, numbers.Scale);
        return Agreement.If(apart <= tolerance, FormattableString.Invariant($"{apart:0.0e+0} apart"));
    }
}
