using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>What a stage is run with, as far as its memory depends on it.</summary>
/// <param name="Length">Tokens of a sequence.</param>
/// <param name="Sequences">Sequences that a GPU has in a pass; those that are accumulated come one pass after the other.</param>
/// <param name="Checkpointing">Whether the end-to-end stage keeps the streams between layers only, and runs every layer again for its gradients.</param>
/// <param name="Gpus">GPUs that AdamW's moments are parted among; each holds all of the rest.</param>
public readonly record struct TrainingPass(long Length, long Sequences = 1, bool Checkpointing = false, int Gpus = 1);

/// <param name="Name">What is held.</param>
/// <param name="Bytes">Its bytes on one GPU.</param>
public sealed record HeldBytes(string Name, decimal Bytes);

/// <summary>
/// What a stage of a student's recipe holds on a GPU: tensors that the engine allocates, and what autograd keeps of its layers, counted from the code of each. Frozen
/// weights and activations are bfloat16, what is trained float32. Not counted are CUDA itself, what libtorch's allocator keeps for later, and tensors that live for one operation.
/// </summary>
public static class TrainingMemory
{
    const int BFloat16 = 2, Float32 = 4;

    // Elements of a slice of logits on a GPU, and bytes for each while it is compared: four in float32, the gradient in bfloat16.
    const long SliceElements = 1L << 26;
    const int BytesOfLogit = 4 * Float32 + BFloat16;

    /// <summary>What is held, the largest first within what stays and what comes with a pass.</summary>
    /// <exception cref="ArgumentException">The student has no recipe with that stage.</exception>
    public static EquatableArray<HeldBytes> Of(ResolvedModel student, ResolvedModel teacher, StageKind kind, TrainingPass pass)
    {
        var recipe = student.Distillation ?? throw new ArgumentException("The model has no recipe.", nameof(student));
        var stage = recipe.Stages.Single(stage => stage.Spec.Kind == kind);
        var (all, own) = (Elements(recipe.ConvertedTensors), Elements(recipe.ConvertedTensors.Where(tensor => IsConverted(student.Layers[tensor.Layer]))));
        var isWhole = kind == StageKind.EndToEnd;
        List<HeldBytes> held =
        [
            new("teacher, bfloat16", Costs.Of(teacher).WeightBytes(BFloat16)),
            new("student's other weights, bfloat16", isWhole ? BFloat16 * (student.ParameterCount - own) : 0),
            new("mixers as they begin, float32", Float32 * all),
            new("mixers as they are trained, float32", Float32 * (isWhole ? own : all)),
            new("gradients, float32", stage.GradientBytes(Float32)),
            new(pass.Gpus > 1 ? $"AdamW's moments, float32, of which a GPU has one in {pass.Gpus}" : "AdamW's moments, float32", (decimal)stage.OptimizerBytes(Float32) / pass.Gpus),
            new("kept for the gradients", Kept(student, recipe, isWhole, pass)),
            new("trained weights rounded for a pass, bfloat16", isWhole && !pass.Checkpointing ? BFloat16 * stage.TrainedCount : 0),
            new("a slice of both logits", isWhole ? Math.Min(SliceElements, pass.Length * pass.Sequences * student.Tokens.Vocab) * BytesOfLogit : 0),
        ];
        return held.Where(line => line.Bytes > 0).ToEquatableArray();
    }

    // Stages 1 and 2 have one mixer's graph at a time. In stage 3 what lies before the first converted layer needs no gradient.
    static decimal Kept(ResolvedModel student, ResolvedDistillation recipe, bool isWhole, TrainingPass pass)
    {
        var tokens = (decimal)pass.Length * pass.Sequences;
        if (!isWhole) return tokens * recipe.ConvertedLayers.Max(layer => layer.Mixer.KeptPerToken(student.Hidden, pass.Length, inputLearns: false));
        var layers = student.Layers.SkipWhile(layer => !IsConverted(layer)).Select(layer => KeptPerToken(student, layer, pass.Length)).ToArray();
        if (layers.Length == 0) return 0;
        return tokens * (pass.Checkpointing ? (decimal)layers.Length * student.Hidden * Float32 + layers.Max() : layers.Sum());
    }

    // The streams that both norms read, and of the MLP its gate before the activation and the values that it scales.
    static decimal KeptPerToken(ResolvedModel student, ResolvedLayer layer, long length) =>
        2m * student.Hidden * Float32 + 2m * layer.MlpHidden * BFloat16 + layer.Mixer.KeptPerToken(student.Hidden, length, inputLearns: true);

    static bool IsConverted(ResolvedLayer layer) => layer.Mixer is ResolvedMamba2;

    static decimal Elements(IEnumerable<ResolvedTensor> tensors) => tensors.Sum(tensor => (decimal)tensor.Size);
}
