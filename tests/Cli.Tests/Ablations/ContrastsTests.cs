using MmMamba.Cli.Ablations;

namespace MmMamba.Cli.Tests.Ablations;

/// <summary>The contrasts that families' structures call for.</summary>
public sealed class ContrastsTests
{
    static AblationFamily Family(string name) => AblationSource.Find([name], null).ToAblation(0, 1).Families[0];

    static string[] Names(string family) => [.. Contrasts.Of(Family(family)).Select(contrast => contrast.Name)];

    [Fact]
    public void Variants_of_stages_give_each_stage_over_the_pairs_that_differ_in_it_alone()
    {
        var contrasts = Contrasts.Of(Family("TinyStageSubsets"));
        Assert.Equal(15, contrasts.Count);
        Assert.Equal("mixer: with it less without, mean over 4 pairs", contrasts[5].Name);
        Assert.Equal(["mixer: None to Stage2", "mixer: Stage1 to Stages12", "mixer: Stage3 to Stages23", "mixer: Stages13 to Stages123"], contrasts.Skip(6).Take(4).Select(contrast => contrast.Name));
        // (2-0 + 12-1 + 23-3 + 123-13) / 4
        var figures = new Dictionary<string, double?>
        {
            ["None"] = 0, ["Stage1"] = 10, ["Stage2"] = 30, ["Stage3"] = 60, ["Stages12"] = 35, ["Stages13"] = 80, ["Stages23"] = 85, ["Stages123"] = 90,
        };
        Assert.Equal((30 + 25 + 25 + 10) / 4.0, contrasts[5].Of(name => figures[name])!.Value, 12);
        // A pair with a member that has no figure is left out.
        figures["None"] = null;
        Assert.Equal((25 + 25 + 10) / 3.0, contrasts[5].Of(name => figures[name])!.Value, 12);
        Assert.Null(contrasts[6].Of(name => figures[name]));
    }

    [Fact]
    public void An_axis_of_words_gives_its_steps()
    {
        Assert.Equal(["seed: scratch to inherit", "seed: inherit to mimic"], Names("TinySeedStrategy"));
        Assert.Equal(-3, Contrasts.Of(Family("TinySeedStrategy"))[1].Of(name => name switch { "Inherit" => 8, "Mimic" => 5, _ => null }));
    }

    [Fact]
    public void An_axis_of_numbers_gives_its_slope_and_attention_layers_that_of_recall_beside_recognition()
    {
        var contrasts = Contrasts.Of(Family("TinyAttentionLayers"));
        Assert.Equal(["attention: slope", "attention: slope of recall less slope of recognition"], contrasts.Select(contrast => contrast.Name));
        Assert.Equal([false, true], contrasts.Select(contrast => contrast.Gain));
        // Least squares over 0, 1, 2, 3: weights -0.3, -0.1, 0.1, 0.3.
        Assert.Equal([-0.3, -0.1, 0.1, 0.3], contrasts[0].Terms[0].Select(member => Math.Round(member.Weight, 12)));
        Assert.Equal(-0.3 * 2 - 0.1 * 4 + 0.1 * 5 + 0.3 * 9, contrasts[0].Of(name => name[^1] switch { '0' => 2, '1' => 4, '2' => 5, _ => 9 })!.Value, 12);
    }

    [Fact]
    public void A_grid_gives_the_main_effect_of_each_axis()
    {
        var contrasts = Contrasts.Of(Family("TinyHybridStrategy"));
        Assert.Equal(["from: tail to head, mean over pattern", "pattern: stacked to interleaved, mean over from"], contrasts.Select(contrast => contrast.Name));
        double? Figure(string name) => name switch { "TailStacked" => 1, "TailInterleaved" => 2, "HeadStacked" => 4, "HeadInterleaved" => 8, _ => null };
        Assert.Equal((4 - 1 + 8 - 2) / 2.0, contrasts[0].Of(Figure));
        Assert.Equal((2 - 1 + 8 - 4) / 2.0, contrasts[1].Of(Figure));
    }

    [Fact]
    public void Weights_of_every_contrast_add_up_to_nothing()
    {
        foreach (var family in (string[])["TinyStageSubsets", "TinySeedStrategy", "TinyAttentionLayers", "TinyHybridStrategy", "AttentionLayers"])
            Assert.All(Contrasts.Of(Family(family)), contrast => Assert.All(contrast.Terms, term => Assert.Equal(0, term.Sum(member => member.Weight), 12)));
    }
}
