using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Tests.Binding;

/// <summary>What older YAML made something else of is what it looks like, or a mistake at its place; never silently another value.</summary>
public class YamlTrapTests
{
    [Theory]
    [InlineData("mlp: { swiglu: 010 }", 10)]
    [InlineData("mlp: { swiglu: 1e3 }", 1000)]
    [InlineData("mlp: { swiglu: 1.0e+3 }", 1000)]
    [InlineData("mlp: { swiglu: 12.0 }", 12)]
    [InlineData("mlp: { swiglu: +12 }", 12)]
    [InlineData("mlp: { swiglu: 0x10 }", 16)]
    [InlineData("mlp: { swiglu: 0o17 }", 15)]
    public void A_number_is_what_it_looks_like(string lines, int expected) =>
        Assert.Equal(expected, Tree.Variant("TinyHovle", lines).Towers[0].Shared.MlpHidden);

    [Theory]
    [InlineData("mlp: { swiglu: 1_000 }", "4,16 MMD021 `1_000`")]
    [InlineData("mlp: { swiglu: 1,000 }", "4,18 MMD020 `000`")]
    [InlineData("mlp: { swiglu: 1.5 }", "4,16 MMD021 `1.5`")]
    [InlineData("mlp: { swiglu: 3:20 }", "4,16 MMD021 `3:20`")]
    [InlineData("mlp: { swiglu: 0b101 }", "4,16 MMD021 `0b101`")]
    [InlineData("mlp: { swiglu: \"12\" }", "4,16 MMD021 `12`")]
    [InlineData("mlp: { swiglu: .inf }", "4,16 MMD022 `.inf`")]
    [InlineData("mlp: { swiglu: 1e99 }", "4,16 MMD022 `1e99`")]
    [InlineData("mlp: { swiglu: 99999999999999999999999 }", "4,16 MMD022 `99999999999999999999999`")]
    [InlineData("norm: { rms: .nan }", "4,14 MMD022 `.nan`")]
    [InlineData("norm: { rms: 1e-99 }", "4,14 MMD022 `1e-99`")]
    [InlineData("norm: { rms: 1.0e-5f }", "4,14 MMD021 `1.0e-5f`")]
    [InlineData("mamba2: { gate: no }", "4,17 MMD021 `no`")]
    [InlineData("mamba2: { gate: Yes }", "4,17 MMD021 `Yes`")]
    [InlineData("mamba2: { gate: y }", "4,17 MMD021 `y`")]
    [InlineData("mamba2: { gate: 0 }", "4,17 MMD021 `0`")]
    [InlineData("mamba2: { gate: OFF }", "4,17 MMD021 `OFF`")]
    [InlineData("summary: true", "4,10 MMD021 `true`")]
    [InlineData("summary: 2026-01-01T00:00:00Z: x", "4,30 MMD001 ")]
    [InlineData("tokens: { system: 42 }", "4,19 MMD021 `42`")]
    [InlineData("checkpoint: NULL", "4,13 MMD024 ")]
    [InlineData("<<: { hidden: 3 }", "4,1 MMD020 `<<`")]
    [InlineData("=: 3", "4,1 MMD020 `=`")]
    [InlineData("hidden: 3\nhidden: 4", "5,1 MMD006 `hidden`")]
    [InlineData("norm: { rms: 0.5, rms: 0.25 }", "4,19 MMD006 `rms`")]
    [InlineData("vision: {}\nvision: {}", "5,1 MMD006 `vision`")]
    public void What_it_does_not_look_like_is_a_mistake(string lines, string expected)
    {
        var found = Tree.Diagnose("TinyHovle", lines).Select(found => $"{found.Span.StartLine},{found.Span.StartColumn} {found.Id}").ToList();
        Assert.Equal(expected.Split('|').Select(one => one[..(one.IndexOf("MMD", StringComparison.Ordinal) + 6)]).Order(), found.Order());
        var named = expected[(expected.IndexOf("MMD", StringComparison.Ordinal) + 7)..].Split('|')[0];
        Assert.Contains(Tree.Diagnose("TinyHovle", lines), one => one.Message.Contains(named, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("summary: no", "no")]
    [InlineData("summary: 2026-01-01", "2026-01-01")]
    [InlineData("summary: 1.2.3", "1.2.3")]
    [InlineData("summary: 0x", "0x")]
    public void Text_is_text(string lines, string expected) => Assert.Equal(expected, Tree.Variant("TinyHovle", lines).Summary);

    /// <summary>Values that the engine can't tell apart are one value.</summary>
    [Fact]
    public void Digits_beyond_a_binary64_mean_nothing()
    {
        ModelSpec Of(string rms) => Tree.Variant("TinyHovle", $"norm: {{ rms: {rms} }}");
        Assert.Equal(Of("0.1"), Of("0.1000000000000000055511151231"));
        Assert.NotEqual(Of("0.1"), Of("0.10000000000000003"));
    }
}
