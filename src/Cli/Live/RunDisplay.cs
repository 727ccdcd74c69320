using System.Diagnostics;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;
using MmMamba.Runtime.Distillation;
using Spectre.Console;
using Spectre.Console.Rendering;

namespace MmMamba.Cli.Live;

/// <summary>
/// What a run shows while it goes on. In a terminal: a block for each phase, redrawn in place, as wide as the terminal is. Elsewhere: a line every few
/// seconds, so that logs stay short.
/// </summary>
sealed class RunDisplay : IStageWatcher, IDisposable
{
    const string Gap = "  ";
    const int Indent = 2;

    static readonly TimeSpan Redraw = TimeSpan.FromSeconds(0.25), Line = TimeSpan.FromSeconds(10);

    readonly IAnsiConsole _console;
    readonly List<RunPhase> _phases = [];
    readonly Stopwatch _clock = Stopwatch.StartNew();
    readonly bool _live;
    readonly object _gate = new();
    TimeSpan _last = TimeSpan.MinValue;
    LiveDisplayContext? _context;
    readonly TaskCompletionSource _done = new();
    readonly Task? _drawing;

    public RunDisplay(IAnsiConsole console)
    {
        _console = console;
        _live = console.Profile.Capabilities.Interactive && console.Profile.Out.IsTerminal;
        if (!_live) return;
        var started = new TaskCompletionSource();
        _drawing = console.Live(Blocks()).StartAsync(context =>
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

    public void Report(StepReport step, long? memory)
    {
        lock (_gate)
        {
            (_phases[^1].Report, _phases[^1].MemoryBytes) = (step, memory);
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
        if (_live) _context!.UpdateTarget(Blocks());
        else if (_phases[^1] is { Took: null, Report: not null } phase)
            _console.Profile.Out.Writer.WriteLine($"{phase.Name}: {string.Join(Gap, phase.Figures())}");
    }

    Rows Blocks() => new(_phases.SelectMany(Block));

    // Its name and time, then its figures, then what it came to.
    IEnumerable<IRenderable> Block(RunPhase phase)
    {
        var time = RunPhase.Time(phase.Took ?? _clock.Elapsed - phase.Began);
        yield return new Text($"{phase.Name}{Gap}{time}", phase.Took is null ? new Style(decoration: Decoration.Bold) : Style.Plain);
        foreach (var line in Filled(phase.Figures(), _console.Profile.Width - Indent)) yield return Indented(line);
        if (phase.Note is { } note) yield return Indented(note);
    }

    static Padder Indented(string text) => new(new Text(text), new Padding(Indent, 0, 0, 0));

    // As many figures on a line as fit: none is torn from its name.
    static IEnumerable<string> Filled(IEnumerable<string> figures, int width)
    {
        var line = "";
        foreach (var figure in figures)
        {
            if (line.Length > 0 && line.Length + Gap.Length + figure.Length > width)
            {
                yield return line;
                line = "";
            }
            line += line.Length > 0 ? Gap + figure : figure;
        }
        if (line.Length > 0) yield return line;
    }
}
