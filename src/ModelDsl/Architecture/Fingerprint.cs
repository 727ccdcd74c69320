using System.Globalization;
using System.Security.Cryptography;
using System.Text;
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
        var text = new StringBuilder("mmmodel 1\n");
        void Line(params object?[] words) => text.Append(string.Join(" ", words.Select(Word))).Append('\n');

        Line("hidden", model.Hidden);
        Line("tokens", model.Tokens.Vocab, model.Tokens.Image);
        Line("vision", model.Vision.Image, model.Vision.Patch, model.Vision.PixelShuffle, model.Vision.Projector, model.Vision.Normalize);
        foreach (var layer in layers)
        {
            Line("layer", layer.Index, layer.Tower, layer.LocalIndex, "norm", layer.NormEps, "mlp", layer.MlpHidden);
            var mixer = layer.Mixer;
            if (mixer is ResolvedAttention attention)
                Line("attention", mixer.Heads, mixer.KvHeads, mixer.HeadDim,
                    "rope", attention.RopeTheta, attention.MaxPositions, attention.DynamicFactor);
            else if (mixer is ResolvedMamba2 mamba)
                Line("mamba2", mixer.Heads, mixer.KvHeads, mixer.HeadDim, "conv", mamba.Conv, "gate", mamba.Gate, "gate_norm", mamba.GateNorm,
                    "decay", mamba.Decay, "skip", mamba.Skip, "qk_norm", mamba.QkNorm, "norm", mamba.NormEps);
        }
        foreach (var tensor in tensors)
            Line("tensor", tensor.Name, Words.Of(tensor.Group), string.Join("x", tensor.Shape));
        return Digest(text.ToString());
    }

    static string Word(object? value) => value switch
    {
        null => "none",
        bool on => on ? "on" : "off",
        decimal number => CanonicalNumber.Of(number),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };

    static string Digest(string text)
    {
        using var sha = SHA256.Create();
        var digest = sha.ComputeHash(Encoding.UTF8.GetBytes(text));
        return string.Concat(digest.Take(8).Select(b => b.ToString("x2", CultureInfo.InvariantCulture)));
    }
}
