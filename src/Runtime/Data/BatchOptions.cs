using TorchSharp;

namespace MmMamba.Runtime.Data;

/// <summary>How batches are made from a source.</summary>
public sealed record BatchOptions
{
    /// <summary>Conversations a batch, at least 1.</summary>
    public int Size { get; init; } = 16;

    /// <summary>Threads that encode, at least 1. Order and content of the batches don't depend on it.</summary>
    public int Workers { get; init; } = 1;

    /// <summary>Most batches that wait, at least 1.</summary>
    public int Prefetch { get; init; } = 4;

    /// <summary>Whether the source begins again when it ends; otherwise it is gone through once.</summary>
    public bool Endless { get; init; }

    /// <summary>Seed of each pass's order; null keeps the source's own order.</summary>
    public ulong? Shuffle { get; init; }

    /// <summary>Whether the last batch of the one pass is left out when it is smaller than the others.</summary>
    public bool DropLast { get; init; }

    /// <summary>
    /// Whether a conversation that can't be read is passed by: the next one that can be read stands in its place, and the batch says so
    /// (<see cref="Batch.Unreadable"/>). Otherwise its error is thrown.
    /// </summary>
    public bool PassUnreadable { get; init; }

    /// <summary>Where the tensors go; null leaves them on the CPU, and so does a batch of more than 64 MiB: several wait at once.</summary>
    public torch.Device? Device { get; init; }
}
