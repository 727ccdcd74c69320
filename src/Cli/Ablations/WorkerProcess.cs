using System.Diagnostics;

namespace MmMamba.Cli.Ablations;

/// <summary>What a worker told, or that it ended.</summary>
/// <param name="Worker">The worker.</param>
/// <param name="Reply">What it told; null when its process ended.</param>
sealed record WorkerEvent(WorkerProcess Worker, WorkerReply? Reply);

/// <summary>A worker: this tool in a process of its own, which does one piece of work at a time.</summary>
sealed class WorkerProcess : IDisposable
{
    readonly Process _process;
    string _error = "";

    /// <param name="number">Its number, from 0.</param>
    /// <param name="arguments">Arguments of the tool.</param>
    /// <param name="setup">What it is told first.</param>
    /// <param name="happened">Told what it answers, on another thread, one after the other.</param>
    public WorkerProcess(int number, IEnumerable<string> arguments, WorkerSetup setup, Action<WorkerEvent> happened)
    {
        Number = number;
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardInput = true, RedirectStandardOutput = true, RedirectStandardError = true };
        // A build that 'dotnet' runs is named to it.
        var tool = typeof(WorkerProcess).Assembly.GetName().Name!;
        if (Path.GetFileNameWithoutExtension(start.FileName) != tool) start.ArgumentList.Add(Path.Combine(AppContext.BaseDirectory, tool + ".dll"));
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        _process = Process.Start(start)!;
        Say(WorkerMessages.Line(setup));
        var errors = Task.Run(async () =>
        {
            while (await _process.StandardError.ReadLineAsync() is { } line)
                if (line.Length > 0) _error = line;
        });
        _ = Task.Run(async () =>
        {
            while (await _process.StandardOutput.ReadLineAsync() is { } line)
                if (WorkerMessages.Parse<WorkerReply>(line) is { } reply) happened(new(this, reply));
            await errors;
            await _process.WaitForExitAsync();
            happened(new(this, null));
        });
    }

    /// <summary>Its number, from 0.</summary>
    public int Number { get; }

    /// <summary>What it works on; null while it starts or waits.</summary>
    public AblationJob? Job { get; private set; }

    /// <summary>Teacher and data are loaded.</summary>
    public bool IsReady { get; private set; }

    /// <summary>It was told that there is no more work, or to stop.</summary>
    public bool IsEnding { get; private set; }

    /// <summary>Why a process ended that was not told to.</summary>
    public string Death
    {
        get
        {
            const int signalled = 128, kill = 9;
            var code = _process.ExitCode;
            var how = code == signalled + kill ? "its worker was killed" : FormattableString.Invariant($"its worker ended with code {code}");
            return _error.Length > 0 ? $"{how}: {_error}" : how;
        }
    }

    /// <summary>Gives it work.</summary>
    public void Begin(AblationJob job, WorkerTask task)
    {
        Job = job;
        Say(WorkerMessages.Line(task));
    }

    /// <summary>It is ready for work, or has ended; gives the work that it had.</summary>
    public AblationJob? Finish()
    {
        IsReady = true;
        var job = Job;
        Job = null;
        return job;
    }

    /// <summary>Tells it that there is no more work.</summary>
    public void End()
    {
        IsEnding = true;
        Say("");
    }

    /// <summary>Tells it to keep what it has and to end.</summary>
    public void Stop()
    {
        IsEnding = true;
        Say("stop");
    }

    // One that ended meanwhile is told of as ended.
    void Say(string line)
    {
        try
        {
            _process.StandardInput.WriteLine(line);
            _process.StandardInput.Flush();
        }
        catch (IOException)
        {
        }
    }

    public void Dispose()
    {
        if (!_process.HasExited) _process.Kill();
        _process.Dispose();
    }
}
