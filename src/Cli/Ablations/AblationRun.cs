using System.Collections.Concurrent;
using System.Text.Json.Nodes;
using MmMamba.Cli.Live;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Rendering;
using MmMamba.Runtime;
using PlanJson = MmMamba.Runtime.Plans.PlanJson;

namespace MmMamba.Cli.Ablations;

/// <summary>A piece of work that failed.</summary>
/// <param name="Job">The work.</param>
/// <param name="Why">The reason, in one line.</param>
sealed record AblationFailure(AblationJob Job, string Why);

/// <summary>
/// Does the work of an ablation by several workers: each as soon as what it needs is there, the longest ways first. What fails takes with it what depends
/// on it and nothing else; what the folder holds already is not done again.
/// </summary>
/// <param name="jobs">The work, what others wait for before them.</param>
/// <param name="folder">The run's folder.</param>
/// <param name="workers">Workers at most.</param>
/// <param name="start">Starts the worker of a number.</param>
/// <param name="record">What of a piece of work decides on its result.</param>
/// <param name="display">Shows what goes on.</param>
/// <param name="cancellation">Stops the workers, which keep what they have.</param>
sealed class AblationRun(
    IReadOnlyList<AblationJob> jobs, string folder, int workers, Func<int, Action<WorkerEvent>, WorkerProcess> start, Func<AblationJob, JsonObject> record,
    AblationDisplay display, CancellationToken cancellation)
{
    static readonly TimeSpan Look = TimeSpan.FromSeconds(0.25);

    readonly BlockingCollection<WorkerEvent> _events = [];
    readonly List<WorkerProcess> _workers = [];
    readonly List<AblationJob> _waiting = [];
    readonly HashSet<AblationJob> _done = new(ReferenceEqualityComparer.Instance);
    readonly Dictionary<AblationJob, string> _failed = new(ReferenceEqualityComparer.Instance);
    string? _noWorker;
    int _started;

    /// <summary>Does what is left.</summary>
    /// <returns>What failed; nothing when all is there.</returns>
    /// <exception cref="OperationCanceledException">Stopped; the workers have kept what they had.</exception>
    public IReadOnlyList<AblationFailure> Run()
    {
        foreach (var job in jobs)
            if (IsDone(job)) _done.Add(job);
        // A stage whose weights were removed is run again only where something that is missing needs it.
        var needed = new HashSet<AblationJob>(ReferenceEqualityComparer.Instance);
        foreach (var job in jobs.Where(job => job.Stage is null && !_done.Contains(job)))
            for (var at = job; at is not null && !_done.Contains(at); at = at.After) needed.Add(at);
        var ways = jobs.Reverse().Aggregate(new Dictionary<AblationJob, int>(ReferenceEqualityComparer.Instance), (known, job) =>
        {
            var way = known[job] = known.GetValueOrDefault(job, 1);
            if (job.After is { } after) known[after] = Math.Max(known.GetValueOrDefault(after, 1), way + 1);
            return known;
        });
        _waiting.AddRange(jobs.Where(needed.Contains).OrderByDescending(job => ways[job]));
        display.Begin(needed.Count, jobs.Count - needed.Count);
        try
        {
            while (_waiting.Count > 0 || _workers.Count > 0)
            {
                cancellation.ThrowIfCancellationRequested();
                Start();
                if (_workers.Count == 0) break;
                if (_events.TryTake(out var happened, (int)Look.TotalMilliseconds, cancellation)) Take(happened);
                display.Draw();
            }
        }
        catch (OperationCanceledException)
        {
            display.Note("stopping: workers keep what they have");
            foreach (var worker in _workers) worker.Stop();
            while (_workers.Count > 0)
                if (_events.Take() is { Reply: null, Worker: var ended }) Remove(ended);
            throw;
        }
        finally
        {
            foreach (var worker in _workers) worker.Dispose();
        }
        foreach (var job in _waiting.ToArray()) Fail(job, _noWorker!);
        return [.. jobs.Where(_failed.ContainsKey).Select(job => new AblationFailure(job, _failed[job]))];
    }

    bool IsDone(AblationJob job) =>
        File.Exists(Path.Combine(folder, job.Result)) && (job.Stage is null || !File.Exists(Path.Combine(folder, job.Path, Jobs.RunFolder.Marker)));

    // So many as there is work for; after one that could not even begin, no others.
    void Start()
    {
        while (_noWorker is null && _workers.Count(worker => !worker.IsEnding) < Math.Min(workers, _waiting.Count + _workers.Count(worker => worker.Job is not null)))
            _workers.Add(start(_started++, _events.Add));
    }

    void Take(WorkerEvent happened)
    {
        var (worker, reply) = happened;
        switch (reply?.Kind)
        {
            case ReplyKind.Step:
                display.Step(worker.Number, reply.Step!.Value, reply.Memory);
                return;
            case ReplyKind.Note:
                display.Note($"{worker.Job?.Title}: {reply.Text}");
                return;
            case ReplyKind.Failed:
                Fail(worker.Finish()!, reply.Text!);
                display.End(worker.Number);
                break;
            case ReplyKind.Ready:
                if (worker.Finish() is { } done) Done(done, worker);
                break;
            default:
                var (lost, isReady, death) = (worker.Job, worker.IsReady, worker.Death);
                Remove(worker);
                cancellation.ThrowIfCancellationRequested();
                if (lost is not null) Fail(lost, death);
                else if (!isReady) _noWorker = $"no worker could begin: {death}";
                break;
        }
        Assign();
    }

    void Remove(WorkerProcess worker)
    {
        display.End(worker.Number);
        _workers.Remove(worker);
        worker.Dispose();
    }

    void Done(AblationJob job, WorkerProcess worker)
    {
        _done.Add(job);
        display.Done(worker.Number, job);
    }

    void Fail(AblationJob job, string why)
    {
        _failed[job] = why;
        _waiting.Remove(job);
        display.Failed(job, why);
        foreach (var next in _waiting.Where(next => ReferenceEquals(next.After, job)).ToArray())
            Fail(next, $"needs {job.Title}, which failed");
    }

    // Those that have told that they are ready and have no work.
    void Assign()
    {
        foreach (var worker in _workers.Where(worker => worker is { Job: null, IsReady: true, IsEnding: false }))
        {
            var next = _waiting.FirstOrDefault(job => job.After is null || _done.Contains(job.After));
            if (next is not null)
            {
                _waiting.Remove(next);
                display.Begin(worker.Number, next);
                worker.Begin(next, TaskOf(next));
            }
            else if (_waiting.Count == 0) worker.End();
        }
    }

    WorkerTask TaskOf(AblationJob job) => new(
        job.Path, job.Stage, job.Seed, job.Model is { } model ? PlanJson.Write(model.Plan) : null, job.Model is { } shown ? Sheet.Render(shown.Resolved) : "",
        record(job), job.After is { } after ? new(after.Result, after.Stage!.Value) : null);
}
