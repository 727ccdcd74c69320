using System.CommandLine;
using MmMamba.Cli.Commands;
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
        var result = Root().Parse(arguments);
        if (result.Errors.Count > 0)
        {
            Console.Error.WriteLine($"mmmamba: {OneLine(result.Errors[0].Message)} Try 'mmmamba {string.Join(' ', Path(result))}--help'.");
            return ExitCode.Usage;
        }
        using var interrupted = new CancellationTokenSource();
        ConsoleCancelEventHandler onInterrupt = (_, pressed) =>
        {
            pressed.Cancel = !interrupted.IsCancellationRequested; // the second one ends the process at once
            interrupted.Cancel();
        };
        Console.CancelKeyPress += onInterrupt;
        try
        {
            var configuration = new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
            return result.InvokeAsync(configuration, interrupted.Token).GetAwaiter().GetResult();
        }
        catch (InputException refused)
        {
            return Fail(OneLine(refused.Message), ExitCode.Refused);
        }
        catch (OperationCanceledException)
        {
            return Fail("interrupted", ExitCode.Interrupted);
        }
        catch (Exception file) when (file is IOException or UnauthorizedAccessException)
        {
            return Fail(OneLine(file.Message), ExitCode.Refused);
        }
        catch (Exception mistake) when (Environment.GetEnvironmentVariable("MMMAMBA_DEBUG") is null)
        {
            return Fail($"internal error: {mistake.GetType().Name}: {OneLine(mistake.Message)} (MMMAMBA_DEBUG=1 shows where)", ExitCode.Internal);
        }
        finally
        {
            Console.CancelKeyPress -= onInterrupt;
        }
    }

    static RootCommand Root() => new("Hybrid vision-language models from specs: check, describe, train, distil, evaluate.")
    {
        CheckCommand.Create(),
        DescribeCommand.Create(),
        DataCommand.Create(),
        TrainCommand.Create(),
        DistillCommand.Create(),
        EvalCommand.Create(),
    };

    static int Fail(string message, int code)
    {
        Console.Error.WriteLine($"mmmamba: {message}");
        return code;
    }

    static string OneLine(string message) => string.Join(' ', message.Split(['\r', '\n'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));

    static IEnumerable<string> Path(ParseResult result) =>
        result.CommandResult.Command is RootCommand ? [] : [result.CommandResult.Command.Name + " "];
}
