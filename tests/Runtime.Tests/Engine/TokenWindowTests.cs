using CsCheck;
using MmMamba.Runtime.Layers;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

public class TokenWindowTests
{
    // Some of libtorch's attention kernels give no number for a query that sees nothing.
    [Fact]
    public void A_token_sees_the_real_ones_to_itself_and_a_pad_at_least_itself() =>
        Gen.Select(Gen.Int[1, 5], Gen.Int[1, 5], Gen.Bool.Array[20]).Sample((past, length, real) =>
        {
            using var scope = NewDisposeScope();
            var mask = tensor(real).view(2, 10).narrow(1, 0, past + length);
            using var window = new TokenWindow(length, CPU, past, mask: mask.narrow(1, past, length), real: mask);
            var visible = window.VisibleKeys()!.expand(2, 1, length, past + length);
            for (var row = 0; row < 2; row++)
                for (var query = 0; query < length; query++)
                    for (var key = 0; key < past + length; key++)
                    {
                        var expected = key == past + query || (key < past + query && real[row * 10 + key]);
                        Assert.Equal(expected, visible[row, 0, query, key].item<bool>());
                    }
        }, iter: 50, threads: 1);
}
