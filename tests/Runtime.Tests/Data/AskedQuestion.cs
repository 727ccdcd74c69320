using System.Globalization;
using System.Text.RegularExpressions;
using MmMamba.Runtime.Data;

namespace MmMamba.Runtime.Tests.Data;

/// <summary>
/// A question read back from its words, and answered from a layout: a second way to the answer, apart from the code that asked.
/// </summary>
sealed partial class AskedQuestion
{
    readonly Func<IReadOnlyList<int>, string> _answer;

    AskedQuestion(Func<IReadOnlyList<int>, string> answer) => _answer = answer;

    /// <summary>The answer where the cells carried these classes, row-major.</summary>
    public string AnswerIn(IReadOnlyList<int> classes) => _answer(classes);

    /// <summary>The class that a present, mark or count question names; otherwise null.</summary>
    public string? Named { get; private init; }

    /// <summary>Reads a question; <paramref name="layout"/> gives the size and where the tags are, not the classes.</summary>
    public static AskedQuestion Read(string question, Mosaic layout, IReadOnlyList<string> names)
    {
        question = question.Replace("<image>\n", "");
        int Class(string name) => names.ToList().IndexOf(name);
        int Cell(Match match) => match.Groups["r"].Success
            ? (Number(match.Groups["r"]) - 1) * layout.Side + Number(match.Groups["c"]) - 1
            : 0;

        if (Tagged().Match(question) is { Success: true } tagged)
            return new(_ => layout.Cells.Any(c => c.Tag == tagged.Groups["k"].Value[0]) ? "yes" : "no");
        if (Present().Match(question) is { Success: true } present)
            return new(cells => cells.Contains(Class(present.Groups["x"].Value)) ? "yes" : "no") { Named = present.Groups["x"].Value };
        if (At().Match(question) is { Success: true } at)
            return new(cells => names[cells[Cell(at)]]);
        if (Beside().Match(question) is { Success: true } beside)
        {
            var cell = layout.Cells.ToList().FindIndex(c => c.Tag == beside.Groups["k"].Value[0]);
            Assert.True(cell >= 0, $"'{question}' names a tag that isn't there");
            return new(cells => names[cells[cell]]);
        }
        if (question == "what is beside each tag?")
            return new(cells => string.Join(' ', layout.Cells.Select((c, i) => $"{c.Tag} {names[cells[i]]}").Distinct().Order(StringComparer.Ordinal)));
        if (Tag().Match(question) is { Success: true } tag)
            return new(_ => layout.Cells[Cell(tag)].Tag.ToString()!);
        if (Where().Match(question) is { Success: true } where)
        {
            var cell = layout.Cells.Select((c, i) => (c.Tag, i)).Single(c => c.Tag == where.Groups["k"].Value[0]).i;
            return new(_ => FormattableString.Invariant($"row {cell / layout.Side + 1} column {cell % layout.Side + 1}"));
        }
        if (Mark().Match(question) is { Success: true } mark)
            return new(cells => layout.Cells.Where((_, i) => cells[i] == Class(mark.Groups["x"].Value)).Select(c => c.Tag).Distinct().Single().ToString()!)
            {
                Named = mark.Groups["x"].Value,
            };
        if (Count().Match(question) is { Success: true } count)
            return new(cells => cells.Count(c => c == Class(count.Groups["x"].Value)).ToString(CultureInfo.InvariantCulture)) { Named = count.Groups["x"].Value };
        var choice = Choice().Match(question);
        Assert.True(choice.Success, $"'{question}' is no question");
        string[] options = [choice.Groups["x"].Value, choice.Groups["y"].Value, choice.Groups["z"].Value];
        Assert.Equal(3, options.Distinct().Count());
        // Where the cell carried none of the options the question could not have been asked.
        return new(cells => Array.IndexOf(options, names[cells[Cell(choice)]]) is var i and >= 0 ? "ABC"[i].ToString() : "");
    }

    static int Number(Group group) => int.Parse(group.Value, CultureInfo.InvariantCulture);

    [GeneratedRegex("^is there an? (?<x>.+)\\?$")] private static partial Regex Present();
    [GeneratedRegex("^what is (it|at row (?<r>\\d) column (?<c>\\d))\\?$")] private static partial Regex At();
    [GeneratedRegex("^what is beside tag (?<k>[A-Z])\\?$")] private static partial Regex Beside();
    [GeneratedRegex("^which tag is at row (?<r>\\d) column (?<c>\\d)\\?$")] private static partial Regex Tag();
    [GeneratedRegex("^is there a tag (?<k>[A-Z])\\?$")] private static partial Regex Tagged();
    [GeneratedRegex("^where is tag (?<k>[A-Z])\\?$")] private static partial Regex Where();
    [GeneratedRegex("^which tag is beside the (?<x>.+)\\?$")] private static partial Regex Mark();
    [GeneratedRegex("^how many show an? (?<x>.+)\\?$")] private static partial Regex Count();
    [GeneratedRegex("^which is (it|at row (?<r>\\d) column (?<c>\\d))\\? A (?<x>.+) B (?<y>.+) C (?<z>.+)$")] private static partial Regex Choice();
}
