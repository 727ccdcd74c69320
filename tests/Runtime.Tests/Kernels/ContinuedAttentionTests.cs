using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Native;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>Past and new keys apart are attention with a mask over all of them.</summary>
public abstract class ContinuedAttentionTests(Device device)
{
    /// <summary>What tells its sums there in a type.</summary>
    private protected abstract bool IsExpected(AttentionKernel kernel, ScalarType type);

    [Theory]
    [InlineData(6, 2, 5, 40, 8, ScalarType.Float32)]
    [InlineData(4, 4, 33, 7, 16, ScalarType.Float32)]
    [InlineData(4, 2, 2, 1, 32, ScalarType.Float32)]
    [InlineData(8, 4, 70, 130, 128, ScalarType.BFloat16)]
    public void It_is_attention_with_a_mask(int heads, int kvHeads, int tokens, int past, int width, ScalarType type)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        random.manual_seed(heads + past);
        // Drawn on the CPU, whose generator is the one that is seeded. Keys and values as a cache has them, in a buffer with more room.
        Tensor Drawn(long count, long length) => (randn(2, count, length, width) * 2).to(type).to(device);
        var (q, buffers) = (Drawn(tokens, heads).transpose(1, 2), (Drawn(kvHeads, past + tokens + 3), Drawn(kvHeads, past + tokens + 3)));
        var (k, v) = (buffers.Item1.narrow(2, 0, past + tokens), buffers.Item2.narrow(2, 0, past + tokens));
        var mask = ones([tokens, past + tokens], ScalarType.Bool, device).tril(past);

        var each = heads / kvHeads;
        Assert.True(IsExpected(Aten.AttentionKernelOf(q, k.repeat_interleave(each, 1), v.repeat_interleave(each, 1), causal: false), type));
        var before = Tensor.TotalCount;
        var y = ContinuedAttention.Run(q, k, v)!;
        Assert.Equal(before + 1, Tensor.TotalCount);
        var exact = Aten.Attention(q.to(ScalarType.Float32), k.to(ScalarType.Float32), v.to(ScalarType.Float32), mask, false);
        Assert.Equal(type, y.dtype);
        Golden.Close(exact, y.to(ScalarType.Float32), type == ScalarType.Float32 ? 2e-6 : 1e-2, "y");
    }
}

public sealed class ContinuedAttentionTestsOnCpu() : ContinuedAttentionTests(TestDevice.Cpu)
{
    private protected override bool IsExpected(AttentionKernel kernel, ScalarType type) => kernel == AttentionKernel.Flash;
}

public sealed class ContinuedAttentionTestsOnCuda() : ContinuedAttentionTests(TestDevice.Cuda)
{
    /// <summary>So long a past that cuDNN's kernel, where libtorch prefers it, is asked in two parts.</summary>
    [Fact]
    public void A_long_past()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        const int tokens = 2048, past = 16384;
        random.manual_seed(1);
        Tensor Drawn(int heads, int count) => randn(1, heads, count, 128).to(ScalarType.BFloat16).to(CUDA);
        var (q, k, v) = (Drawn(16, tokens), Drawn(8, past + tokens), Drawn(8, past + tokens));
        var libtorchs = Aten.AttentionKernelOf(q, k, v, causal: false);
        Assert.Equal(libtorchs, AttentionChoice.Of(q, k.narrow(2, 0, past), v.narrow(2, 0, past), causal: false));
        var y = ContinuedAttention.Run(q, k, v)!;
        var mask = ones([tokens, past + tokens], ScalarType.Bool, CUDA).tril(past);
        Golden.Close(Aten.Attention(q.to(ScalarType.Float32), k.to(ScalarType.Float32), v.to(ScalarType.Float32), mask, false), y.to(ScalarType.Float32), 1e-2, "y");
    }

    private protected override bool IsExpected(AttentionKernel kernel, ScalarType type) =>
        type == ScalarType.Float32 ? kernel == AttentionKernel.Efficient : kernel is AttentionKernel.Cudnn or AttentionKernel.Flash;
}
