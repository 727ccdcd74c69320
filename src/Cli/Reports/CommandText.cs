namespace MmMamba.Cli.Reports;

/// <summary>The command that was run, as a shell takes it again.</summary>
static class CommandText
{
    /// <summary>The tool's name and its arguments; those that a shell would change are quoted.</summary>
    public static string Of(IEnumerable<string> arguments) => string.Join(' ', arguments.Select(Quoted).Prepend("mmmamba"));

    static string Quoted(string argument) =>
        argument.Length > 0 && argument.All(letter => char.IsAsciiLetterOrDigit(letter) || "-_./:=,+@%#".Contains(letter, StringComparison.Ordinal)) && argument[0] != '#'
            ? argument
            : $"'{argument.Replace("'", @"'\''", StringComparison.Ordinal)}'";
}
