using Microsoft.CodeAnalysis;
using MmMamba.Generators.Tests.Harness;

namespace MmMamba.Generators.Tests;

/// <summary>What the types of generated classes allow, and what they refuse.</summary>
public sealed class TypedFaceTests
{
    static IReadOnlyList<Diagnostic> Compile(string statement) => new Project(Specs.Files, code: $$"""
        using MmMamba.Models;
        using MmMamba.Runtime;
        using MmMamba.Runtime.Caching;
        using MmMamba.Runtime.Data;
        using MmMamba.Runtime.Distillation;
        using MmMamba.Runtime.Layers;
        using MmMamba.Runtime.Plans;
        using System.Collections.Generic;
        class User
        {
            void Use(Hovle hovle, TinyHovle tiny, MmMambaHybrid hybrid, MmMambaHybrid.Cache cache, IEnumerable<Batch> data)
            {
                {{statement}}
            }
        }
        """).Compile();

    [Theory]
    [InlineData("MmMambaHybrid student = MmMambaHybrid.SeedFrom(hovle, 7);")]
    [InlineData("AttentionLayer layer = hybrid.Embedding0;")]
    [InlineData("Mamba2Layer layer = hybrid.Decoder23;")]
    [InlineData("KvCache keys = cache.Decoder0;")]
    [InlineData("Mamba2State state = cache.Decoder1;")]
    [InlineData("MmMambaHybrid.Cache fitting = hybrid.CreateCache(1, 16);")]
    [InlineData("ModelPlan plan = MmMambaHybrid.Plan;")]
    [InlineData("""
        var introduced = MmMambaHybrid.Distillation.Introduced.Run(hovle, data);
        var mixer = MmMambaHybrid.Distillation.Mixer.Run(hovle, introduced, data);
        MmMambaHybrid student = MmMambaHybrid.Distillation.EndToEnd.Run(hovle, mixer, data).Student;
        """)]
    [InlineData("""
        var introduced = MmMambaLinear.Distillation.Introduced.Skip(hovle, 7);
        MmMambaHybrid student = MmMambaHybrid.Distillation.EndToEnd.Skip(hovle, MmMambaHybrid.Distillation.Mixer.Skip(introduced));
        """)]
    public void Fits(string statement) => Assert.Empty(Compile(statement));

    [Theory]
    [InlineData("MmMambaHybrid.SeedFrom(tiny, 7);", "CS1503")]
    [InlineData("Mamba2Layer layer = hybrid.Embedding0;", "CS0029")]
    [InlineData("_ = hybrid.Decoder24;", "CS1061")]
    [InlineData("Hovle.SeedFrom(hovle, 7);", "CS0117")]
    [InlineData("Mamba2State state = cache.Decoder0;", "CS0029")]
    [InlineData("MmMambaHybrid.Distillation.EndToEnd.Run(hovle, MmMambaHybrid.Distillation.Introduced.Skip(hovle, 7), data);", "CS1503")]
    [InlineData("MmMambaHybrid.Distillation.Introduced.Run(tiny, data);", "CS1503")]
    [InlineData("MmMambaHybrid.Distillation.Mixer.Run(hovle, data);", "CS7036")]
    public void Does_not_fit(string statement, string error) => Assert.Contains(error, Compile(statement).Select(diagnostic => diagnostic.Id));

    [Fact]
    public void A_stage_that_the_recipe_leaves_out_can_be_skipped_and_not_run()
    {
        var project = Project.Shipped(("x.mmmodel.yaml", Specs.Student("Short", "distill: { stages: { introduced: ~ }, run: [mixer, end_to_end] }\n")));

        Assert.Empty(project.Compile());
        var text = project.Run().Sources["Short.g.cs"];
        var stage = text[text.IndexOf("class Introduced", StringComparison.Ordinal)..text.IndexOf("class Mixer", StringComparison.Ordinal)];
        Assert.Contains("Skip(", stage);
        Assert.DoesNotContain("Run(", stage);
    }
}
