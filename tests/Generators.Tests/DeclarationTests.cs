using Microsoft.CodeAnalysis;
using MmMamba.Generators.Tests.Harness;

namespace MmMamba.Generators.Tests;

/// <summary>Specs of a package: one extends them and is taught by them, and their classes are the package's.</summary>
public sealed class DeclarationTests
{
    const string File = "own.mmmodel.yaml";

    static readonly string Own = "mmmodel: 1\nmodel: Own\nextends: MmMambaHybrid\nsummary: A student of a package's teacher.\nlayers: { attention: { count: 4 } }\n";

    [Fact]
    public void Only_ones_own_specs_become_classes() =>
        Assert.Equal(["Own.g.cs"], Project.Consumer("", (File, Own)).Run().Sources.Keys);

    [Fact]
    public void A_student_is_seeded_from_the_class_of_the_package()
    {
        const string Code = """
            using MmMamba.Models;
            namespace Consumer;
            class User
            {
                static Own Seeded(Hovle teacher) => Own.SeedFrom(teacher, 7);
                static Own Distilled(Hovle teacher) =>
                    Own.Distillation.EndToEnd.Skip(teacher, MmMambaHybrid.Distillation.Mixer.Skip(MmMambaHybrid.Distillation.Introduced.Skip(teacher, 7)));
            }
            """;

        Assert.Empty(Project.Consumer(Code, (File, Own)).Compile());
    }

    [Fact]
    public void A_class_of_the_same_name_in_ones_own_namespace_changes_nothing()
    {
        const string Code = "namespace Consumer; class Hovle; class User { static Own Seeded(MmMamba.Models.Hovle teacher) => Own.SeedFrom(teacher, 7); }";

        Assert.Empty(Project.Consumer(Code, (File, Own)).Compile());
    }

    [Fact]
    public void A_teacher_of_ones_own_is_named_as_it_is()
    {
        var project = Project.Consumer("",
            ("teacher.mmmodel.yaml", "mmmodel: 1\nmodel: OwnTeacher\nextends: TinyHovle\nsummary: A teacher.\n"),
            (File, "mmmodel: 1\nmodel: Own\nextends: TinyMmMambaHybrid\nsummary: A student.\nteacher: OwnTeacher\n"));

        Assert.Empty(project.Compile());
        Assert.Contains("SeedFrom(OwnTeacher teacher,", project.Run().Sources["Own.g.cs"]);
    }

    [Fact]
    public async Task A_mistake_of_ones_own_is_reported_where_it_stands()
    {
        var mistake = Assert.Single(await Project.Consumer("", (File, Own.Replace("layers", "leyers"))).Analyze());

        Assert.Equal(("MMD020", File), (mistake.Id, mistake.Location.GetLineSpan().Path));
    }

    [Fact]
    public async Task A_mistake_in_a_declaration_is_not_repeated()
    {
        var project = Project.Consumer("", (File, Own));
        project.Edit(Specs.InPackage("tiny-hovle.mmmodel.yaml"), text => text + "hiden: 3\n");

        Assert.Empty(await project.Analyze());
        Assert.Equal(["Own.g.cs"], project.Run().Sources.Keys);
    }

    [Fact]
    public async Task A_declaration_keeps_its_name_wherever_the_files_lie()
    {
        var twin = Assert.Single(await Project.Consumer("", ("/a.mmmodel.yaml", Own.Replace("Own", "Hovle"))).Analyze());

        Assert.Equal(("MMD030", "/a.mmmodel.yaml"), (twin.Id, twin.Location.GetLineSpan().Path));
    }

    [Fact]
    public void An_edit_of_ones_own_spec_parses_no_declaration_again()
    {
        var project = Project.Consumer("", (File, Own), ("other.mmmodel.yaml", Specs.Student("Other")));
        project.Run();
        project.Edit(File, text => text.Replace("count: 4", "count: 2"));
        var after = project.Run();

        Assert.Single(after.Reasons(Steps.Parsed), IncrementalStepRunReason.Modified);
        Assert.Single(after.OutputReasons, IncrementalStepRunReason.Modified);
        Assert.Equal(2, after.OutputReasons.Count);
    }

    [Fact]
    public void Text_that_is_no_namespace_declares_nothing_that_could_be_code()
    {
        var project = new Project(
            [KeyValuePair.Create("/p/tiny-hovle.mmmodel.yaml", Specs.Shipped["tiny-hovle.mmmodel.yaml"]),
                KeyValuePair.Create("/p/tiny-linear.mmmodel.yaml", Specs.Shipped["tiny-linear.mmmodel.yaml"])],
            declaredIn: new Dictionary<string, string> { ["/p/tiny-hovle.mmmodel.yaml"] = "A; class Injected { } //" });

        Assert.DoesNotContain("class Injected {", project.Run().Sources["TinyMmMambaLinear.g.cs"]);
    }
}
