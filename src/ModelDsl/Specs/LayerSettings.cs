using MmMamba.ModelDsl.Mixers;

namespace MmMamba.ModelDsl.Specs;

/// <summary>What a layer has, whichever mixer it is placed with.</summary>
/// <param name="Mixers">What is said of each mixer, in the order of <see cref="MixerKinds"/>.</param>
/// <param name="NormEps">Epsilon of the norms before mixer and MLP.</param>
/// <param name="MlpHidden">Width inside the MLP.</param>
public sealed record LayerSettings(EquatableArray<MixerSpec> Mixers, decimal NormEps, int MlpHidden)
{
    /// <summary>What is said of a mixer.</summary>
    public T Of<T>() where T : MixerSpec => (T)Mixers.First(mixer => mixer is T);

    /// <summary>The same with something else said of a mixer.</summary>
    public LayerSettings With<T>(T mixer) where T : MixerSpec => this with { Mixers = [.. Mixers.Select(one => one is T ? mixer : one)] };
}

/// <param name="Layer">Index in its tower.</param>
/// <param name="Settings">All that the layer has, and not only what differs.</param>
public sealed record LayerOverride(int Layer, LayerSettings Settings);
