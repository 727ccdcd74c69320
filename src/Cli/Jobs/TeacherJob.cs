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
    /// <summary>The trained model, and how its loss went.</summary>
    public static (VisionLanguageModel Teacher, TrainingSummary Summary) Run(
        ModelPlan plan, TeacherRecipe recipe, RunSettings settings, IProgress<StepReport> progress, CancellationToken cancellation)
    {
        // Settled before a model is made, which may be large.
        var encoder = Encoders.For(plan);
        var lessons = settings.Data.Lessons(settings.Seed, (long)recipe.Steps * recipe.Batch);
        var loader = new BatchLoader(lessons, encoder, new()
        {
            Size = recipe.Batch, Workers = settings.Workers, Endless = true, Device = settings.Device,
            Shuffle = settings.Data.IsFinite ? settings.Seed : null,
        });
        var model = recipe.From is { } checkpoint
            ? Checkpoint.Load(plan, checkpoint, settings.Device)
            : new VisionLanguageModel(plan, new DrawnParameters(settings.Seed, settings.Device));
        var exact = !torch.backends.cuda.matmul.allow_tf32;
        try
        {
            // A teacher has no oracle that it must equal: on a GPU its products may round their factors.
            torch.backends.cuda.matmul.allow_tf32 = true;
            var summary = TeacherTraining.Run(model, loader.Read(cancellation), new()
            {
                Steps = recipe.Steps,
                Batch = recipe.Batch,
                LearningRate = recipe.LearningRate,
                Schedule = new(ScheduleKind.Cosine, Warmup: 0.03, Decay: 0),
                Optimizer = new(Beta1: 0.9, Beta2: 0.98, Eps: 1e-8, WeightDecay: 0.05),
                Clip = 1,
                Seed = settings.Seed,
                Data = settings.Data.Description,
            }, progress, cancellation);
            return (model, summary);
        }
        catch
        {
            model.Dispose();
            throw;
        }
        finally
        {
            torch.backends.cuda.matmul.allow_tf32 = !exact;
        }
    }
}
