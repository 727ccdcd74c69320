using System.Text;

namespace MmMamba.Runtime.Plans;

/// <summary>The words of a plan for the values of an enumeration: names in lower case, words joined by underscores.</summary>
static class PlanWords<T> where T : struct, Enum
{
    static readonly Dictionary<string, T> Values = Enum.GetValues<T>().ToDictionary(Of);

    public static IEnumerable<string> All => Values.Keys;

    public static bool TryParse(string word, out T value) => Values.TryGetValue(word, out value);

    public static string Of(T value)
    {
        var word = new StringBuilder();
        foreach (var letter in value.ToString())
        {
            if (char.IsUpper(letter) && word.Length > 0) word.Append('_');
            word.Append(char.ToLowerInvariant(letter));
        }
        return word.ToString();
    }
}
