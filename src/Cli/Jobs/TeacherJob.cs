using System.Text.Json.Nodes;
using MmMamba.Cli.Live;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;

namespace MmMamba.Cli.Jobs;

/// <summary>How long and how fast a teacher is trained.</summary>
/// <param name="Steps">Optimizer steps.</param>
/// <param name="Batch">Conversations a step.</param>
/// <param name="LearningRate">Highest rate.</param>
/// <param name="From">A checkpoint to start from; null starts from drawn parameters.</param>
sealed record TeacherRecipe(int Steps, int Batch, double LearningRate, string? From);

/// <summary>Trains a teacher on the lessons of a data set.</summary>
static class TeacherJob
{
    /// <summary>The model as it begins: drawn, or from a checkpoint.</summary>
    public static VisionLanguageModel Begin(ModelPlan plan, TeacherRecipe recipe, RunSettings settings)
    {
        _ = Encoders.For(plan); // settled before a model is made, which may be large
        return recipe.From is { } checkpoint
            ? Checkpoint.Load(plan, checkpoint, settings.Device)
            : new VisionLanguageModel(plan, new DrawnParameters(settings.Seed, settings.Device));
    }

    /// <summary>What of a recipe decides on the run's results.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="begin">The model as it begins.</param>
    public static JsonObject Record(TeacherRecipe recipe, VisionLanguageModel begin) => new()
    {
        ["steps"] = recipe.Steps, ["batch"] = recipe.Batch, ["lr"] = recipe.LearningRate, ["begins_with"] = TeacherIdentity.Of(begin).Hash,
    };

    /// <summary>Trains the model in place, from its newest state on where the folder holds one.</summary>
    /// <param name="folder">Receives states and figures.</param>
    /// <param name="options">When states are written.</param>
    /// <param name="display">Shows what goes on.</param>
    public static void Train(
        VisionLanguageModel model, TeacherRecipe recipe, RunSettings settings, RunFolder folder, StateOptions options, RunDisplay display, CancellationToken cancellation)
    {
        display.Begin(StageNames.Teacher);
        using var metrics = new MetricsFile(folder.At(RunFolder.Metrics));
        var recorder = new RunRecorder(display, metrics, settings.Device);
        var summary = Run(model, recipe, settings, recorder, cancellation, new(folder.At(""), options, display.Note, metrics.Flush));
        display.Note(FormattableString.Invariant($"loss {summary.FirstLoss:0.###} -> {summary.LastLoss:0.###}"));
        recorder.TellLost(summary);
    }

    static TrainingSummary Run(
        VisionLanguageModel model, TeacherRecipe recipe, RunSettings settings, IProgress<StepReport> progress, CancellationToken cancellation, TrainingStates states)
    {
        var lessons = settings.Data.Lessons(settings.Seed, (long)recipe.Steps * recipe.Batch);
        var loader = new BatchLoader(lessons, Encoders.For(model.Plan), new()
        {
            Size = recipe.Batch, Workers = settings.Workers, Endless = true, Device = settings.Device, PassUnreadable = true,
            Shuffle = settings.Data.IsFinite ? settings.Seed : null,
        });
        var exact = !torch.backends.cuda.matmul.allow_tf32;
        try
        {
            // A teacher has no oracle that it must equal: on a GPU its products may round their factors.
            torch.backends.cuda.matmul.allow_tf32 = true;
            return TeacherTraining.Run(model, loader.Read(cancellation), new()
            {
                Steps = recipe.Steps,
                Batch = recipe.Batch,
                LearningRate = recipe.LearningRate,
                Schedule = new(ScheduleKind.Cosine, Warmup: 0.03, Decay: 0),
                Optimizer = new(Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, WeightDecay: 0.05),
                Clip = 1,
                Seed = settings.Seed,
                Data = settings.Data.Description,
                MostUnreadable = settings.Data.MostUnreadable,
            }, progress, cancellation, states);
        }
        finally
        {
            torch.backends.cuda.matmul.allow_tf32 = !exact;
        }
    }
}
