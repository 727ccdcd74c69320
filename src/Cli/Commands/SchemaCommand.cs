using System.CommandLine;
using MmMamba.ModelDsl.Rendering;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba schema</c>: the language's JSON Schema.</summary>
static class SchemaCommand
{
    public static Command Create()
    {
        var command = new Command("schema", "Print the JSON Schema of specs, for editors.");
        command.SetAction(_ =>
        {
            Console.Write(JsonSchema.Render());
            return ExitCode.Ok;
        });
        return command;
    }
}
