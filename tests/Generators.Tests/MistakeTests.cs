using System.Globalization;
using Microsoft.CodeAnalysis;
using MmMamba.Generators.Tests.Harness;

namespace MmMamba.Generators.Tests;

/// <summary>A spec with a mistake: reported where it stands, a stub in its place, all other models as ever.</summary>
public sealed class MistakeTests
{
    const string File = "models/broken.mmmodel.yaml";

    static readonly string Broken = Specs.Student("Broken", "mamba2: { conv: 2, chank: 64 }\n");

    [Fact]
    public async Task The_shipped_specs_have_none() => Assert.Empty(await Project.Shipped().Analyze());

    [Fact]
    public async Task It_is_reported_at_its_own_line_and_column()
    {
        var mistake = Assert.Single(await Project.Shipped((File, Broken)).Analyze());

        Assert.Equal(DiagnosticSeverity.Error, mistake.Severity);
        Assert.Equal("MMD020", mistake.Id);
        Assert.Contains("chunk", mistake.GetMessage(CultureInfo.InvariantCulture));
        var place = mistake.Location.GetLineSpan();
        Assert.Equal((File, 4, 19, 4, 24), (place.Path, place.StartLinePosition.Line, place.StartLinePosition.Character, place.EndLinePosition.Line, place.EndLinePosition.Character));
        Assert.Equal("chank", Broken[mistake.Location.SourceSpan.Start..mistake.Location.SourceSpan.End]);
    }

    [Fact]
    public void The_others_are_generated_as_ever()
    {
        var expected = Project.Shipped().Run().Sources;
        var sources = Project.Shipped((File, Broken)).Run().Sources;

        Assert.Equal(expected, sources.Where(source => source.Key != "Broken.g.cs"));
    }

    [Fact]
    public void Its_stub_keeps_the_users_code_from_failing_too()
    {
        const string Code = """
            using MmMamba.Models;
            using MmMamba.Runtime;
            using MmMamba.Runtime.Seeding;
            class User
            {
                static VisionLanguageModel Make(ParameterSource source) => new Broken(source);
                static string Name => Broken.Plan.Name;
                static Broken Create(ParameterSource source) => Broken.Create(source);
            }
            """;

        Assert.Empty(new Project(Specs.Files.Append(KeyValuePair.Create(File, Broken)), code: Code).Compile());
        Snapshot.Verify(Project.Shipped((File, Broken)).Run().Sources["Broken.g.cs"], "cs");
    }

    [Theory]
    [InlineData("extends: MmMambaHybrid\nsummary: A student.\nleyers: { attention: { count: 4 } }")]
    [InlineData("extends: MmMambaHybird\nsummary: A student.")]
    [InlineData("extends: MmMambaHybrid\nsummary: A student.\nlayers: { attention: { count: 4")]
    [InlineData("extends: MmMambaHybrid\nsummary: A student.\ndistill: { stages: { mixer: { lr: fast } } }")]
    public async Task A_mistake_is_the_only_error_of_code_that_uses_the_model(string lines)
    {
        const string Code = """
            using MmMamba.Models;
            using MmMamba.Runtime.Layers;
            namespace Consumer;
            class User
            {
                const long Count = Own.ParameterCount;
                static Own Seeded(Hovle teacher) => Own.SeedFrom(teacher, 7);
                static Mamba2Layer Layer(Own own) => own.Decoder1;
                static long Trained => Own.Distillation.EndToEnd.TrainedCount + Own.Costs.CacheBytes(1);
            }
            """;
        var project = Project.Consumer(Code, ("own.mmmodel.yaml", $"mmmodel: 1\nmodel: Own\n{lines}\n"));

        Assert.Single(await project.Analyze());
        Assert.Empty(project.Compile());
    }

    [Fact]
    public async Task Text_that_is_no_yaml_hides_no_other_model()
    {
        var project = Project.Shipped(("noise.mmmodel.yaml", "model: [1, 2"));

        Assert.Equal(Specs.Shipped.Count, project.Run().Sources.Count);
        Assert.All(await project.Analyze(), mistake => Assert.Equal("noise.mmmodel.yaml", mistake.Location.GetLineSpan().Path));
        Assert.NotEmpty(await project.Analyze());
    }

    [Fact]
    public async Task A_broken_base_leaves_stubs_of_it_and_of_what_extends_it()
    {
        var project = Project.Shipped();
        project.Edit("tiny-hovle.mmmodel.yaml", text => text + "hiden: 3\n");

        Assert.Empty(project.Compile());
        Assert.Equal(Specs.Shipped.Count, project.Run().Sources.Count);
        // The teacher, its two students, and the four families of these.
        Assert.Equal(7, project.Run().Sources.Values.Count(text => text.Contains("<summary>A stub")));
        // Its base without the mistake is a whole base, so a student has its own layers and stages.
        var student = project.Run().Sources["TinyMmMambaHybrid.g.cs"];
        Assert.Contains("public Mamba2Layer Decoder3 ", student);
        Assert.Contains("public static TinyMmMambaHybrid SeedFrom(TinyHovle teacher", student);
        Assert.Contains("class Distillation", student);
        Assert.Contains(await project.Analyze(), mistake => mistake.Location.GetLineSpan().Path == "tiny-hovle.mmmodel.yaml");
    }

    [Fact]
    public async Task Two_models_of_one_name_are_a_mistake_and_no_crash()
    {
        var project = Project.Shipped(("a.mmmodel.yaml", Specs.Student("Twin")), ("b.mmmodel.yaml", Specs.Student("Twin")), ("c.mmmodel.yaml", Specs.Student("TWIN")));

        Assert.NotEmpty(await project.Analyze());
        Assert.Empty(project.Compile());
    }
}
