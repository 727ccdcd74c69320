using MmMamba.Generators.Tests.Harness;

namespace MmMamba.Generators.Tests;

/// <summary>No text of a spec, and no name of a project, becomes code.</summary>
public sealed class HostileTextTests
{
    [Theory]
    [InlineData("""ends the doc comment \n*/ } class Injected { /*""")]
    [InlineData("""\u2028class Injected { }""")]
    [InlineData("""</summary><![CDATA[ & < > ]]> \" \\ {0} {{ }}""")]
    [InlineData("""\"; } class Injected { string s = \" """)]
    [InlineData("""\0\t\r\n\x1b[31m \U0001F600""")]
    public void A_summary_is_text(string summary)
    {
        var project = Project.Shipped(("x.mmmodel.yaml", $"mmmodel: 1\nmodel: Summarised\nextends: Hovle\nsummary: \"{summary}\"\n"));

        Assert.Empty(project.Compile());
        Assert.Equal(Specs.Shipped.Count + 1, project.Run().Sources.Count);
        Assert.DoesNotContain(project.Run().Sources["Summarised.g.cs"].Split('\n'), line => line.TrimStart().StartsWith("class Injected", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("class")]
    [InlineData("A { } class Injected")]
    [InlineData("Größe")]
    [InlineData("../../Escape")]
    [InlineData("../../x")]
    [InlineData("\"\\\"; Environment.Exit(0); //\"")]
    [InlineData("Hovle; Environment.Exit(0); //")]
    [InlineData("Hovle\u2028class")]
    [InlineData("@class")]
    [InlineData("__arglist")]
    [InlineData("\"Con\\0\"")]
    public async Task A_name_that_is_no_identifier_is_a_mistake_and_no_code(string name)
    {
        var project = Project.Shipped(("x.mmmodel.yaml", $"mmmodel: 1\nmodel: {name}\nextends: Hovle\n"));

        Assert.NotEmpty(await project.Analyze());
        Assert.Empty(project.Compile());
        Assert.Equal(Specs.Shipped.Count, project.Run().Sources.Count);
    }

    /// <summary>Wherever else a file may hold text: each is a mistake or is shown as text, and the shipped models are generated as ever.</summary>
    [Theory]
    [InlineData("extends: Hovle\ntowers: [ { \"x; } class Injected { //\": 3 }, { decoder: 4 } ]")]
    [InlineData("extends: Hovle\ntowers: [ { class: 3 }, { decoder: 4 } ]")]
    [InlineData("extends: Hovle\ntokens: { template: \"\\\"; Environment.Exit(0); //\" }")]
    [InlineData("extends: Hovle\ntokens: { system: \"\\\"; Environment.Exit(0); // \\n } class Injected { } \\\"\\\"\\\"\" }")]
    [InlineData("extends: Hovle\nreported: { source: \"*/ </para> \\n class Injected { } // \\\"\", tokens: 1, memory_gb: 1 }")]
    [InlineData("extends: \"../../x\"")]
    [InlineData("extends: MmMambaLinear\nteacher: \"../../x\"")]
    [InlineData("extends: MmMambaLinear\noverrides: [ { where: \"decoder[0]; class Injected { }\", norm: { rms: 0.5 } } ]")]
    [InlineData("extends: Hovle\n\"; Environment.Exit(0); //\": 3")]
    [InlineData("extends: Hovle\ncheckpoint: \"../../x\"")]
    public void Other_text_is_no_code(string lines)
    {
        var project = Project.Shipped(("x.mmmodel.yaml", $"mmmodel: 1\nmodel: Texted\n{lines}\n"));

        Assert.Empty(project.Compile());
        var sources = project.Run().Sources;
        Assert.All(sources.Keys, file => Assert.Matches("^[A-Za-z0-9_.]+$", file));
        Assert.DoesNotContain(sources.Values.SelectMany(source => source.Split('\n')), line =>
            line.TrimStart().StartsWith("class Injected", StringComparison.Ordinal) || line.TrimStart().StartsWith("Environment", StringComparison.Ordinal));
        foreach (var (file, source) in Project.Shipped().Run().Sources) Assert.Equal(source, sources[file]);
    }

    // Names that generated code or its class's members have already.
    [Theory]
    [InlineData("Plan")]
    [InlineData("Cache")]
    [InlineData("Costs")]
    [InlineData("Distillation")]
    [InlineData("HiddenSize")]
    [InlineData("ModelPlan")]
    [InlineData("VisionLanguageModel")]
    [InlineData("AttentionLayer")]
    [InlineData("System")]
    [InlineData("Batch")]
    public async Task A_name_that_means_something_in_generated_code_is_a_mistake(string name)
    {
        var project = Project.Shipped(("x.mmmodel.yaml", Specs.Student(name)));

        var mistake = Assert.Single(await project.Analyze());
        Assert.Equal(("x.mmmodel.yaml", 1, 7), (mistake.Location.GetLineSpan().Path, mistake.Location.GetLineSpan().StartLinePosition.Line, mistake.Location.GetLineSpan().StartLinePosition.Character));
        Assert.Empty(project.Compile());
    }

    [Fact]
    public void A_model_may_have_the_name_of_one_of_its_layers() =>
        Assert.Empty(Project.Shipped(("x.mmmodel.yaml", Specs.Student("Embedding0"))).Compile());

    [Theory]
    [InlineData("My-App", "My_App")]
    [InlineData("1st.class", "_1st.@class")]
    [InlineData("A..B", "A.B")]
    [InlineData("A { } namespace B", "A_____namespace_B")]
    [InlineData("", "MmMamba.Models")]
    [InlineData(null, "MmMamba.Models")]
    public void A_root_namespace_becomes_one_that_compiles(string? rootNamespace, string expected)
    {
        var project = new Project(Specs.Files, rootNamespace);

        Assert.Contains($"\nnamespace {expected};\n", project.Run().Sources["Hovle.g.cs"]);
        Assert.Empty(project.Compile());
    }

    [Fact]
    public void A_file_name_is_text_too()
    {
        var project = Project.Shipped(("a\u2028class Injected { } //.mmmodel.yaml", Specs.Student("Filed")));

        Assert.Empty(project.Compile());
    }
}
