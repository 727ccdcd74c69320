using CsCheck;
using MmMamba.ModelDsl.Binding;

namespace MmMamba.ModelDsl.Tests.Binding;

/// <summary>Which word is offered for one that isn't known.</summary>
public class SuggestionTests
{
    [Theory]
    [InlineData("hiden", "hidden")]
    [InlineData("HIDDEN", "hidden")]
    [InlineData("hdiden", "hidden")]
    [InlineData("chnk", "chunk")]
    [InlineData("chunks", "chunk")]
    [InlineData("end_two_end", "end_to_end")]
    [InlineData("endtoend", "end_to_end")]
    [InlineData("at", "at")]
    [InlineData("ta", "at")]
    [InlineData("atx", "at")]
    [InlineData("axyz", null)]
    [InlineData("", null)]
    [InlineData("something else", null)]
    public void The_nearest_one_is_offered(string written, string? expected) =>
        Assert.Equal(expected, Suggestion.Nearest(written, ["hidden", "chunk", "end_to_end", "at"]));

    /// <summary>Comparing near letters only changes nothing: against the plain definition, which compares all.</summary>
    [Fact]
    public void It_is_the_least_distance() =>
        Gen.Select(Gen.String[Gen.Char["abA_"], 0, 12], Gen.String[Gen.Char["abA_"], 1, 12].Array[1, 6]).Sample((written, known) =>
        {
            var most = (string word) => Math.Max(1, Math.Min(3, Math.Max(word.Length, written.Length) / 3));
            var near = known.Select(word => (Word: word, Distance: Distance(written.ToLowerInvariant(), word.ToLowerInvariant()))).Where(one => one.Distance <= most(one.Word)).ToList();
            Assert.Equal(near.Count == 0 ? null : near.MinBy(one => one.Distance).Word, Suggestion.Nearest(written, known));
        }, iter: 20_000);

    static int Distance(string a, string b)
    {
        var table = new int[a.Length + 1, b.Length + 1];
        for (var i = 0; i <= a.Length; i++)
            for (var j = 0; j <= b.Length; j++)
            {
                if (i == 0 || j == 0) { table[i, j] = i + j; continue; }
                table[i, j] = Math.Min(Math.Min(table[i - 1, j], table[i, j - 1]) + 1, table[i - 1, j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1));
                if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) table[i, j] = Math.Min(table[i, j], table[i - 2, j - 2] + 1);
            }
        return table[a.Length, b.Length];
    }

    /// <summary>A misspelling of every word that a spec may hold is told, with the word.</summary>
    [Theory]
    [InlineData("TinyHovle", "hiden: 3", "hidden")]
    [InlineData("TinyHovle", "attention: { roep: { theta: 5 } }", "rope")]
    [InlineData("TinyHovle", "checkpoint: hovel", "hovle")]
    [InlineData("TinyHovle", "norm: { rsm: 0.5 }", "rms")]
    [InlineData("TinyHovle", "layers: atention", "attention")]
    [InlineData("TinyHovle", "overrides: [ { were: decoder, norm: { rms: 0.5 } } ]", "where")]
    [InlineData("TinyHovle", "overrides: [ { where: decodr, norm: { rms: 0.5 } } ]", "decoder")]
    [InlineData("TinyHovle", "overrides: [ { where: \"layer[1]\", norm: { rms: 0.5 } } ]", "layers")]
    [InlineData("TinyHovle", "towers: [ { embedding: 2 }, { decoder: { layers: 4, nrom: { rms: 0.5 } } } ]", "norm")]
    [InlineData("TinyHovle", "budget: { max: { parameter: 5 } }", "parameters")]
    [InlineData("TinyHovle", "reported: { sources: x, tokens: 1, memory_gb: 1 }", "source")]
    [InlineData("TinyMmMambaHybrid", "layers: { attention: { form: tail } }", "from")]
    [InlineData("TinyMmMambaHybrid", "layers: { attention: { from: tial } }", "tail")]
    [InlineData("TinyMmMambaHybrid", "layers: { attention: { embeding: none, decoder: all } }", "embedding")]
    [InlineData("TinyMmMambaHybrid", "layers: { mamba: rest }", "mamba2")]
    [InlineData("TinyMmMambaHybrid", "seed: mimc", "mimic")]
    [InlineData("TinyMmMambaHybrid", "distill: { schedule: { cosin: { warmup: 5% } } }", "cosine")]
    [InlineData("TinyMmMambaHybrid", "distill: { stages: { mixers: { lr: 0.1 } } }", "mixer")]
    [InlineData("TinyMmMambaHybrid", "distill: { stages: { mixer: { train: [smm] } } }", "ssm")]
    [InlineData("TinyMmMambaHybrid", "distill: { stages: { mixer: { train: [ssm, querry] } } }", "query")]
    [InlineData("TinyMmMambaHybrid", "distill: { stages: { mixer: { loss: { mixer_mes: 1 } } } }", "mixer_mse")]
    [InlineData("TinyMmMambaHybrid", "distill: { run: [introduce] }", "introduced")]
    [InlineData("TinyMmMambaHybrid", "teacher: TinyHovel", "TinyHovle")]
    [InlineData("TinyHovel", "summary: s", "TinyHovle")]
    [InlineData("TinyHovle", "summary: s # mmmodel: allwo MMD081", "allow")]
    public void A_slip_is_answered_with_the_word(string of, string lines, string expected) =>
        Assert.Contains(Tree.Diagnose(of, lines), found => found.Message.Contains($"did you mean `{expected}`?", StringComparison.Ordinal));
}
