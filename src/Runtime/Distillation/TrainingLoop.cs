using MmMamba.Runtime.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// The one loop behind the stages and the teacher's training: batches in, gradients from the caller, schedule, clip, AdamW, reports
/// and states out. It holds no model; what a step computes is the caller's.
/// </summary>
/// <param name="name">The run's name in reports and errors.</param>
/// <param name="options">How long and how fast.</param>
/// <param name="trained">The trained tensors by name; the names decide on weight decay.</param>
public sealed class TrainingLoop(string name, TrainingOptions options, IReadOnlyList<NamedParameter> trained)
{
    /// <summary>Runs all steps, or those that are left after a state.</summary>
    /// <param name="data">
    /// A batch for every step from the first one on. After a state, those that it has used up are left out: a
    /// <see cref="IBatchSequence"/> is entered at the next one, of others they are read.
    /// </param>
    /// <param name="gradients">
    /// Computes the loss of a part of a batch, its share in the batch's, adds its gradients to the trained tensors, and returns the loss (a detached scalar).
    /// It is called within a scope of its own and need not dispose anything.
    /// </param>
    /// <param name="progress">Told after every step, on the calling thread.</param>
    /// <param name="cancellation">Stops between two parts; a state is written.</param>
    /// <param name="states">Where the run goes on and where its states are written; null keeps none.</param>
    /// <exception cref="InputException">
    /// The data ends early or holds too much that cannot be read; loss or gradient are no finite numbers in too many steps in a row; or a state
    /// cannot be written.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public TrainingSummary Run(
        IEnumerable<Batch> data, Func<MicroBatch, Tensor> gradients,
        IProgress<StepReport>? progress = null, CancellationToken cancellation = default, TrainingStates? states = null)
    {
        using var lane = new TrainingLane(name, options, trained, progress, states);
        return Run([lane], data, (part, _) => [gradients(part)], cancellation)[0];
    }

    /// <summary>Runs several trainings on the same batches. Each is what it would be alone.</summary>
    /// <param name="lanes">The trainings; their batches are cut alike.</param>
    /// <param name="data">Batches for all steps; one that a lane has used up before is not shown to it again.</param>
    /// <param name="gradients">Computes the losses of a part, one for each of some lanes.</param>
    /// <param name="cancellation">Stops between two parts; states are written.</param>
    internal static IReadOnlyList<TrainingSummary> Run(
        IReadOnlyList<TrainingLane> lanes, IEnumerable<Batch> data, Func<MicroBatch, IReadOnlyList<TrainingLane>, IReadOnlyList<Tensor>> gradients,
        CancellationToken cancellation)
    {
        foreach (var lane in lanes) lane.Begin();
        if (lanes.Any(lane => !lane.IsDone))
        {
            var number = lanes.Where(lane => !lane.IsDone).Min(lane => lane.Batches);
            using var batches = From(data, number).GetEnumerator();
            for (; lanes.Any(lane => !lane.IsDone); number++) Step([.. lanes.Where(lane => !lane.IsDone && lane.Batches == number)], batches, gradients, cancellation);
        }
        return [.. lanes.Select(lane => lane.Summary())];
    }

    static void Step(
        IReadOnlyList<TrainingLane> lanes, IEnumerator<Batch> batches, Func<MicroBatch, IReadOnlyList<TrainingLane>, IReadOnlyList<Tensor>> gradients,
        CancellationToken cancellation)
    {
        long tokens;
        try
        {
            cancellation.ThrowIfCancellationRequested();
            tokens = Gather(lanes, batches, gradients, cancellation);
        }
        catch (Exception stop) when (stop is OperationCanceledException or InputException)
        {
            // Nothing has moved since the last step: its state is whole. What this step has gathered is dropped, and computed again.
            foreach (var lane in lanes) lane.Keep();
            throw;
        }
        foreach (var lane in lanes) lane.Finish(tokens);
    }

    // One batch, part by part. A lane whose loss is no number passes the other parts by: its step is lost.
    static long Gather(
        IReadOnlyList<TrainingLane> lanes, IEnumerator<Batch> batches, Func<MicroBatch, IReadOnlyList<TrainingLane>, IReadOnlyList<Tensor>> gradients,
        CancellationToken cancellation)
    {
        if (!batches.MoveNext()) throw TrainingLane.DataEnded(lanes);
        if (lanes.Count == 0) return 0; // what all lanes that are left have used up
        var batch = batches.Current;
        foreach (var lane in lanes) lane.Admit(batch);
        var options = lanes[0].Options;
        var step = StepTotals.Of(batch, options.MaskPadding);
        foreach (var rows in MicroBatching.Rows(MicroBatch.LengthsOf(batch), options))
        {
            cancellation.ThrowIfCancellationRequested();
            TrainingLane[] sound = [.. lanes.Where(lane => lane.IsSound)];
            if (sound.Length == 0) break;
            using var scope = NewDisposeScope();
            var losses = gradients(MicroBatch.Of(batch, rows, step, options), sound);
            for (var i = 0; i < sound.Length; i++) sound[i].Gather(losses[i], batch);
        }
        return TokenMask.CountTokens(batch.Input);
    }

    static IEnumerable<Batch> From(IEnumerable<Batch> data, long number) => data switch
    {
        _ when number == 0 => data,
        IBatchSequence sequence => sequence.From(number),
        _ => data.Skip(checked((int)number)),
    };
}
