using CsCheck;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Tests.Binding;

/// <summary>Every phrase of placement is short for a list: with either the spec is the same one.</summary>
public class PlacementLawTests
{
    static ModelSpec Bound(int embedding, int decoder, string attention) => Tree.Variant("TinyHovle",
        $"towers: [ {{ embedding: {embedding} }}, {{ decoder: {decoder} }} ]\ncheckpoint: mmmamba\nlayers: {{ mamba2: rest, attention: {attention} }}");

    static void AssertSame(int embedding, int decoder, string phrase, IReadOnlyCollection<int> layers)
    {
        var list = layers.Count == 0 ? "none" : $"{{ at: [{string.Join(", ", layers)}] }}";
        Assert.Equal(CanonicalSpec.Render(Bound(embedding, decoder, list)), CanonicalSpec.Render(Bound(embedding, decoder, phrase)));
    }

    /// <summary>The first or last layer of each of so many blocks, which lie one after the other as even as they can.</summary>
    static List<int> Interleaved(int layers, int count, bool head)
    {
        var ends = Enumerable.Range(0, count + 1).Select(block => (int)Math.Floor((decimal)block * layers / count)).ToList();
        return [.. Enumerable.Range(0, count).Select(block => head ? ends[block] : ends[block + 1] - 1)];
    }

    static (string Phrase, List<int> Layers) Counted(int layers, int count, bool head, bool stacked) => (
        $"{{ count: {count}, from: {(head ? "head" : "tail")}, pattern: {(stacked ? "stacked" : "interleaved")} }}",
        !stacked ? Interleaved(layers, count, head) : [.. Enumerable.Range(head ? 0 : layers - count, count)]);

    static (string Phrase, List<int> Layers) Periodic(int layers, int every, bool head) => (
        $"{{ every: {every}, from: {(head ? "head" : "tail")} }}",
        [.. Enumerable.Range(0, layers).Where(layer => layer % every == (head ? 0 : every - 1))]);

    static IEnumerable<(string Phrase, List<int> Layers)> Phrases(int layers, int number) =>
    [
        Counted(layers, number, true, false), Counted(layers, number, false, false), Counted(layers, number, true, true), Counted(layers, number, false, true),
        Periodic(layers, number, true), Periodic(layers, number, false), ("all", [.. Enumerable.Range(0, layers)]), ("none", []),
        ($"{{ at: [{number - 1}..{layers - 1}] }}", [.. Enumerable.Range(number - 1, layers - number + 1)]),
    ];

    [Fact]
    public void Over_the_model_for_every_small_size()
    {
        for (var layers = 2; layers <= 12; layers++)
            for (var number = 1; number <= layers; number++)
                foreach (var (phrase, kept) in Phrases(layers, number))
                    AssertSame(1, layers - 1, phrase, kept);
    }

    static readonly Gen<(int Embedding, int Decoder)> Towers = Gen.Select(Gen.Int[1, 48], Gen.Int[1, 208]);

    [Fact]
    public void Over_the_model() =>
        (from towers in Towers
         from number in Gen.Int[1, towers.Embedding + towers.Decoder]
         from form in Gen.Int[0, 8]
         select (towers, number, form)).Sample(one =>
        {
            var (phrase, kept) = Phrases(one.towers.Embedding + one.towers.Decoder, one.number).ElementAt(one.form);
            AssertSame(one.towers.Embedding, one.towers.Decoder, phrase, kept);
        }, iter: 300, threads: 1);

    [Fact]
    public void By_tower() =>
        (from towers in Towers
         from a in Gen.Int[1, towers.Embedding]
         from b in Gen.Int[1, towers.Decoder]
         from forms in Gen.Select(Gen.Int[0, 8], Gen.Int[0, 8])
         select (towers, a, b, forms)).Sample(one =>
        {
            var (first, second) = (Phrases(one.towers.Embedding, one.a).ElementAt(one.forms.Item1), Phrases(one.towers.Decoder, one.b).ElementAt(one.forms.Item2));
            AssertSame(one.towers.Embedding, one.towers.Decoder, $"{{ embedding: {first.Phrase}, decoder: {second.Phrase} }}",
                [.. first.Layers, .. second.Layers.Select(layer => one.towers.Embedding + layer)]);
        }, iter: 300, threads: 1);

    /// <summary>The mixer that takes the rest is the other half of the same statement.</summary>
    [Fact]
    public void Of_either_mixer() =>
        (from number in Gen.Int[1, 30]
         from form in Gen.Int[0, 8]
         select (number, form)).Sample(one =>
        {
            var (phrase, taken) = Phrases(30, one.number).ElementAt(one.form);
            var kept = Enumerable.Range(0, 30).Except(taken).ToList();
            var model = Tree.Variant("TinyHovle", "towers: [ { embedding: 10 }, { decoder: 20 } ]\ncheckpoint: mmmamba\n"
                + $"layers: {{ attention: rest, mamba2: {phrase} }}");
            Assert.Equal(kept, model.Layers.Of(MixerKinds.Attention));
        }, iter: 200, threads: 1);
}
