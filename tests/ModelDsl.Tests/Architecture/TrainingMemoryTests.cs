using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Tests.Architecture;

/// <summary>What a stage holds, against arithmetic by hand and against what was measured on an H200.</summary>
public class TrainingMemoryTests
{
    const decimal GiB = 1L << 30;

    static Dictionary<string, decimal> Held(ResolvedModel student, StageKind kind, TrainingPass pass) =>
        TrainingMemory.Of(student, Published.Hovle, kind, pass).ToDictionary(line => line.Name, line => line.Bytes);

    [Fact]
    public void Weights_gradients_and_moments_are_those_of_the_tensors()
    {
        var held = Held(Published.Linear, StageKind.Mixer, new(2048));
        Assert.Equal(2 * 10_425_311_232m / 4, held["teacher, bfloat16"]);
        Assert.Equal(4 * 404_100_096m, held["gradients, float32"]);
        Assert.InRange(held["AdamW's moments, float32"] - 8 * 404_100_096m, 4, 4 * 1000); // and a count of steps for each tensor
        Assert.Equal(held["mixers as they begin, float32"], held["mixers as they are trained, float32"]);
        var parted = Held(Published.Linear, StageKind.Mixer, new(2048, Gpus: 8));
        Assert.Equal(held["AdamW's moments, float32"] / 8, parted["AdamW's moments, float32, of which a GPU has one in 8"]);
        Assert.Equal(held["gradients, float32"], parted["gradients, float32"]);
    }

    [Fact]
    public void What_is_kept_grows_with_the_tokens_and_layers_that_are_run_again_keep_little()
    {
        decimal Kept(long sequences, bool checkpointing) => Held(Published.Linear, StageKind.EndToEnd, new(2048, sequences, checkpointing))["kept for the gradients"];
        Assert.Equal(3 * Kept(1, false), Kept(3, false));
        // A layer of 2048 wide streams and 16 heads of 128 over 8, term by term.
        const decimal stream = 2048, width = 2048, channels = 4096, mlp = 8192;
        var layer = 4 * 2 * stream + 2 * 2 * mlp + 2 * (stream + channels + width + 16);
        Assert.Equal(32 * 2048 * layer, Kept(1, false));
        Assert.Equal(2048 * (32 * 4 * stream + layer), Kept(1, true));
        // One mixer at a time, whose input learns nothing: with the convolution's output and states of chunks of 64.
        Assert.Equal(2048 * 2 * (stream + 2 * channels + width + 16 + width * 128 / 64), Held(Published.Linear, StageKind.Mixer, new(2048))["kept for the gradients"]);
    }

    // GiB that the driver counted as taken, CUDA's own and the allocator's included. 'bench train' holds the mixers once more in its first and its last stage.
    [Theory]
    [InlineData("linear", StageKind.Introduced, false, 13.95)]
    [InlineData("linear", StageKind.Mixer, false, 15.51)]
    [InlineData("linear", StageKind.EndToEnd, false, 26.11)]
    [InlineData("hybrid", StageKind.EndToEnd, false, 24.38)]
    [InlineData("hybrid", StageKind.EndToEnd, true, 20.31)]
    public void It_comes_near_what_was_measured(string student, StageKind kind, bool checkpointing, double measured)
    {
        var held = Held(student == "linear" ? Published.Linear : Published.Hybrid, kind, new(2048, Checkpointing: checkpointing));
        var planned = held.Values.Sum() + (kind == StageKind.Mixer ? 0 : held["mixers as they begin, float32"]);
        Assert.InRange((double)(planned / GiB) / measured, 0.85, 1.0);
    }
}
