namespace MmMamba.Runtime.Data;

/// <summary>The wording of questions: short, lower case, the class's name always in the singular.</summary>
static class Questions
{
    public const string Yes = "yes", No = "no", OptionLetters = "ABC";

    public static string Present(string name) => $"is there {WithArticle(name)}?";

    public static string At(int side, int cell) => side == 1 ? "what is it?" : $"what is at {Place(side, cell)}?";

    public static string Beside(char tag) => $"what is beside tag {tag}?";

    public static string Tag(int side, int cell) => $"which tag is at {Place(side, cell)}?";

    public static string Tagged(char tag) => $"is there a tag {tag}?";

    public static string Where(char tag) => $"where is tag {tag}?";

    public static string Mark(string name) => $"which tag is beside the {name}?";

    public const string Pairs = "what is beside each tag?";

    public static string Count(string name) => $"how many show {WithArticle(name)}?";

    public static string Choice(int side, int cell, IReadOnlyList<string> options)
    {
        var listed = string.Join(' ', options.Select((option, i) => $"{OptionLetters[i]} {option}"));
        return (side == 1 ? "which is it? " : $"which is at {Place(side, cell)}? ") + listed;
    }

    public static string Place(int side, int cell) => FormattableString.Invariant($"row {cell / side + 1} column {cell % side + 1}");

    static string WithArticle(string name) => (name[0] is 'a' or 'e' or 'i' or 'o' ? "an " : "a ") + name;
}
