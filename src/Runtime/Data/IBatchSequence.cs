namespace MmMamba.Runtime.Data;

/// <summary>Batches in an order that can be entered anywhere: where a run that was interrupted goes on.</summary>
public interface IBatchSequence : IEnumerable<Batch>
{
    /// <summary>The same batches from a number on, counted from 0. Those before it are not made.</summary>
    IBatchSequence From(long number);
}
