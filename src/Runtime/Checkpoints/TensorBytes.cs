using static TorchSharp.torch;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>What is done with a span of bytes.</summary>
delegate void BytesAction(Span<byte> block);

/// <summary>A tensor's memory as bytes.</summary>
static class TensorBytes
{
    // A span holds at most 2 GiB; blocks of 64 MiB also keep a single system call short.
    public const long BlockBytes = 64 << 20;

    /// <summary>Hands the memory of a contiguous CPU tensor over, block after block, in order.</summary>
    public static void ForEachBlock(Tensor tensor, BytesAction action)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var elements = tensor.detach().view(-1);
        var blockElements = BlockBytes / ElementTypes.SizeOf(tensor.dtype);
        for (long first = 0; first < elements.numel(); first += blockElements)
        {
            using var block = elements.narrow(0, first, Math.Min(blockElements, elements.numel() - first));
            action(block.bytes);
        }
    }
}
