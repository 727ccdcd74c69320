using System.Collections;
using System.Reflection;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using MmMamba.Generators.Tests.Harness;

namespace MmMamba.Generators.Tests;

/// <summary>An edit costs what it changes, and nothing else.</summary>
public sealed class IncrementalTests
{
    static readonly IncrementalStepRunReason[] Fresh = [IncrementalStepRunReason.New, IncrementalStepRunReason.Modified];

    [Fact]
    public void The_first_run_makes_everything()
    {
        var run = Project.Shipped().Run();

        foreach (var step in Steps.All)
            Assert.All(run.Reasons(step), reason => Assert.Equal(IncrementalStepRunReason.New, reason));
        Assert.Equal(Specs.Shipped.Count, run.Reasons(Steps.Files).Count);
    }

    [Fact]
    public void An_edit_of_one_spec_emits_its_model_again_and_no_other()
    {
        var project = Project.Shipped();
        var before = project.Run();
        project.Edit("tiny-hybrid.mmmodel.yaml", text => text.Replace("count: 2", "count: 4"));
        var after = project.Run();

        Assert.Single(after.OutputReasons, reason => Fresh.Contains(reason));
        Assert.Single(after.Reasons(Steps.Files), IncrementalStepRunReason.Modified);
        Assert.Single(after.Reasons(Steps.Parsed), IncrementalStepRunReason.Modified);
        Assert.Equal(["TinyMmMambaHybrid.g.cs"], before.Sources.Keys.Where(name => before.Sources[name] != after.Sources[name]));
    }

    [Fact]
    public void A_comment_in_a_base_emits_nothing_again()
    {
        var project = Project.Shipped();
        project.Run();
        project.Edit("hovle.mmmodel.yaml", text => text.Replace("hidden: 2048", "hidden: 2048   # as InternLM2") + "# end\n");
        var after = project.Run();

        Assert.DoesNotContain(after.OutputReasons, reason => Fresh.Contains(reason));
    }

    [Fact]
    public void A_warning_that_moves_emits_nothing_again()
    {
        var project = Project.Shipped(("x.mmmodel.yaml", Specs.Student("Warned", "layers: { mamba2: rest, attention: none }\nteacher: Hovle\n")));
        project.Run();
        project.Edit("x.mmmodel.yaml", text => text.Replace("teacher: Hovle", "\n\nteacher: Hovle"));
        var after = project.Run();

        Assert.DoesNotContain(after.OutputReasons, reason => Fresh.Contains(reason));
    }

    [Fact]
    public void A_mistake_turns_its_own_model_into_a_stub_and_no_other()
    {
        var project = Project.Shipped();
        project.Run();
        project.Edit("tiny-hybrid.mmmodel.yaml", text => text.Replace("layers:", "leyers:"));
        var after = project.Run();

        Assert.Single(after.Reasons(Steps.Files), IncrementalStepRunReason.Modified);
        Assert.Single(after.OutputReasons, reason => Fresh.Contains(reason));
        Assert.Equal(Specs.Shipped.Count, after.Sources.Count);
    }

    [Fact]
    public void What_the_pipeline_keeps_holds_nothing_of_the_compiler()
    {
        var run = Project.Shipped(("broken.mmmodel.yaml", Specs.Student("Broken", "leyers: mamba2\n"))).Run();

        var seen = new HashSet<object>(ReferenceEqualityComparer.Instance);
        foreach (var step in Steps.All)
            foreach (var value in run.Values(step)) Walk(value, step);
        Assert.True(seen.Count > 1000, "The walk saw too little to mean anything.");

        void Walk(object? value, string path)
        {
            if (value is null || value is string || value.GetType().IsPrimitive || !seen.Add(value)) return;
            Assert.False(value is ISymbol or SyntaxNode or SyntaxTree or SyntaxToken or Location or SourceText or AdditionalText or Compilation,
                $"{path} holds a {value.GetType()}.");
            if (value is IEnumerable items)
                foreach (var item in items) Walk(item, path + "[]");
            for (var type = value.GetType(); type is not null && type != typeof(object); type = type.BaseType)
                foreach (var field in type.GetFields(BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
                    if (!field.FieldType.IsPointer) Walk(field.GetValue(value), $"{path}.{field.Name}");
        }
    }
}
