using System.ComponentModel;
using System.Runtime.InteropServices;

namespace MmMamba.Cli.Jobs;

/// <summary>A run came to a stop before its end, and its folder holds what it did.</summary>
/// <param name="message">Why, and where it can go on: one line.</param>
/// <param name="cause">What stopped it.</param>
sealed class RunStoppedException(string message, Exception cause) : Exception(message, cause)
{
    /// <summary>Runs a job on its folder; what stops it says where the run can go on, if anything of it is kept.</summary>
    /// <exception cref="RunStoppedException">It was stopped, and there is work in the folder.</exception>
    public static void Run(RunFolder folder, Action job)
    {
        try
        {
            job();
        }
        catch (Exception stop) when (stop is OperationCanceledException or Runtime.InputException or IOException or UnauthorizedAccessException or ExternalException && folder.HoldsWork)
        {
            var why = stop switch
            {
                OperationCanceledException => "stopped",
                Win32Exception => stop.Message.TrimEnd('.'), // a worker that cannot be started
                ExternalException => $"libtorch: {stop.Message.ReplaceLineEndings("\n").Split('\n')[0].TrimEnd('.')}", // so it says that memory is missing
                _ => stop.Message.TrimEnd('.'),
            };
            var way = stop is Runtime.InputException { Repeats: true } ? "begin another run" : "go on with --resume";
            throw new RunStoppedException($"{why}; what is done is in {folder.Path}: {way}", stop);
        }
    }
}
