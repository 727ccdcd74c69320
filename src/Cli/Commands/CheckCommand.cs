using System.CommandLine;
using MmMamba.Cli.Reports;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba check</c>: the mistakes of specs, in the compiler's own format or as JSON.</summary>
static class CheckCommand
{
    public static Command Create()
    {
        var paths = new Argument<string[]>("specs")
        {
            Description = "Spec files, or folders of *.mmmodel.yaml; the current folder if none is named.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var format = new Option<string>("--format") { Description = "text or json.", DefaultValueFactory = _ => "text" };
        format.AcceptOnlyFromAmong("text", "json");
        var command = new Command("check", "Report the mistakes of specs, each at its line and column.") { paths, format };
        command.SetAction(result => Run(
            result.GetValue(paths) is { Length: > 0 } named ? named : ["."], result.GetRequiredValue(format) == "json"));
        return command;
    }

    static int Run(string[] paths, bool json)
    {
        var library = SpecLibrary.Open(paths);
        var errors = library.Diagnostics.Count(diagnostic => diagnostic.Severity == Severity.Error);
        if (json) Console.Write(DiagnosticsJson.Render(library.Own.Count(spec => spec.Model is not null), library.Own.Count(spec => spec.Family is not null), library.Diagnostics));
        else
        {
            foreach (var diagnostic in library.Diagnostics) Console.WriteLine(Printable.Line(diagnostic.ToString()));
            Console.WriteLine(errors == 0
                ? $"{Models(library.Own.Count(spec => !spec.IsFamily))}{Families(library.Own.Count(spec => spec.IsFamily))}, no errors"
                : $"{errors} error{(errors == 1 ? "" : "s")}");
        }
        return errors == 0 ? ExitCode.Ok : ExitCode.Refused;
    }

    static string Models(int count) => count == 1 ? "1 model" : $"{count} models";

    static string Families(int count) => count switch { 0 => "", 1 => ", 1 family", _ => $", {count} families" };
}
