namespace MmMamba.Cli.Verification;

/// <summary>How far two computations of the same logits may be apart, as a share of the greatest: rounding, and nothing else.</summary>
static class Tolerance
{
    // Layers are many and wide from here on: float32 loses a digit more.
    const long PublishedSize = 100_000_000;

    /// <param name="dtype"><c>float32</c> or <c>bfloat16</c>.</param>
    /// <param name="parameters">Numbers in the model's tensors.</param>
    public static double Of(string dtype, long parameters) => dtype == "bfloat16" ? 5e-2 : parameters < PublishedSize ? 1e-4 : 1e-3;
}
