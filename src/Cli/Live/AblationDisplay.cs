using System.Diagnostics;
using System.Globalization;
using MmMamba.Cli.Ablations;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;
using MmMamba.Runtime.Distillation;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MmMamba.Cli.Live;

/// <summary>
/// What an ablation shows while it goes on. In a terminal: a row for each piece of work under way and a line on the whole, redrawn in place. Elsewhere: a
/// line for each piece that is done, and one on the whole every few seconds.
/// </summary>
sealed class AblationDisplay : IDisposable
{
    static readonly TimeSpan Line = TimeSpan.FromSeconds(10);

    readonly IAnsiConsole _console;
    readonly bool _live;
    readonly Stopwatch _clock = Stopwatch.StartNew();
    readonly SortedDictionary<int, Row> _rows = [];
    readonly List<string> _notes = [];
    readonly TaskCompletionSource _over = new();
    readonly Task? _drawing;
    LiveDisplayContext? _context;
    TimeSpan _last;
    int _work, _done, _failed;

    sealed record Row(AblationJob Job, TimeSpan Began)
    {
        public StepReport? Step { get; set; }
        public long? Memory { get; set; }
    }

    public AblationDisplay(IAnsiConsole console)
    {
        _console = console;
        _live = console.Profile.Capabilities.Interactive && console.Profile.Out.IsTerminal;
        if (!_live) return;
        var started = new TaskCompletionSource();
        _drawing = console.Live(Table()).StartAsync(context =>
        {
            _context = context;
            started.SetResult();
            return _over.Task;
        });
        started.Task.GetAwaiter().GetResult();
    }

    /// <summary>Says how much there is to do, and how much was done before.</summary>
    public void Begin(int work, int before)
    {
        _work = work;
        Note(before == 0 ? $"{work} pieces of work" : $"{work} pieces of work; {before} need not be done any more");
    }

    /// <summary>A worker begins a piece of work.</summary>
    public void Begin(int worker, AblationJob job) => _rows[worker] = new(job, _clock.Elapsed);

    /// <summary>A worker took a step.</summary>
    public void Step(int worker, StepReport step, long? memory)
    {
        if (_rows.TryGetValue(worker, out var row)) (row.Step, row.Memory) = (step, memory);
    }

    /// <summary>A worker is done with its work.</summary>
    public void Done(int worker, AblationJob job)
    {
        _done++;
        var took = _rows.TryGetValue(worker, out var row) ? $" in {Time(_clock.Elapsed - row.Began)}" : "";
        var loss = row?.Step is { } step ? $", loss {Figures.Loss(step.Loss)}" : "";
        if (!_live) Print($"{job.Title}: done{took}{loss} ({_done} of {_work})");
        End(worker);
    }

    /// <summary>A piece of work failed.</summary>
    public void Failed(AblationJob job, string why)
    {
        _failed++;
        Note($"{job.Title}: failed: {why}");
    }

    /// <summary>A worker has no work any more.</summary>
    public void End(int worker) => _rows.Remove(worker);

    /// <summary>Something that a person should know.</summary>
    public void Note(string note)
    {
        note = Printable.Line(note);
        _notes.Add(note);
        if (!_live) Print(note);
    }

    /// <summary>Shows how things stand; elsewhere than in a terminal, only from time to time.</summary>
    public void Draw()
    {
        if (_live) _context!.UpdateTarget(Table());
        else if (_clock.Elapsed - _last >= Line)
        {
            _last = _clock.Elapsed;
            Print(Summary);
        }
    }

    public void Dispose()
    {
        _rows.Clear();
        if (_live) _context!.UpdateTarget(Table());
        _over.TrySetResult();
        _drawing?.GetAwaiter().GetResult();
    }

    void Print(string line) => _console.Profile.Out.Writer.WriteLine(line);

    string Summary => $"{_done} of {_work} done, {_rows.Count} under way, {_failed} failed; {Time(_clock.Elapsed)}";

    IRenderable Table()
    {
        const int notes = 6;
        var table = new Table().Border(TableBorder.Simple).Caption(new TableTitle(Markup.Escape(Summary)));
        table.AddColumn("under way");
        foreach (var name in (string[])["step", "loss", "tokens/s", "memory", "time", "left"]) table.AddColumn(new TableColumn(name).RightAligned());
        foreach (var (job, began, step, memory) in _rows.Values.Select(row => (row.Job, row.Began, row.Step, row.Memory)))
            table.AddRow([
                new Text(job.Title),
                .. ((string[])[
                    step is { } at ? string.Create(CultureInfo.InvariantCulture, $"{at.Step}/{at.Steps}") : "", step is { } loss ? Figures.Loss(loss.Loss) : "",
                    step?.TokensPerSecond.ToString("#,0", CultureInfo.InvariantCulture) ?? "", memory is { } bytes ? Machine.Gigabytes(bytes) : "", Time(_clock.Elapsed - began), step is { } left ? Time(left.Remaining) : "",
                ]).Select(cell => new Text(cell)),
            ]);
        return new Rows([.. _notes.TakeLast(notes).Select(note => new Text(note)), table]);
    }

    static string Time(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes}:{time.Seconds:00}");
}
