using CsCheck;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;
using static MmMamba.ModelDsl.Tests.Generate;

namespace MmMamba.ModelDsl.Tests.Architecture;

/// <summary>
/// Fingerprints are equal where canonical forms are, once what a fingerprint leaves out is left out of the form: one canonical form is
/// one identity, and one identity is one form of what it covers.
/// </summary>
public class IdentityLawTests
{
    static readonly LayerSettings Unread = new(
        [new AttentionSpec(1, 1, 2, 1, 1, null), new Mamba2Spec(0, 1, true, true, true, false, false), new SlidingWindowSpec(1)], 1, 1);

    /// <summary>What the architecture's fingerprint covers: of each layer what its mixer reads, and no names, prose, recipe, template, tiles, layout or chunk.</summary>
    static ModelSpec Architecture(ModelSpec spec, bool converted = false)
    {
        var placements = converted
            ? [new(MixerKinds.Mamba2, Placement.All(spec.Towers.Sum(tower => tower.Layers)), "", 0)]
            : spec.Layers.Placements.Select(placement => placement with { File = "", Line = 0 }).ToEquatableArray();
        var (each, layer) = (new LayersSpec(placements).Each(), 0);
        return spec with
        {
            Name = "Same", Summary = "", Extends = null, File = "", Teacher = null, Seed = null, Distill = null, Checkpoint = "", Budget = null, Reported = null,
            Tokens = spec.Tokens with { Template = "", System = null },
            Vision = spec.Vision with { MaxTiles = 1 },
            Layers = new(placements),
            Towers = [.. spec.Towers.Select(tower => tower with
            {
                Overrides = [.. tower.Each().Select((settings, i) => new LayerOverride(i, Read(settings, each[layer++].Kind, spec.Teacher is not null)))],
            })],
        };
    }

    static LayerSettings Read(LayerSettings layer, MixerKind kind, bool student)
    {
        var attention = layer.Of<AttentionSpec>();
        return layer
            .With(kind == MixerKinds.Mamba2
                ? attention with { RopeTheta = 1, MaxPositions = 1, DynamicFactor = null, RetainsDynamic = false }
                : attention with { DynamicFactor = student && !attention.RetainsDynamic ? null : attention.DynamicFactor, RetainsDynamic = false })
            .With(kind == MixerKinds.Mamba2 ? layer.Of<Mamba2Spec>() with { Chunk = 1 } : Unread.Of<Mamba2Spec>())
            .With(kind == MixerKinds.SlidingWindow ? layer.Of<SlidingWindowSpec>() : Unread.Of<SlidingWindowSpec>());
    }

    /// <summary>What the recipe's fingerprint covers besides: the converted form, what a batch looks like, the teacher, the seed, and the stages that are run.</summary>
    static string Recipe(ModelSpec spec)
    {
        var run = spec.Distill is { Run.Count: > 0 } recipe
            ? recipe with { Stages = [.. recipe.Stages.Where(stage => recipe.Run.Contains(stage.Kind))] }
            : null;
        var rest = Architecture(spec) with { Tokens = spec.Tokens, Vision = spec.Vision, Teacher = spec.Teacher, Seed = spec.Seed, Distill = run };
        return CanonicalSpec.Render(rest) + (spec.Distill is null ? "" : CanonicalSpec.Render(Architecture(spec, converted: true)));
    }

    /// <summary>For each part of a student, ways to write it; some say the same.</summary>
    static readonly string[][] Parts =
    [
        [
            "layers: mamba2", "layers: { mamba2: all, attention: none }", "layers: { mamba2: rest, attention: { at: [0] } }",
            "layers: { mamba2: rest, attention: { at: [0, 3] } }", "layers: { mamba2: rest, sliding_window: { at: [0, 3] } }", "layers: { mamba2: rest, attention: { count: 2, from: head, pattern: interleaved } }",
        ],
        ["", "sliding_window: { window: 32 }", "mamba2: { chunk: 32 }", "mamba2: { gate: off }", "mamba2: { conv: 2 }", "mamba2: { conv: off }", "mamba2: { qk_norm: on }"],
        [
            "", "overrides: [ { where: \"layers[0]\", attention: { rope: { theta: 5 } } } ]", "overrides: [ { where: \"layers[0]\", mamba2: { conv: 4 } } ]",
            "overrides: [ { where: \"layers[1]\", attention: { rope: { theta: 5 } } } ]", "overrides: [ { where: decoder, norm: { rms: 1e-5 } } ]",
            "towers: [ { embedding: 2 }, { decoder: { layers: 4, norm: { rms: 0.1 } } } ]", "overrides: [ { where: decoder, norm: { rms: 0.10000000000000000001 } } ]",
        ],
        [
            "", "attention: { rope: { dynamic: 2 } }", "attention: { rope: { retained: dynamic } }", "attention: { rope: { dynamic: 2, retained: dynamic } }",
            "attention: { rope: { dynamic: 3, retained: dynamic } }", "attention: { rope: { dynamic: 2, retained: plain } }",
        ],
        ["", "seed: mimic", "seed: scratch", "seed: inherit", "seed: { mimic: { decay_log: 1 } }", "seed: { mimic: { decay_log: 0.5 } }"],
        [
            "", "distill: { clip: 5.0 }", "distill: { clip: 1 }", "distill: { run: [] }", "distill: { run: [], clip: 1 }", "distill: { run: [end_to_end] }",
            "distill: { run: [end_to_end], stages: { introduced: { lr: 0.5 } } }", "distill: { stages: { introduced: { lr: 0.5 } } }", "distill: { schedule: cosine }",
            "distill: { schedule: { wsd: { warmup: 0.1 } } }", "distill: { stages: { mixer: { train: [key, value, query, ssm] } } }", "distill: { stages: { mixer: { train: [key] } } }",
        ],
        ["", "tokens: { system: Hello. }", "tokens: { system: ~ }", "vision: { max_tiles: 2 }", "summary: Another.", "budget: { max: { parameters: 1e9 } }", "reported: { source: s, tokens: 1, memory_gb: 1 }"],
    ];

    static readonly ResolvedModel Teacher = ModelSet.Resolve(Tree.Bind([.. Tree.Shipped])).Find("TinyHovle")!;

    static readonly Gen<int[]> Picks = Gen.Int[0, 1000].Array[Parts.Length];

    /// <summary>Two students that differ in so many parts at most.</summary>
    static readonly Gen<(int[] A, int[] B)> Pairs = Gen.Select(Picks, Picks, Gen.Int[0, 2], Gen.Int[0, Parts.Length - 1], Gen.Int[0, Parts.Length - 1]).Select((a, other, differing, first, second) =>
    {
        var b = (int[])a.Clone();
        if (differing > 0) b[first] = other[first];
        if (differing > 1) b[second] = other[second];
        return (a, b);
    });

    static ModelSpec Student(int[] picks) =>
        Tree.Variant("TinyMmMambaLinear", string.Join("\n", Parts.Zip(picks, (ways, pick) => ways[pick % ways.Length]).Where(line => line.Length > 0)));

    [Fact]
    public void One_form_is_one_identity()
    {
        var equal = new int[4];
        const int Times = 600;
        Pairs.Sample(pair =>
        {
            var (a, b) = (Student(pair.A), Student(pair.B));
            var (one, other) = (ModelIdentity.Of(Resolver.Resolve(a, Teacher)), ModelIdentity.Of(Resolver.Resolve(b, Teacher)));
            Same(0, one.Architecture == other.Architecture, CanonicalSpec.Render(Architecture(a)) == CanonicalSpec.Render(Architecture(b)));
            Same(1, one.Converted == other.Converted, CanonicalSpec.Render(Architecture(a, true)) == CanonicalSpec.Render(Architecture(b, true)));
            Same(2, one.Recipe == other.Recipe, Recipe(a) == Recipe(b));
            if (CanonicalSpec.Render(a) != CanonicalSpec.Render(b)) return;
            equal[3]++;
            Assert.Equal(one, other);
        }, iter: Times, threads: 1);
        // Both sides of each equivalence were seen often.
        Assert.All(equal, count => Assert.InRange(count, Times / 20, Times - Times / 20));

        void Same(int which, bool identities, bool forms)
        {
            Assert.Equal(forms, identities);
            if (forms) equal[which]++;
        }
    }

    /// <summary>A model that is bound from its canonical form is the same one in every respect that has a name.</summary>
    [Fact]
    public void A_canonical_form_keeps_the_identity() => Picks.Sample(picks =>
    {
        var spec = Student(picks);
        var again = Tree.BindAmongShipped(new SpecFile("again.mmmodel.yaml", CanonicalSpec.Render(spec))).Single().Model!;
        Assert.Equal(ModelIdentity.Of(Resolver.Resolve(spec, Teacher)), ModelIdentity.Of(Resolver.Resolve(again, Teacher)));
    }, iter: 200, threads: 1);
}
