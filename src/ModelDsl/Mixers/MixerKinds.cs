using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Mixers;

/// <summary>The mixers of the language, in the order in which everything tells of them.</summary>
public static class MixerKinds
{
    /// <summary>Attention over all tokens: what a teacher has, and whose heads every other mixer has.</summary>
    public static MixerKind Attention { get; } = new AttentionKind();

    /// <summary>Mamba-2.</summary>
    public static MixerKind Mamba2 { get; } = new Mamba2Kind();

    /// <summary>Attention over the last tokens.</summary>
    public static MixerKind SlidingWindow { get; } = new SlidingWindowKind();

    /// <summary>The table.</summary>
    public static EquatableArray<MixerKind> All { get; } = [Attention, Mamba2, SlidingWindow];

    /// <summary>What stages 1 and 2 make of every layer, whatever its placement.</summary>
    public static MixerKind Converted => Mamba2;

    /// <summary>The kind of a word; null where there is none.</summary>
    public static MixerKind? Find(string word) => All.FirstOrDefault(kind => kind.Word == word);

    /// <summary>The kind whose key a path such as <c>mamba2.chunk</c> begins with; null where it begins with another key.</summary>
    internal static MixerKind? Owner(string path) => Find(path.IndexOf('.') is var dot and >= 0 ? path.Substring(0, dot) : path);

    /// <summary>Place in the table.</summary>
    public static int Order(MixerKind kind) => Array.IndexOf([.. All], kind);

    /// <summary>
    /// How many layers of each kind there are; of what a conversion is from and to also where there are none, of the others only where there are.
    /// </summary>
    public static IEnumerable<(MixerKind Kind, int Count)> Counted(EquatableArray<ResolvedLayer> layers) =>
        All.Select(kind => (Kind: kind, Count: layers.Count(layer => layer.Mixer.Kind == kind)))
            .Where(one => one.Count > 0 || one.Kind == Attention || one.Kind == Converted);
}
