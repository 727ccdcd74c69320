using System.Runtime.InteropServices;

namespace MmMamba.Cli.Live;

/// <summary>
/// SIGINT and SIGTERM as they end a run: the first one in order, the next one at once. While a part of the run is under way that can be given up by
/// itself, such as an answer, SIGINT ends that part alone; the run goes on.
/// </summary>
sealed class Interruption : IDisposable
{
    readonly Lock _lock = new();
    readonly CancellationTokenSource _stop = new();
    readonly PosixSignalRegistration _interrupt, _terminate;
    CancellationTokenSource? _part;

    public Interruption()
    {
        _interrupt = PosixSignalRegistration.Create(PosixSignal.SIGINT, signal => signal.Cancel = EndsPart() || EndsRun(Cli.ExitCode.Interrupted));
        _terminate = PosixSignalRegistration.Create(PosixSignal.SIGTERM, signal => signal.Cancel = EndsRun(Cli.ExitCode.Terminated));
    }

    /// <summary>Cancelled when the run is to end.</summary>
    public CancellationToken Stop => _stop.Token;

    /// <summary>The exit code of a run that was ended so.</summary>
    public int ExitCode { get; private set; } = Cli.ExitCode.Interrupted;

    /// <summary>Does a part of the run that SIGINT ends by itself.</summary>
    /// <param name="part">The work, with what cancels it.</param>
    /// <returns>Whether it came to its end.</returns>
    /// <exception cref="OperationCanceledException">The whole run is to end.</exception>
    public bool Do(Action<CancellationToken> part)
    {
        using var own = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        lock (_lock) _part = own;
        try
        {
            part(own.Token);
            return true;
        }
        catch (OperationCanceledException) when (!Stop.IsCancellationRequested)
        {
            return false;
        }
        finally
        {
            lock (_lock) _part = null;
        }
    }

    // A part that is told twice doesn't end by itself.
    bool EndsPart()
    {
        lock (_lock)
        {
            if (_part is not { IsCancellationRequested: false } part) return false;
            part.Cancel();
            return true;
        }
    }

    // False: the system ends the process.
    bool EndsRun(int exitCode)
    {
        lock (_lock)
        {
            if (Stop.IsCancellationRequested) return false;
            ExitCode = exitCode;
            _stop.Cancel();
            return true;
        }
    }

    public void Dispose()
    {
        _interrupt.Dispose();
        _terminate.Dispose();
        _stop.Dispose();
    }
}
