using System.Globalization;
using System.Text;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>Brings text of a spec into a message: short, on one line, without control characters.</summary>
static class Quote
{
    const int Longest = 60;

    /// <summary>The text between backticks.</summary>
    public static string Of(string text) => "`" + Clean(text, Longest) + "`";

    /// <summary>The text on one line.</summary>
    public static string Clean(string text) => Clean(text, 300);

    public static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>Words between backticks, the last two joined by "or".</summary>
    public static string OneOf(IEnumerable<string> words)
    {
        var quoted = words.Select(Of).ToList();
        return quoted.Count < 2
            ? string.Concat(quoted)
            : string.Join(", ", quoted.Take(quoted.Count - 1)) + " or " + quoted[quoted.Count - 1];
    }

    /// <summary>What a node is, for "found ...".</summary>
    public static string Describe(Node node) => node switch
    {
        ScalarNode { Kind: ScalarKind.Empty } => "nothing",
        ScalarNode { Kind: ScalarKind.Null } scalar => Of(scalar.Text),
        ScalarNode { Kind: ScalarKind.Integer or ScalarKind.Float } scalar => "the number " + Of(scalar.Text),
        ScalarNode { Kind: ScalarKind.Boolean } scalar => "the switch " + Of(scalar.Text),
        ScalarNode scalar => "the text " + Of(scalar.Text),
        SequenceNode => "a list",
        _ => "a mapping",
    };

    static string Clean(string text, int longest)
    {
        var clean = new StringBuilder();
        foreach (var character in text)
        {
            if (clean.Length >= longest)
            {
                clean.Append('…');
                break;
            }
            clean.Append(char.IsControl(character) || char.IsSurrogate(character) || character is '\u2028' or '\u2029' or '\u0085'
                ? ' '
                : character is '`' ? '\'' : character);
        }
        return clean.ToString();
    }
}
