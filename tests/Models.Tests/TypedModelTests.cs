using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Seeding;
using TorchSharp;

namespace MmMamba.Models.Tests;

/// <summary>The typed ways through a generated class do what the engine does.</summary>
public sealed class TypedModelTests : IDisposable
{
    readonly TinyHovle _teacher = new(new DrawnParameters(seed: 1));

    public void Dispose() => _teacher.Dispose();

    [Fact]
    public void Seeding_from_the_teacher_is_seeding_by_the_plan()
    {
        using var student = TinyMmMambaHybrid.SeedFrom(_teacher, 7);
        using var expected = new Runtime.VisionLanguageModel(TinyMmMambaHybrid.Plan, new SeededParameters(_teacher, 7));

        AssertSame(expected, student);
    }

    [Fact]
    public void Skipping_every_stage_gives_the_seeded_student()
    {
        using var introduced = TinyMmMambaHybrid.Distillation.Introduced.Skip(_teacher, 7);
        using var mixer = TinyMmMambaHybrid.Distillation.Mixer.Skip(introduced);
        using var student = TinyMmMambaHybrid.Distillation.EndToEnd.Skip(_teacher, mixer);
        using var expected = TinyMmMambaHybrid.SeedFrom(_teacher, 7);

        AssertSame(expected, student);
    }

    [Fact]
    public void A_saved_model_is_loaded_as_its_class()
    {
        using var student = TinyMmMambaLinear.SeedFrom(_teacher, 7);
        var path = Path.Combine(Path.GetTempPath(), $"{Path.GetRandomFileName()}.safetensors");
        try
        {
            Checkpoint.Save(student, path);
            using var loaded = TinyMmMambaLinear.Load(path);

            AssertSame(student, loaded);
        }
        finally
        {
            File.Delete(path);
        }
    }

    [Fact]
    public void The_stages_options_are_the_recipes()
    {
        var options = MmMambaHybrid.Distillation.EndToEnd.Options;

        Assert.Equal((20_000, 64, 5.0e-5, 5.0), (options.Steps, options.Batch, options.LearningRate, options.Clip));
    }

    static void AssertSame(Runtime.VisionLanguageModel expected, Runtime.VisionLanguageModel actual)
    {
        Assert.Equal(expected.Tensors.Keys, actual.Tensors.Keys);
        foreach (var (name, tensor) in expected.Tensors) Assert.True(torch.allclose(tensor, actual.Tensors[name], rtol: 0, atol: 0), name);
    }
}
