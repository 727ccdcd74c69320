using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Native;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels;

/// <summary>A plan for each shape is made where there is enough to do.</summary>
public sealed class AttentionChoiceTests
{
    [Theory]
    [InlineData(8, 1, 2000, 128, false, AttentionKernel.Flash)]
    [InlineData(1, 768, 768, 128, true, AttentionKernel.Flash)]
    [InlineData(1, 7600, 7600, 128, true, AttentionKernel.Flash)]
    [InlineData(1, 8192, 8192, 128, true, AttentionKernel.Cudnn)]
    [InlineData(1, 8192, 8192, 256, false, AttentionKernel.Cudnn)]
    [InlineData(1, 768, 100_000, 128, false, AttentionKernel.Cudnn)]
    [InlineData(1, 1, 30, 12, false, AttentionKernel.Cudnn)]
    [InlineData(1, 1, 30, 512, false, AttentionKernel.Cudnn)]
    internal void It_is_cudnns_where_a_plan_is_worth_it(int batch, int tokens, int keys, int width, bool causal, AttentionKernel expected)
    {
        Assert.Equal(expected, AttentionChoice.Of(AttentionKernel.Cudnn, [batch, 16, tokens, width], keys, causal));
        Assert.Equal(AttentionKernel.Efficient, AttentionChoice.Of(AttentionKernel.Efficient, [batch, 16, tokens, width], keys, causal));
    }
}

/// <summary>Attention that the flash kernel is asked for in libtorch's stead is attention.</summary>
public sealed class AttentionChoiceTestsOnCuda
{
    [Theory]
    [InlineData(8, 1, 77, false)]
    [InlineData(2, 19, 19, true)]
    public void A_few_queries(int batch, int tokens, int keys, bool causal)
    {
        var device = TestDevice.Cuda;
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        random.manual_seed(tokens);
        Tensor Drawn(int heads, int count) => randn(batch, heads, count, 64).to(ScalarType.BFloat16).to(device);
        var (q, k, v) = (Drawn(6, tokens), Drawn(2, keys), Drawn(2, keys));
        Assert.NotEqual(AttentionKernel.Cudnn, AttentionChoice.Of(q, k, v, causal));
        var exact = Aten.Attention(q.to(ScalarType.Float32), k.to(ScalarType.Float32), v.to(ScalarType.Float32), null, causal);
        var before = Tensor.TotalCount;
        var y = Work.Attention("scores", "values", q, k, v, null, causal);
        Assert.Equal(before + 1, Tensor.TotalCount);
        Golden.Close(exact, y.to(ScalarType.Float32), 1e-2, "y");
    }
}
