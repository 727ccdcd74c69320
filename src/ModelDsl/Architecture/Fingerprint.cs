using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>
/// The identity of an architecture: the first 16 hex digits of SHA-256 over a canonical text. It covers what decides which
/// tensors there are and what the forward pass computes with them, and nothing else: no model, file or tower of the spec's
/// prose, no seed, no recipe, no chat template, no tile budget, and not the chunk, which changes the scan's order of work only.
/// </summary>
static class Fingerprint
{
    public static string Of(ModelSpec model, EquatableArray<ResolvedLayer> layers, IEnumerable<TensorSlot> tensors)
    {
        var text = new CanonicalText();
        text.Line("hidden", model.Hidden);
        text.Line("tokens", model.Tokens.Vocab, model.Tokens.Image);
        text.Line("vision", model.Vision.Image, model.Vision.Patch, model.Vision.PixelShuffle, model.Vision.Projector, model.Vision.Normalize);
        foreach (var layer in layers)
        {
            text.Line("layer", layer.Index, layer.Tower, layer.LocalIndex, "norm", layer.NormEps, "mlp", layer.MlpHidden);
            Mixer(text, layer.Mixer);
        }
        foreach (var tensor in tensors)
            text.Line("tensor", tensor.Name, Words.Of(tensor.Group), string.Join("x", tensor.Shape));
        return text.Digest();
    }

    /// <summary>The identity of one layer's mixer, wherever it stands: mixers of one identity have the same tensors and compute the same.</summary>
    public static string Of(int hidden, ResolvedMixer mixer)
    {
        var text = new CanonicalText().Line("mixer", "hidden", hidden);
        Mixer(text, mixer);
        return text.Digest();
    }

    static void Mixer(CanonicalText text, ResolvedMixer mixer) =>
        text.Line([mixer.Kind.Word, mixer.Heads, mixer.KvHeads, mixer.HeadDim, .. mixer.Identity]);
}
