using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Tests.Architecture;

/// <summary>What an architecture's identity depends on.</summary>
public class FingerprintTests
{
    static string Of(ModelSpec spec) => Resolver.Resolve(spec, Published.Hovle).Fingerprint;

    [Fact]
    public void Is_sixteen_hex_digits_that_stay()
    {
        // Edition 1 fixes the scheme for ever: checkpoints carry these.
        Assert.Equal("8a74fef70f08297d", Published.Hovle.Fingerprint);
        Assert.Equal("65f320963425818c", Published.Linear.Fingerprint);
        Assert.Equal("798128186818b2a1", Published.Hybrid.Fingerprint);
    }

    public static TheoryData<string, ModelSpec> SameArchitecture()
    {
        var spec = Published.HybridSpec;
        return new()
        {
            { "name", spec with { Name = "Other" } },
            { "summary", spec with { Summary = "Other." } },
            { "file", spec with { File = "other.mmmodel.yaml", Extends = null } },
            { "line", spec with { Layers = new([.. spec.Layers.Placements.Select(placement => placement with { File = "other.mmmodel.yaml", Line = 99 })]) } },
            { "seed", spec with { Seed = new(SeedKind.Scratch, 0) } },
            { "recipe", spec with { Distill = spec.Distill! with { Clip = 1, Run = [] } } },
            { "no recipe", spec with { Distill = null } },
            { "template", spec with { Tokens = spec.Tokens with { System = "Other." } } },
            { "tiles", spec with { Vision = spec.Vision with { MaxTiles = 1 } } },
            { "spelling", spec with { Vision = spec.Vision with { PixelShuffle = 0.500m } } },
            { "chunk", spec with { Towers = spec.Towers.Select(tower => Changed(tower, tower.Shared.Of<Mamba2Spec>() with { Chunk = 32 })).ToEquatableArray() } },
        };
    }

    [Theory, MemberData(nameof(SameArchitecture))]
    public void Is_free_of(string what, ModelSpec spec) => Assert.True(Published.Hybrid.Fingerprint == Of(spec), what);

    static TowerSpec Changed<T>(TowerSpec tower, T mixer) where T : MixerSpec => tower with { Shared = tower.Shared.With(mixer) };

    public static TheoryData<string, ModelSpec> OtherArchitecture()
    {
        var spec = Published.HybridSpec;
        ModelSpec Towers(Func<TowerSpec, TowerSpec> change) => spec with { Towers = spec.Towers.Select(change).ToEquatableArray() };
        return new()
        {
            { "placement", Published.Keeping(Placement.Interleaved(32, 8, fromHead: false)) },
            { "rope", Towers(tower => Changed(tower, tower.Shared.Of<AttentionSpec>() with { RopeTheta = 10_000 })) },
            { "norm", Towers(tower => tower with { Shared = tower.Shared with { NormEps = 0.000001m } }) },
            { "conv", Towers(tower => Changed(tower, tower.Shared.Of<Mamba2Spec>() with { Conv = 4 })) },
            { "skip", Towers(tower => Changed(tower, tower.Shared.Of<Mamba2Spec>() with { Skip = true })) },
            { "one tower", spec with { Towers = [spec.Towers[0] with { Shared = spec.Towers[0].Shared with { NormEps = 0.000001m } }, spec.Towers[1]] } },
            { "image token", spec with { Tokens = spec.Tokens with { Image = 5 } } },
        };
    }

    [Theory, MemberData(nameof(OtherArchitecture))]
    public void Tells_apart(string what, ModelSpec spec) => Assert.True(Published.Hybrid.Fingerprint != Of(spec), what);

    [Fact]
    public void Placements_share_the_converted_form_which_is_the_linear_models()
    {
        foreach (var attention in new[] { Placement.Stacked(32, 8, true), Placement.Stacked(32, 8, false), Placement.Every(32, 2, true), Placement.All(32) })
            Assert.Equal(Published.Linear.Fingerprint, Resolver.Resolve(Published.Keeping(attention), Published.Hovle).Distillation!.ConvertedFingerprint);
        Assert.Equal(Published.Linear.Fingerprint, Published.Linear.Distillation!.ConvertedFingerprint);
    }

    [Fact]
    public void Another_mixer_is_another_converted_form() =>
        Assert.NotEqual(
            Published.Linear.Fingerprint,
            Resolver.Resolve(Published.With(Published.MainMixer with { Gate = false }), Published.Hovle).Distillation!.ConvertedFingerprint);

    [Fact]
    public void Equal_specs_resolve_to_equal_models()
    {
        Assert.Equal(Published.Hybrid, Resolver.Resolve(Published.HybridSpec with { }, Published.Hovle));
        Assert.NotEqual(Published.Hybrid, Resolver.Resolve(Published.HybridSpec with { Summary = "Other." }, Published.Hovle));
    }
}
