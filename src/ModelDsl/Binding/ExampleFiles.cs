namespace MmMamba.ModelDsl.Binding;

/// <summary>The files that an example of the table of diagnostics is made of.</summary>
static class ExampleFiles
{
    const string Separator = "# file: ";

    /// <summary>The text without the marks around the culprit.</summary>
    public static string Unmarked(string text) => text.Replace("«", "").Replace("»", "");

    /// <summary>Splits at lines <c># file: NAME</c>; the first file has the name that the documentation gives it.</summary>
    public static IEnumerable<(string Name, string Text)> Split(string example)
    {
        var (name, lines) = ("example.mmmodel.yaml", new List<string>());
        foreach (var line in example.Split('\n'))
        {
            if (line.StartsWith(Separator, StringComparison.Ordinal))
            {
                yield return (name, string.Join("\n", lines));
                (name, lines) = (line.Substring(Separator.Length), []);
            }
            else lines.Add(line);
        }
        yield return (name, string.Join("\n", lines));
    }
}
