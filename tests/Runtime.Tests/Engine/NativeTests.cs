using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>The way past TorchSharp, and the choice of a libtorch.</summary>
public sealed class NativeTests : IDisposable
{
    readonly DisposeScope _scope = NewDisposeScope();
    readonly string _folder = Directory.CreateTempSubdirectory().FullName;

    public void Dispose()
    {
        _scope.Dispose();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public void The_libtorch_in_use_is_known()
    {
        var info = Libtorch.Ensure();
        Assert.Equal(info, Libtorch.Ensure());
        Assert.Matches(@"^2\.1[01]$", info.Version);
        Assert.NotEmpty(Directory.GetFiles(info.Folder, "*torch_cpu*"));
    }

    [Theory]
    [InlineData(2, 9, false)]
    [InlineData(2, 10, true)]
    [InlineData(2, 11, true)]
    [InlineData(2, 12, false)]
    [InlineData(3, 10, false)]
    public void Versions_that_fit(int major, int minor, bool fits) => Assert.Equal(fits, StableAbi.Accepts(major, minor));

    [Fact]
    public void A_folder_that_is_none_is_refused()
    {
        var error = Assert.Throws<InputException>(() => Libtorch.LoadFrom(Path.Combine(_folder, "missing")));
        Assert.Contains("is not a folder", error.Message, StringComparison.Ordinal);
        Assert.Contains(Libtorch.Variable, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_libtorch_is_refused()
    {
        var error = Assert.Throws<InputException>(() => Libtorch.LoadFrom(_folder));
        Assert.Contains("c10", error.Message, StringComparison.Ordinal);
        Assert.Contains("is missing", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_second_libtorch_beside_the_program_s_own_is_refused()
    {
        foreach (var part in new[] { "c10", "torch_cpu", "torch" })
            foreach (var name in new[] { $"lib{part}.so", $"lib{part}.dylib", $"{part}.dll" }) File.WriteAllText(Path.Combine(_folder, name), "another");
        var error = Assert.Throws<InputException>(() => Libtorch.LoadFrom(_folder));
        Assert.Contains("brings a libtorch of its own", error.Message, StringComparison.Ordinal);
        Assert.Contains("MmMambaBackend=external", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_that_is_no_library_is_refused_with_the_loader_s_reason()
    {
        var file = Path.Combine(_folder, "libc10.so");
        File.WriteAllText(file, "no library");
        var error = Assert.Throws<InputException>(() => Libtorch.Load(file));
        Assert.Contains("does not load", error.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', error.Message);
    }

    [Fact]
    public void Rms_norm_with_its_gradient()
    {
        var x = randn(3, 5, 8).requires_grad_(true);
        var y = Aten.RmsNorm(x, 1e-5);
        y.square().mul(arange(8)).sum().backward();
        var gradient = x.grad!.clone();
        x.grad!.zero_();
        var expected = x * rsqrt(x.square().mean([-1], keepdim: true) + 1e-5);
        expected.square().mul(arange(8)).sum().backward();
        Golden.Close(expected, y, 1e-6, "y");
        Golden.Close(x.grad!, gradient, 1e-5, "gradient");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Attention_in_groups(bool causal)
    {
        var (q, k, v) = (randn(2, 6, 5, 8), randn(2, 2, 5, 8), randn(2, 2, 5, 8));
        var mask = causal ? null : rand(2, 1, 5, 5).gt(0.5).logical_or(eye(5, dtype: ScalarType.Bool));
        var visible = mask ?? ones(5, 5, ScalarType.Bool).tril();
        var scores = matmul(q, k.repeat_interleave(3, 1).transpose(2, 3)) / Math.Sqrt(8);
        var expected = matmul(scores.masked_fill(visible.logical_not(), double.NegativeInfinity).softmax(-1), v.repeat_interleave(3, 1));
        Golden.Close(expected, Aten.Attention(q, k, v, mask, causal), 1e-5, "attention");
    }

    [Fact]
    public void AdamW_decays_apart_from_the_gradient()
    {
        Tensor[] parameters = [randn(4, 3), randn(5)], gradients = [randn(4, 3), randn(5)];
        Tensor[] first = [.. parameters.Select(p => zeros_like(p))], second = [.. parameters.Select(p => zeros_like(p))];
        Tensor[] expected = [.. parameters.Select(p => p.clone())];
        for (var step = 1; step <= 3; step++)
        {
            Tensor[] steps = [.. parameters.Select(_ => tensor((float)step))];
            Aten.FusedAdamW(parameters, gradients, first, second, steps, 0.01, 0.9, 0.999, 0.05, 1e-8);
        }
        for (var i = 0; i < 2; i++)
        {
            // With the same gradient each time both corrected moments are the gradient's own: every step is -lr sign(g), nearly.
            for (var step = 1; step <= 3; step++)
                expected[i] = expected[i] * (1 - 0.01 * 0.05) - 0.01 * gradients[i] / (gradients[i].abs() + 1e-8);
            Golden.Close(expected[i], parameters[i], 1e-5, $"parameter {i}");
        }
    }

    [Fact]
    public void A_refused_call_is_an_exception() =>
        Assert.Throws<InvalidOperationException>(() => Aten.Attention(randn(1, 2, 3, 4), randn(1, 2, 3, 5), randn(1, 2, 3, 4), null, false));
}
