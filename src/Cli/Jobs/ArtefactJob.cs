using System.Text.Json.Nodes;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Rendering;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;

namespace MmMamba.Cli.Jobs;

/// <summary>Makes of a state what its stage would have left if it had ended there: an artefact, or a checkpoint of the student or the teacher.</summary>
static class ArtefactJob
{
    /// <param name="model">The model that its run was asked for.</param>
    /// <param name="library">Where its teacher is found.</param>
    /// <param name="path">The state, where its run wrote it.</param>
    /// <param name="teacher">The teacher's checkpoint; null takes the one that the run trained, or that comes with the tool.</param>
    /// <param name="output">The file to write.</param>
    /// <exception cref="InputException">It is no state, does not lie in its run's folder, or the model or the teacher is another one.</exception>
    public static SavedState Run(NamedModel model, SpecLibrary library, string path, string? teacher, string output)
    {
        var state = SavedState.Read(path);
        var run = Path.GetDirectoryName(Path.GetDirectoryName(Path.GetFullPath(path))) ?? "/";
        if (!File.Exists(Path.Combine(run, RunFolder.Record))) throw new InputException($"{path}: there is no {RunFolder.Record} of its run; name a state where its run wrote it.");
        var asked = RunRecord.AskedOf(run, model.Plan);
        if (state.Stage == StageNames.Teacher)
        {
            if (teacher is not null) throw new InputException($"{path}: is a teacher's, and has no other; leave out --teacher.");
            WriteTeacher(TeacherModel(model, library, asked), state, (bool?)asked["half"] == true, output);
        }
        else if (Enum.GetValues<StageKind>().Cast<StageKind?>().FirstOrDefault(kind => kind!.Value.NameOf() == state.Stage) is { } stage) WriteStage(model, library, state, stage, run, asked, teacher, output);
        else throw new InputException($"{path}: is of a training '{state.Stage}', which is no stage.");
        return state;
    }

    static void WriteTeacher(NamedModel teacher, SavedState state, bool half, string output)
    {
        using var model = new VisionLanguageModel(teacher.Plan, new DrawnParameters(state.Options.Seed));
        TeacherTraining.Run(model, [], state.Options, states: state.End());
        Checkpoint.Save(model, output, new Dictionary<string, string> { [Checkpoint.SheetKey] = Sheet.Render(teacher.Resolved) }, storeAs: half ? torch.ScalarType.Float16 : null);
    }

    // A run's record holds all of its model, and of its teacher what of it has no tensors as well.
    static NamedModel TeacherModel(NamedModel model, SpecLibrary library, JsonNode asked)
    {
        if (model.Plan.Teacher is not { } name) return model;
        var teacher = library.Model(name);
        var wanted = asked["teacher_architecture"]?.ToString();
        return wanted == teacher.Plan.Fingerprint ? teacher
            : throw new InputException($"{name} is {teacher.Plan.Fingerprint}, and the run's teacher was {wanted}: its spec has changed since.");
    }

    static void WriteStage(NamedModel model, SpecLibrary library, SavedState state, StageKind stage, string run, JsonNode asked, string? named, string output)
    {
        using var teacher = TeacherOf(TeacherModel(model, library, asked).Plan, run, asked, named);
        switch (stage)
        {
            case StageKind.Introduced:
                using (var made = new MixerDistillation(teacher, model.Plan).RunIntroduced([], state.Options, states: state.End())) made.Save(output);
                break;
            case StageKind.Mixer:
                using (var start = Introduced())
                using (var made = new MixerDistillation(teacher, model.Plan).RunMixer(start, [], state.Options, states: state.End())) made.Save(output);
                break;
            default:
                using (var start = Mixers())
                {
                    var (student, chain) = new EndToEndDistillation(teacher, model.Plan).Run(
                        start, [], state.Options, source => new VisionLanguageModel(model.Plan, source), states: state.End());
                    using (student) RunModel.Save(student, output, Sheet.Render(model.Resolved), chain);
                }
                break;
        }

        // A run after another's artefact has that in its folder, of whichever stage.
        IntroducedArtefact Introduced() => Before(StageKind.Introduced, asked["from_stage"] is not null) is { } path
            ? IntroducedArtefact.Load(path, model.Plan)
            : IntroducedArtefact.Skipped(teacher, model.Plan, state.Options.Seed);

        MixerArtefact Mixers()
        {
            if (Before(StageKind.Mixer) is { } path) return MixerArtefact.Load(path, model.Plan);
            using var start = Introduced();
            return MixerArtefact.Skipped(start);
        }

        // The artefact of a stage before; null where the run has none.
        string? Before(StageKind kind, bool isTaken = false)
        {
            var path = StageFiles.PathOf(run, kind);
            if (File.Exists(path)) return path;
            return !isTaken && !model.Plan.RecipeOf().Run.Contains(kind) ? null : throw new InputException($"{path}: is gone, and the {state.Stage} stage began after it; put it back.");
        }
    }

    static VisionLanguageModel TeacherOf(ModelPlan plan, string run, JsonNode asked, string? named)
    {
        // Of a teacher that the run trained there is no hash beforehand: it is the one in its folder, and no other.
        var wanted = (asked["teacher"] as JsonValue)?.ToString();
        var trained = Path.Combine(run, "teacher.safetensors");
        if (wanted is null && named is not null) throw new InputException($"{named}: the run trained its own teacher, {trained}; leave out --teacher.");
        var dtype = asked["dtype"] is { } type ? Dtypes.Parse(type.ToString()) : torch.ScalarType.Float32;
        if (wanted is null)
        {
            // Its file tells whether it is what was written.
            var whole = RunModel.Load(plan, trained, torch.CPU) ?? throw new InputException($"{trained}: is gone, and is the teacher that the run trained; put it back.");
            whole.Dispose();
            return Checkpoint.Load(plan, trained, torch.CPU, dtype);
        }
        var path = named ?? (plan.Name == TinyTeacher.Model ? TinyTeacher.Path : null)
            ?? throw new InputException($"no checkpoint of {plan.Name} comes with the tool; name the run's with --teacher.");
        var teacher = Checkpoint.Load(plan, path, torch.CPU, dtype);
        var hash = TeacherIdentity.Of(teacher).Hash;
        if (wanted == hash) return teacher;
        teacher.Dispose();
        throw new InputException($"{path}: its weights are {hash[..12]} and those of the run's teacher {Shown(wanted)}; name that teacher with --teacher.");

        static string Shown(string hash) => hash.Length > 12 ? hash[..12] : hash;
    }
}
