using MmMamba.Runtime;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Jobs;

/// <summary>Asks models about test pictures: the same questions for every model of a run.</summary>
static class Judge
{
    const int BatchSize = 32;

    public static EvaluationResult Ask(VisionLanguageModel model, RunSettings settings, CancellationToken cancellation) =>
        Evaluator.Run(model, Questions(Encoders.For(model.Plan), settings, cancellation), cancellation: cancellation);

    /// <summary>The test, once, as a model reads it.</summary>
    public static IEnumerable<Batch> Questions(ConversationEncoder encoder, RunSettings settings, CancellationToken cancellation) =>
        new BatchLoader(settings.Data.Test(settings.TestConversations), encoder, new() { Size = BatchSize, Workers = settings.Workers, Device = settings.Device }).Read(cancellation);
}
