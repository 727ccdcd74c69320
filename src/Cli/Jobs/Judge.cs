using MmMamba.Runtime;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Jobs;

/// <summary>Asks models about test pictures: the same questions for every model of a run.</summary>
static class Judge
{
    const int Batch = 32;

    public static EvaluationResult Ask(VisionLanguageModel model, RunSettings settings, CancellationToken cancellation)
    {
        var loader = new BatchLoader(settings.Data.Test(settings.TestConversations), Encoders.For(model.Plan), new()
        {
            Size = Batch, Workers = settings.Workers, Device = settings.Device,
        });
        return Evaluator.Run(model, loader.Read(cancellation), cancellation: cancellation);
    }
}
