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
        var project = Project.Shipped(("x.mmmodel.yaml", Specs.Student("Alone", "mamba2: { conv: 3 }\n")));
        var before = project.Run();
        project.Edit("x.mmmodel.yaml", text => text.Replace("conv: 3", "conv: 4"));
        var after = project.Run();

        Assert.Single(after.OutputReasons, reason => Fresh.Contains(reason));
        Assert.Single(after.Reasons(Steps.Files), IncrementalStepRunReason.Modified);
        Assert.Single(after.Reasons(Steps.Parsed), IncrementalStepRunReason.Modified);
        Assert.Equal(["Alone.g.cs"], before.Sources.Keys.Where(name => before.Sources[name] != after.Sources[name]));
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
        var project = Project.Shipped(("x.mmmodel.yaml", Specs.Student("Alone", "mamba2: { conv: 3 }\n")));
        project.Run();
        project.Edit("x.mmmodel.yaml", text => text.Replace("conv:", "convv:"));
        var after = project.Run();

        Assert.Single(after.Reasons(Steps.Files), IncrementalStepRunReason.Modified);
        Assert.Single(after.OutputReasons, reason => Fresh.Contains(reason));
        Assert.Equal(Specs.Shipped.Count + 1, after.Sources.Count);
    }

    [Fact]
    public void An_edit_of_a_family_emits_its_registry_again_and_no_other()
    {
        var project = Project.Shipped();
        var before = project.Run();
        project.Edit("attention-layers.mmmodel.yaml", text => text.Replace("[0, 1, 2, 4, 8]", "[0, 1, 2, 3, 4, 8]"));
        var after = project.Run();

        Assert.Single(after.OutputReasons, reason => Fresh.Contains(reason));
        Assert.Equal(["AttentionLayers.g.cs"], before.Sources.Keys.Where(name => before.Sources[name] != after.Sources[name]));
    }

    [Fact]
    public void An_edit_of_a_base_emits_the_families_of_it_again()
    {
        var project = Project.Shipped();
        var before = project.Run();
        project.Edit("tiny-hybrid.mmmodel.yaml", text => text + "mamba2: { conv: 4 }\n");
        var after = project.Run();

        string[] changed = ["TinyAttentionLayers.g.cs", "TinyHybridStrategy.g.cs", "TinyMmMambaHybrid.g.cs"];
        Assert.Equal(changed, before.Sources.Keys.Where(name => before.Sources[name] != after.Sources[name]).Order(StringComparer.Ordinal));
        Assert.Equal(changed.Length, after.OutputReasons.Count(reason => Fresh.Contains(reason)));
    }

    [Fact]
    public void Figures_emit_the_families_that_report_them_again()
    {
        var project = Project.Shipped();
        project.Run();
        project.Edit("paper/table6.yaml", text => "# Of the paper.\n" + text);
        Assert.DoesNotContain(project.Run().OutputReasons, reason => Fresh.Contains(reason));

        project.Edit("paper/table6.yaml", text => text.Replace("1371.1", "1371.2"));
        Assert.Equal(2, project.Run().OutputReasons.Count(reason => Fresh.Contains(reason)));
    }

    [Fact]
    public void While_a_base_is_broken_an_edit_leaves_the_stand_ins_of_others_the_objects_that_they_were()
    {
        var project = Project.Shipped(("x.mmmodel.yaml", Specs.Student("Alone", "mamba2: { conv: 3 }\n")));
        project.Edit("hovle.mmmodel.yaml", text => text.Replace("hidden: 2048", "hidden: 2048\nhiden: 2048"));
        var before = StandIns(project.Run());
        project.Edit("x.mmmodel.yaml", text => text.Replace("conv: 3", "conv: 4"));
        var run = project.Run();
        var after = StandIns(run);

        Assert.Equal(["Alone", "Hovle", "MmMambaHybrid", "MmMambaLinear"], after.Keys.Order(StringComparer.Ordinal));
        Assert.Equal(["Alone"], after.Keys.Where(name => !ReferenceEquals(before[name], after[name])));
        Assert.Single(run.Reasons(Steps.Files), IncrementalStepRunReason.Modified);
        Assert.Single(run.OutputReasons, reason => Fresh.Contains(reason));

        static Dictionary<string, object> StandIns(Run run)
        {
            static object? Value(object of, string property) => of.GetType().GetProperty(property)?.GetValue(of);
            return ((IEnumerable)Value(run.Values(Steps.Catalog).Single(), "Files")!).Cast<object>()
                .Where(file => Value(file, "Face") is not null).ToDictionary(file => (string)Value(file, "Name")!, file => Value(file, "Face")!);
        }
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
