using System.Diagnostics;
using System.Globalization;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;
using MmMamba.Runtime.Distillation;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MmMamba.Cli.Live;

/// <summary>
/// What a run shows while it goes on. In a terminal: a table with a row for each phase, redrawn in place. Elsewhere: a line every few
/// seconds, so that logs stay short.
/// </summary>
sealed class RunDisplay : IStageWatcher, IDisposable
{
    static readonly TimeSpan Redraw = TimeSpan.FromSeconds(0.25), Line = TimeSpan.FromSeconds(10);

    readonly IAnsiConsole _console;
    readonly List<Phase> _phases = [];
    readonly Stopwatch _clock = Stopwatch.StartNew();
    readonly bool _live;
    readonly object _gate = new();
    TimeSpan _last = TimeSpan.MinValue;
    LiveDisplayContext? _context;
    readonly TaskCompletionSource _done = new();
    readonly Task? _drawing;

    sealed class Phase(string name)
    {
        public string Name { get; } = name;
        public StepReport? Report { get; set; }
        public string? Note { get; set; }
        public TimeSpan Began { get; set; }
        public TimeSpan? Took { get; set; }
    }

    public RunDisplay(IAnsiConsole console)
    {
        _console = console;
        _live = console.Profile.Capabilities.Interactive && console.Profile.Out.IsTerminal;
        if (!_live) return;
        var started = new TaskCompletionSource();
        _drawing = console.Live(Table()).StartAsync(context =>
        {
            _context = context;
            started.SetResult();
            return _done.Task;
        });
        started.Task.GetAwaiter().GetResult();
    }

    /// <summary>Begins a phase; the one before it is over.</summary>
    public void Begin(string name)
    {
        lock (_gate)
        {
            Finish();
            _phases.Add(new(name) { Began = _clock.Elapsed });
            if (!_live) _console.Profile.Out.Writer.WriteLine(name);
            Draw(always: true);
        }
    }

    /// <summary>What the phase came to, in a few words.</summary>
    public void Note(string note)
    {
        lock (_gate)
        {
            note = Printable.Line(note);
            _phases[^1].Note = _phases[^1].Note is { } before ? $"{before}; {note}" : note;
            if (!_live) _console.Profile.Out.Writer.WriteLine($"{_phases[^1].Name}: {note}");
            Draw(always: true);
        }
    }

    public void Report(StepReport step)
    {
        lock (_gate)
        {
            _phases[^1].Report = step;
            Draw(step.Step == step.Steps);
        }
    }

    public void Dispose()
    {
        lock (_gate)
        {
            Finish();
            Draw(always: true);
        }
        _done.TrySetResult();
        _drawing?.GetAwaiter().GetResult();
    }

    void Finish()
    {
        if (_phases.Count > 0) _phases[^1].Took ??= _clock.Elapsed - _phases[^1].Began;
    }

    void Draw(bool always)
    {
        if (_phases.Count == 0 || !always && _clock.Elapsed - _last < (_live ? Redraw : Line)) return;
        _last = _clock.Elapsed;
        if (_live) _context!.UpdateTarget(Table());
        else if (_phases[^1] is { Took: null, Report: { } report, Name: var name })
            _console.Profile.Out.Writer.WriteLine(string.Create(CultureInfo.InvariantCulture,
                $"{name}: step {report.Step}/{report.Steps}  loss {report.Loss:0.####}  {report.TokensPerSecond:#,0} tokens/s  {Time(report.Remaining)} left"));
    }

    IRenderable Table()
    {
        var table = new Table().Border(TableBorder.Simple);
        table.AddColumn("stage").AddColumn(new TableColumn("step").RightAligned()).AddColumn(new TableColumn("loss").RightAligned())
            .AddColumn(new TableColumn("tokens/s").RightAligned()).AddColumn(new TableColumn("time").RightAligned())
            .AddColumn(new TableColumn("left").RightAligned()).AddColumn("");
        foreach (var phase in _phases)
        {
            var report = phase.Report;
            var running = phase.Took is null;
            table.AddRow(
                new Markup(running ? $"[bold]{Markup.Escape(phase.Name)}[/]" : Markup.Escape(phase.Name)),
                new Text(report is { } r ? string.Create(CultureInfo.InvariantCulture, $"{r.Step}/{r.Steps}") : ""),
                new Text(report is { } l ? l.Loss.ToString("0.####", CultureInfo.InvariantCulture) : ""),
                new Text(report is { } t ? t.TokensPerSecond.ToString("#,0", CultureInfo.InvariantCulture) : ""),
                new Text(Time(phase.Took ?? _clock.Elapsed - phase.Began)),
                new Text(running && report is { } left ? Time(left.Remaining) : ""),
                new Text(phase.Note ?? ""));
        }
        return table;
    }

    static string Time(TimeSpan time) => string.Create(CultureInfo.InvariantCulture, $"{(int)time.TotalMinutes}:{time.Seconds:00}");
}
