using System.Text;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>The documentation's page of diagnostics, rendered from their table.</summary>
public static class DiagnosticsPage
{
    /// <summary>The page as Markdown.</summary>
    /// <param name="tree">The specs that the examples extend: their messages are what binding really says.</param>
    public static string Render(IReadOnlyList<ParsedSpec> tree)
    {
        var page = new StringBuilder(
            """
            # Diagnostics

            What the language says about a spec: at build time, in the editor, and from `mmmamba check`. Each stands at the line and column of the
            text that it speaks of, in the file that caused it. Errors keep their own model from being built, and what extends it; warnings
            and hints keep nothing. The examples extend the tiny models of the tree. This page is rendered from the code's own table.

            | id | severity | what |
            |---|---|---|

            """.Replace("\r\n", "\n"));
        foreach (var rule in Diagnostics.All)
            page.Append("| [").Append(rule.Id).Append("](#").Append(rule.Id.ToLowerInvariant()).Append(") | ").Append(Word(rule.Severity))
                .Append(" | ").Append(rule.Title).Append(" |\n");
        foreach (var rule in Diagnostics.All) Section(page, rule, tree);
        return page.ToString();
    }

    static void Section(StringBuilder page, DiagnosticRule rule, IReadOnlyList<ParsedSpec> tree)
    {
        page.Append("\n<a id=\"").Append(rule.Id.ToLowerInvariant()).Append("\"></a>\n## ").Append(rule.Id).Append(": ").Append(rule.Title).Append("\n\n");
        page.Append(rule.Help).Append('\n');
        if (rule.Example is null) return;

        var files = ExampleFiles.Split(rule.Example).Select(file => new SpecFile(file.Name, ExampleFiles.Unmarked(file.Text))).ToList();
        page.Append("\n```yaml\n");
        for (var i = 0; i < files.Count; i++)
        {
            if (i > 0) page.Append("# file: ").Append(files[i].Path).Append('\n');
            page.Append(files[i].Text.TrimEnd('\n')).Append('\n');
        }
        page.Append("```\n```text\n");
        var all = files.ToLookup(file => SpecParser.IsSpec(file.Path));
        foreach (var bound in Catalog.Bind([.. tree, .. all[true].Select(SpecParser.Parse)], [.. all[false].Select(ParsedReport.Parse)]).Skip(tree.Count))
            foreach (var diagnostic in bound.Diagnostics)
                page.Append(diagnostic.ToString()).Append('\n');
        page.Append("```\n");
    }

    static string Word(Severity severity) => severity switch { Severity.Error => "error", Severity.Warning => "warning", _ => "hint" };
}
