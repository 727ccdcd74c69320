using CsCheck;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Review;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Tests.Architecture;

namespace MmMamba.ModelDsl.Tests.Review;

/// <summary>Laws of the difference, over students of every placement, switch and seed.</summary>
public class DiffLawTests
{
    static readonly Gen<ModelFacts> Student =
        from attention in Gen.Int[0, 31].HashSet[0, 31]
        from mixer in Gen.Select(Gen.Int[0, 4], Gen.Int[1, 256], Gen.Bool, Gen.Bool, Gen.Bool, Gen.Bool, Gen.Bool)
        from seed in Gen.Enum<SeedKind>()
        from clip in Gen.Int[1, 3]
        from embedding in Gen.Int[7, 9]
        select Of(attention, new(mixer.Item1 == 1 ? 2 : mixer.Item1, mixer.Item2, mixer.Item3, mixer.Item4, mixer.Item5, mixer.Item6, mixer.Item7), seed, clip, embedding);

    static ModelFacts Of(HashSet<int> attention, Mamba2Spec mixer, SeedKind seed, int clip, int embedding)
    {
        ModelSpec Sized(ModelSpec spec) => spec with { Towers = [spec.Towers[0] with { Layers = embedding }, spec.Towers[1]] };
        var teacher = Resolver.Resolve(Sized(Published.HovleSpec with { Layers = Published.AllAttention(24 + embedding) }));
        var spec = Published.With(mixer) with { Seed = new(seed, 1), Distill = Published.LinearSpec.Distill! with { Clip = clip } };
        return ModelFacts.Of(Resolver.Resolve(Sized(spec with { Layers = Published.Placed(Placement.At(31, attention.Where(i => i < 31)), 24 + embedding, "student.mmmodel.yaml") }), teacher), teacher);
    }

    [Fact]
    public void A_model_does_not_differ_from_itself() =>
        Student.Sample(model => model.With(model) is { IsEmpty: true, IsCosmetic: true } diff && diff.Verdicts.All(verdict => verdict.Fit == Fit.Fits), iter: 30);

    [Fact]
    public void Two_models_differ_just_where_their_facts_do() => Gen.Select(Student, Student).Sample(
        (a, b) => a.With(b).IsEmpty == a.All.ToHashSet().SetEquals(b.All), iter: 60);

    [Fact]
    public void The_other_way_round_is_the_mirror() => Gen.Select(Student, Student).Sample(
        (a, b) => a.With(b).Changes == b.With(a).Changes.Select(change => change with { Before = change.After, After = change.Before }).ToEquatableArray(), iter: 60);

    [Fact]
    public void Every_view_of_a_difference_is_the_same_twice_and_on_plain_lines() => Gen.Select(Student, Student).Sample((a, b) =>
    {
        var text = DiffView.Text(a.With(b), "a", "b");
        return text == DiffView.Text(a.With(b), "a", "b") && text.All(letter => letter == '\n' || !char.IsControl(letter));
    }, iter: 20);

    [Fact]
    public void Facts_are_read_back_as_they_were_written() => Student.Sample(model =>
    {
        var text = "a sheet\nfacts\n  not = these\n" + FactsText.Render(model);
        var read = FactsText.Parse(text);
        return read is not null && model.With(read).IsEmpty && FactsText.Render(read) == FactsText.Render(model);
    }, iter: 30);

    static readonly string Written = FactsText.Render(Compared.Hybrid);

    /// <summary>An approved file is anyone's text: what is broken is not read, or read as something that can be shown.</summary>
    [Fact]
    public void Any_text_is_read_or_refused() => Gen.Select(Gen.Int[0, Written.Length], Gen.Int[0, 40], Gen.String[Gen.Char["[]=., \n0123456789abc\u0007"], 0, 12]).Sample(
        (at, length, text) =>
        {
            var broken = Written.Remove(at, Math.Min(length, Written.Length - at)).Insert(at, text);
            return FactsText.Parse(broken) is not { } facts || DiffView.Text(facts.With(Compared.Hybrid), "a", "b").Length > 0;
        }, iter: 2_000);

    [Theory]
    [InlineData("")]
    [InlineData("no facts")]
    [InlineData("\nfacts\nhidden = 3\n")]
    [InlineData("\nfacts\n  hidden: 3\n")]
    [InlineData("\nfacts\n  = 3\n")]
    [InlineData("\nfacts\n  decoder[0.mixer = attention\n")]
    [InlineData("\nfacts\n  decoder[9..1].mixer = attention\n")]
    [InlineData("\nfacts\n  decoder[0..99999999].mixer = attention\n")]
    [InlineData("\nfacts\n  decoder[-1].mixer = attention\n")]
    public void What_is_not_as_written_is_refused(string text) => Assert.Null(FactsText.Parse(text));
}
