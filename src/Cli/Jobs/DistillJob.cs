using MmMamba.Cli.Live;
using MmMamba.Runtime;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Evaluation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;

namespace MmMamba.Cli.Jobs;

/// <summary>
/// Seeds a student from its teacher, runs the stages that its recipe names, and judges teacher, seeded and distilled student. What the run's
/// folder holds already is not done again.
/// </summary>
sealed class DistillJob : IDisposable
{
    readonly VisionLanguageModel _teacher;
    readonly ModelPlan _plan;
    readonly DistillationPlan _recipe;
    readonly string _sheet;
    readonly RunSettings _settings;
    readonly RunFolder _folder;
    readonly RunDisplay _display;
    readonly CancellationToken _cancellation;
    readonly MetricsFile _metrics;
    readonly TrainingStates _states;
    readonly StageRunner _stages;

    /// <param name="teacher">The trained teacher.</param>
    /// <param name="plan">The student.</param>
    /// <param name="sheet">The student's architecture sheet, which its checkpoint carries.</param>
    /// <param name="scale">Factor on the recipe's steps.</param>
    /// <param name="settings">Data, seed, device.</param>
    /// <param name="folder">Receives figures, states, artefacts and the student's checkpoint.</param>
    /// <param name="states">When states are written.</param>
    /// <param name="display">Shows what goes on.</param>
    /// <param name="cancellation">Stops between two batches.</param>
    public DistillJob(
        VisionLanguageModel teacher, ModelPlan plan, string sheet, double scale, RunSettings settings, RunFolder folder, StateOptions states, RunDisplay display,
        CancellationToken cancellation)
    {
        (_teacher, _plan, _recipe, _sheet) = (teacher, plan, plan.RecipeOf(), sheet);
        (_settings, _folder, _display, _cancellation) = (settings, folder, display, cancellation);
        _metrics = new(folder.At(RunFolder.Metrics));
        _states = new(folder.At(""), states, display.Note, _metrics.Flush);
        _stages = new(teacher, plan, scale, settings, _states, _metrics, display, cancellation);
    }

    /// <summary>Runs what is left.</summary>
    public DistillOutcome Run()
    {
        var teacher = Ask("teacher", () => Judge.Ask(_teacher, _settings, _cancellation));
        var seeded = Ask("seeded", () =>
        {
            // What begins after another run's stage was seeded with that run's seed.
            var seed = StageFiles.SeedOf(_folder) ?? _settings.Seed;
            using var begin = new VisionLanguageModel(_plan, new SeededParameters(_teacher, seed));
            return Judge.Ask(begin, _settings, _cancellation);
        });
        using var student = Student();
        return new(teacher, seeded, Ask("distilled", () => Judge.Ask(student, _settings, _cancellation)), _metrics.Steps);
    }

    public void Dispose() => _metrics.Dispose();

    VisionLanguageModel Student()
    {
        var path = _folder.At("student.safetensors");
        if (RunModel.Load(_plan, path, _settings.Device, _settings.Trainer.Dtype) is { } done)
        {
            if (Runs(StageKind.EndToEnd)) Done(StageKind.EndToEnd);
            return done;
        }
        using var mixers = Mixers();
        var student = Runs(StageKind.EndToEnd)
            ? Stage(StageKind.EndToEnd, () => _stages.EndToEnd(mixers))
            : new(StudentAssembly.Build(_teacher, _plan, mixers.Mixers), mixers.Mixers.Chain);
        RunModel.Save(student.Student, path, _sheet, student.Chain);
        _states.Finish(StageKind.EndToEnd.NameOf());
        return student.Student;
    }

    MixerArtefact Mixers()
    {
        var path = StageFiles.PathOf(_folder, StageKind.Mixer);
        if (File.Exists(path))
        {
            Done(StageKind.Mixer);
            return MixerArtefact.Load(path, _plan, _settings.Device);
        }
        using var start = Introduced();
        if (!Runs(StageKind.Mixer)) return MixerArtefact.Skipped(start);
        var artefact = Stage(StageKind.Mixer, () => _stages.Mixer(start));
        artefact.Save(path);
        _states.Finish(StageKind.Mixer.NameOf());
        return artefact;
    }

    IntroducedArtefact Introduced()
    {
        var path = StageFiles.PathOf(_folder, StageKind.Introduced);
        if (File.Exists(path))
        {
            Done(StageKind.Introduced);
            return IntroducedArtefact.Load(path, _plan, _settings.Device);
        }
        if (!Runs(StageKind.Introduced)) return IntroducedArtefact.Skipped(_teacher, _plan, _settings.Seed);
        var artefact = Stage(StageKind.Introduced, _stages.Introduced);
        artefact.Save(path);
        _states.Finish(StageKind.Introduced.NameOf());
        return artefact;
    }

    bool Runs(StageKind kind) => _recipe.Run.Contains(kind);

    void Done(StageKind kind)
    {
        _display.Begin(kind.NameOf());
        _display.Note("taken from the folder");
        _states.Finish(kind.NameOf()); // a run may have ended before it did so
    }

    T Stage<T>(StageKind kind, Func<T> run)
    {
        _display.Begin(kind.NameOf());
        return run();
    }

    EvaluationResult Ask(string name, Func<EvaluationResult> ask)
    {
        _display.Begin($"ask the {name} {(name == "teacher" ? "model" : "student")}");
        var path = EvaluationFile.PathOf(_folder, name);
        var result = EvaluationFile.Read(path);
        if (result is null)
        {
            result = ask();
            _metrics.Evaluation(name, result);
            _metrics.Flush();
            EvaluationFile.Write(path, result);
        }
        _display.Note(FormattableString.Invariant($"{100 * result.Average:0.0} % of {result.Turns} questions, mean over kinds"));
        return result;
    }
}
