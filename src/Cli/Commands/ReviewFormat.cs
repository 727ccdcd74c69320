using System.CommandLine;

namespace MmMamba.Cli.Commands;

/// <summary>The forms in which <c>describe</c>, <c>plan</c> and <c>diff</c> print: for the terminal, for a pull request, for programs.</summary>
static class ReviewFormat
{
    public const string Text = "text", Markdown = "markdown", Json = "json";

    public static Option<string> Option()
    {
        var format = new Option<string>("--format") { Description = "text, markdown or json.", DefaultValueFactory = _ => Text };
        format.AcceptOnlyFromAmong(Text, Markdown, Json);
        return format;
    }
}
