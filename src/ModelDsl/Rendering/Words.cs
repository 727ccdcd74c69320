using System.Collections.Concurrent;
using System.Text;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>The word of the language for a value of an enumeration: its name in lower case, words joined by underscores.</summary>
static class Words
{
    public static string Of<T>(T value) where T : struct, Enum => Table<T>.Words.GetOrAdd(value, static value => Spelt(value.ToString()));

    static class Table<T> where T : struct, Enum
    {
        public static readonly ConcurrentDictionary<T, string> Words = new();
    }

    static string Spelt(string name)
    {
        var word = new StringBuilder();
        foreach (var letter in name)
        {
            if (char.IsUpper(letter) && word.Length > 0) word.Append('_');
            word.Append(char.ToLowerInvariant(letter));
        }
        return word.ToString();
    }
}
