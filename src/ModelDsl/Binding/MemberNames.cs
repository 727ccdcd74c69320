using System.Text;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>
/// How members of a family get their names. A word gives itself with capital letters (<c>end_to_end</c>: <c>EndToEnd</c>); a number
/// and a switch follow the name of their axis (<c>count: 8</c>: <c>Count8</c>, <c>gate: off</c>: <c>GateOff</c>), with an underscore
/// for the point and <c>Minus</c> for the sign; what else there is needs a name of its own, <c>{ NAME: value }</c>. The names of all
/// axes' values, in their order, are the member's.
/// </summary>
static class MemberNames
{
    public const string Expected = "a C# identifier that begins with a capital letter, such as `HeadInterleaved`";

    /// <summary>What a generated registry calls itself, or inherits from object.</summary>
    static readonly HashSet<string> Taken = new(StringComparer.Ordinal)
    {
        "Of", "Axes", "All", "Control", "References", "ReportedIn", "Plans", "Name", "Values", "Plan", "Reported",
        "Equals", "ReferenceEquals", "ToString", "GetHashCode", "GetType", "MemberwiseClone", "Finalize",
    };

    /// <summary>Whether generated code uses the name for something else.</summary>
    public static bool IsTaken(string name, string family) => name == family || Taken.Contains(name) || ReservedNames.Contains(name);

    /// <summary>The name that a value gives; null where none can be made of it.</summary>
    public static string? Of(string axis, Node value)
    {
        if (value is not ScalarNode scalar) return null;
        if (Scalars.Switch(scalar) is { } on) return Pascal(axis) + (on ? "On" : "Off");
        var name = scalar switch
        {
            { Kind: ScalarKind.Integer or ScalarKind.Float, Number: { } number } => Pascal(axis) + number.Replace("-", "Minus").Replace('.', '_'),
            { Kind: ScalarKind.Text } when scalar.Text.Length > 0 => scalar.Text[0] is >= '0' and <= '9' ? Pascal(axis) + Pascal(scalar.Text) : Pascal(scalar.Text),
            _ => "",
        };
        return Identifiers.IsClassName(name) ? name : null;
    }

    /// <summary><c>end_to_end</c> as <c>EndToEnd</c>: whatever is no ASCII letter or digit separates words.</summary>
    static string Pascal(string text)
    {
        var name = new StringBuilder();
        var atStart = true;
        foreach (var c in text)
        {
            var plain = c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9');
            if (plain) name.Append(atStart ? char.ToUpperInvariant(c) : c);
            atStart = !plain;
        }
        return name.ToString();
    }
}
