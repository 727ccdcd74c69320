using System.CommandLine;
using System.Runtime.InteropServices;
using MmMamba.Cli.Commands;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Live;
using MmMamba.Cli.Reports;
using MmMamba.Runtime;

namespace MmMamba.Cli;

static class Program
{
    static int Main(string[] arguments)
    {
        Console.OutputEncoding = System.Text.Encoding.UTF8;
        return Run(arguments);
    }

    internal static int Run(string[] arguments)
    {
        using var interruption = new Interruption();
        var result = Root(interruption).Parse(arguments);
        if (result.Errors.Count > 0)
        {
            Console.Error.WriteLine(Printable.Line($"mmmamba: {OneLine(result.Errors[0].Message)} Try 'mmmamba {string.Join(' ', Path(result))}--help'."));
            return ExitCode.Usage;
        }
        try
        {
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return result.InvokeAsync(configuration, interruption.Stop).GetAwaiter().GetResult();
        }
        catch (InputException refused)
        {
            return Fail(OneLine(refused.Message), ExitCode.Refused);
        }
        catch (RunStoppedException stopped)
        {
            return Fail(OneLine(stopped.Message), stopped.InnerException is OperationCanceledException ? interruption.ExitCode : ExitCode.Stopped);
        }
        catch (OperationCanceledException)
        {
            return Fail("stopped; nothing half-written was left behind", interruption.ExitCode);
        }
        catch (Exception file) when (file is IOException or UnauthorizedAccessException or System.ComponentModel.Win32Exception)
        {
            return Fail(OneLine(file.Message), ExitCode.Refused);
        }
        catch (ExternalException libtorch)
        {
            // So libtorch says that memory is missing, and little else.
            return Fail($"libtorch: {libtorch.Message.ReplaceLineEndings("\n").Split('\n')[0]}", ExitCode.Refused);
        }
        catch (Exception mistake) when (Environment.GetEnvironmentVariable("MMMAMBA_DEBUG") is null)
        {
            return Fail($"internal error: {mistake.GetType().Name}: {OneLine(mistake.Message)} (MMMAMBA_DEBUG=1 shows where)", ExitCode.Internal);
        }
    }

    static RootCommand Root(Interruption interruption) => new("Hybrid vision-language models from specs: check, describe, train, distil, evaluate, chat.")
    {
        CheckCommand.Create(),
        DescribeCommand.Create(),
        SchemaCommand.Create(),
        PlanCommand.Create(),
        MemoryCommand.Create(),
        DiffCommand.Create(),
        DataCommand.Create(),
        TrainCommand.Create(),
        DistillCommand.Create(),
        ArtefactCommand.Create(),
        AblateCommand.Create(),
        AblationWorkerCommand.Create(),
        EvalCommand.Create(),
        ChatCommand.Create(interruption),
        ImportCommand.Create(),
        ExportCommand.Create(),
        InspectCommand.Create(),
        VerifyCommand.Create(),
        ImageCommand.Create(),
        ForwardCommand.Create(),
        BenchCommand.Create(),
    };

    static int Fail(string message, int code)
    {
        Console.Error.WriteLine(Printable.Line($"mmmamba: {message}"));
        return code;
    }

    static string OneLine(string message) => string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    static IEnumerable<string> Path(ParseResult result) =>
        result.CommandResult.Command is RootCommand ? [] : [result.CommandResult.Command.Name + " "];
}
