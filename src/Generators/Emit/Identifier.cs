using System.Text;
using Microsoft.CodeAnalysis.CSharp;

namespace MmMamba.Generators.Emit;

/// <summary>Names of a spec as C# identifiers.</summary>
static class Identifier
{
    /// <summary>A name that must be taken as it is: escaped where it is a keyword. Names are checked before they come here.</summary>
    public static string Of(string name) =>
        !SyntaxFacts.IsValidIdentifier(name) ? throw new ArgumentException($"'{name}' is no identifier.", nameof(name))
        : SyntaxFacts.GetKeywordKind(name) == SyntaxKind.None ? name
        : "@" + name;

    /// <summary><c>end_to_end</c> as <c>EndToEnd</c>; whatever is no letter or digit separates words.</summary>
    public static string Pascal(string name)
    {
        var identifier = new StringBuilder();
        var atStart = true;
        foreach (var c in name)
        {
            if (!IsPlain(c)) { atStart = true; continue; }
            identifier.Append(atStart ? char.ToUpperInvariant(c) : c);
            atStart = false;
        }
        return identifier.Length > 0 && !char.IsDigit(identifier[0]) ? identifier.ToString() : "_" + identifier;
    }

    /// <summary>The same with a small first letter, for variables.</summary>
    public static string Camel(string name)
    {
        var pascal = Pascal(name);
        return Of(char.ToLowerInvariant(pascal[0]) + pascal.Substring(1));
    }

    /// <summary>A namespace made from a project's root namespace, which may hold what C# does not allow there.</summary>
    public static string Namespace(string name, string otherwise)
    {
        var parts = name.Split('.').Select(Part).Where(part => part.Length > 0).ToArray();
        return parts.Length > 0 ? string.Join(".", parts) : otherwise;

        static string Part(string part)
        {
            var kept = new string(part.Trim().Select(c => SyntaxFacts.IsIdentifierPartCharacter(c) ? c : '_').ToArray());
            if (kept.Length == 0) return kept;
            return Of(SyntaxFacts.IsIdentifierStartCharacter(kept[0]) ? kept : "_" + kept);
        }
    }

    static bool IsPlain(char c) => c is >= 'a' and <= 'z' or >= 'A' and <= 'Z' or >= '0' and <= '9';
}
