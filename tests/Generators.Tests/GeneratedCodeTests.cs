using Microsoft.CodeAnalysis;
using MmMamba.Generators.Tests.Harness;

namespace MmMamba.Generators.Tests;

/// <summary>The text of the generated classes, and that making it again is free.</summary>
public sealed class GeneratedCodeTests
{
    [Theory]
    [InlineData("Hovle")]
    [InlineData("MmMambaLinear")]
    [InlineData("MmMambaHybrid")]
    [InlineData("TinyHovle")]
    [InlineData("TinyMmMambaLinear")]
    [InlineData("TinyMmMambaHybrid")]
    public void A_shipped_model_is_generated_as_approved(string model)
    {
        var project = Project.Shipped();
        var run = project.Run();
        project.Touch();
        var again = project.Run();

        Assert.Empty(run.Diagnostics);
        foreach (var step in Steps.All) Assert.All(again.Reasons(step), reason => Assert.Equal(IncrementalStepRunReason.Cached, reason));
        Assert.NotEmpty(again.OutputReasons);
        Assert.All(again.OutputReasons, reason => Assert.Equal(IncrementalStepRunReason.Cached, reason));
        Snapshot.Verify(run.Sources[$"{model}.g.cs"], "cs", model);
    }

    [Fact]
    public void A_model_of_every_mixer_is_generated_as_approved()
    {
        var project = Project.Shipped(("three-mixers.mmmodel.yaml", File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "specs", "three-mixers.mmmodel.yaml"))));
        Snapshot.Verify(project.Run().Sources["ThreeMixers.g.cs"], "cs");
        Assert.Empty(project.Compile());
    }

    [Fact]
    public void Every_shipped_spec_becomes_one_file() =>
        Assert.Equal(Specs.Shipped.Count, Project.Shipped().Run().Sources.Count);

    [Fact]
    public void Generated_code_compiles_without_a_word() => Assert.Empty(Project.Shipped().Compile());

    [Fact]
    public void A_model_of_32_layers_is_read_in_minutes() =>
        Assert.InRange(Project.Shipped().Run().Sources["MmMambaHybrid.g.cs"].Split('\n').Length, 1, 400);

    [Fact]
    public void Lines_stay_within_the_width_of_a_page() =>
        Assert.All(Project.Shipped().Run().Sources.Values.SelectMany(text => text.Split('\n')), line => Assert.InRange(line.Length, 0, 180));
}
