using System.Collections.Concurrent;

namespace MmMamba.Runtime.Generation;

/// <summary>One thread that does all work of a model, in order: dispose scopes and gradient modes are a thread's own.</summary>
sealed class EngineThread : IDisposable
{
    readonly BlockingCollection<Action> _work = [];
    readonly Thread _thread;

    public EngineThread(string name)
    {
        _thread = new(Run) { IsBackground = true, Name = name };
        _thread.Start();
    }

    /// <summary>Does work when its turn comes.</summary>
    /// <param name="work">The work; what it throws comes out of the task.</param>
    /// <param name="cancellation">Work that has not begun by then is left out.</param>
    /// <exception cref="ObjectDisposedException">The thread has been stopped.</exception>
    public Task<T> Do<T>(Func<T> work, CancellationToken cancellation)
    {
        var done = new TaskCompletionSource<T>(TaskCreationOptions.RunContinuationsAsynchronously);
        void Once()
        {
            if (cancellation.IsCancellationRequested)
            {
                done.SetCanceled(cancellation);
                return;
            }
            try
            {
                done.SetResult(work());
            }
            catch (OperationCanceledException) when (cancellation.IsCancellationRequested)
            {
                done.SetCanceled(cancellation);
            }
            catch (Exception error)
            {
                done.SetException(error);
            }
        }
        try
        {
            _work.Add(Once, CancellationToken.None);
        }
        catch (InvalidOperationException)
        {
            throw new ObjectDisposedException(nameof(EngineThread));
        }
        return done.Task;
    }

    void Run()
    {
        foreach (var work in _work.GetConsumingEnumerable()) work();
    }

    /// <summary>Ends the thread behind the work that was given to it.</summary>
    public void Dispose()
    {
        if (_work.IsAddingCompleted) return;
        _work.CompleteAdding();
        if (Thread.CurrentThread != _thread) _thread.Join();
    }
}
