using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Tests.Engine;
using MmMamba.Runtime.Tests.Kernels.Emulation;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Distillation;

/// <summary>What a stage may save memory with: a teacher in bfloat16, and layers that are run again for their gradients.</summary>
/// <param name="device">Where the tensors lie.</param>
/// <param name="emulated">Seed of an emulator that runs kernels of our own over them; null where the device does, if it can.</param>
public abstract class PrecisionTests(Device device, ulong? emulated = null)
{
    IDisposable? Running() => emulated is { } seed ? KernelDevice.StandIn(EmulatedDevice.Here(seed)) : null;

    static ModelPlan Student => GoldenModel.Hybrid;

    /// <summary>Loss and gradients of the reference's batch, by tensor.</summary>
    static (float Loss, Dictionary<string, Tensor> Gradients) EndToEnd(VisionLanguageModel teacher, bool checkpointing)
    {
        using var start = StageGoldens.Mixers(teacher, Student, inherited: false);
        using var student = StudentAssembly.Build(teacher, Student, start);
        var trained = EndToEndDistillation.Train(student, Student.RecipeOf().StageOf(StageKind.EndToEnd).Train);
        var input = StageGoldens.Batches().First().Input;
        var loss = new EndToEndDistillation(teacher, Student).Gradients(input, student, new LogitsKl(), TokenMask.Of(input, teacher.Device), checkpointing);
        return (loss.item<float>(), trained.ToDictionary(named => named.Name, named => named.Parameter.grad!.clone()));
    }

    static (float Loss, Dictionary<string, Tensor> Gradients) Mixers(VisionLanguageModel teacher)
    {
        using var mixers = StageGoldens.Mixers(teacher, Student, inherited: false);
        var recipe = Student.RecipeOf();
        var trained = NamedParameter.Train(recipe.ConvertedTensors, mixers.Tensors, recipe.StageOf(StageKind.Mixer).Train);
        var input = StageGoldens.Batches().First().Input;
        var loss = SharedTeacherPass.Gradients(teacher, input, [(mixers, new MixerMse(1000, 6))], TokenMask.Of(input, teacher.Device))[0];
        return (loss.item<float>(), trained.ToDictionary(named => named.Name, named => named.Parameter.grad!.clone()));
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.BFloat16)]
    public void Layers_that_are_run_again_give_the_same_loss_and_gradients(ScalarType dtype)
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle, dtype, device);
        var (loss, kept) = EndToEnd(teacher, checkpointing: false);
        var (again, recomputed) = EndToEnd(teacher, checkpointing: true);
        Assert.Equal(loss, again);
        Assert.NotEmpty(kept);
        // On a GPU attention adds up the gradients of queries in whatever order its blocks end.
        var tolerance = device.type == DeviceType.CPU ? 1e-6 : dtype == ScalarType.Float32 ? 1e-5 : 1e-2;
        foreach (var (name, gradient) in kept) Golden.Close(gradient, recomputed[name], tolerance, name);
    }

    // The weights of both are rounded; of their gradients the direction has to stay.
    [Theory]
    [InlineData(StageKind.Mixer)]
    [InlineData(StageKind.EndToEnd)]
    public void In_bfloat16_trained_tensors_and_their_gradients_are_float32_and_point_the_same_way(StageKind stage)
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        using var exact = GoldenModel.Load(GoldenModel.Hovle, device: device);
        using var half = GoldenModel.Load(GoldenModel.Hovle, ScalarType.BFloat16, device);
        var (loss, gradients) = stage == StageKind.Mixer ? Mixers(exact) : EndToEnd(exact, checkpointing: false);
        var (rounded, found) = stage == StageKind.Mixer ? Mixers(half) : EndToEnd(half, checkpointing: false);
        Assert.InRange(rounded / loss, 0.95, 1.05);
        Assert.All(found.Values, gradient => Assert.Equal(ScalarType.Float32, gradient.dtype));
        var (all, allFound) = (Flat(gradients), Flat(found));
        var cosine = (all.dot(allFound) / (all.norm() * allFound.norm())).item<float>();
        Assert.True(cosine > 0.99, FormattableString.Invariant($"cosine {cosine}"));
    }

    [Fact]
    public void A_mixer_stage_in_bfloat16_has_the_losses_of_one_in_float32()
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        var (exact, rounded) = (Losses(ScalarType.Float32), Losses(ScalarType.BFloat16));
        Assert.True(exact[^1] < 0.9 * exact[0], string.Join(' ', exact));
        Assert.All(exact.Zip(rounded), pair => Assert.InRange(pair.Second / pair.First, 0.97, 1.03));

        double[] Losses(ScalarType dtype)
        {
            using var teacher = GoldenModel.Load(GoldenModel.Hovle, dtype, device);
            using var start = IntroducedArtefact.Skipped(teacher, Student, 1);
            var reports = new Reports();
            var options = TrainingOptions.Of(Student.RecipeOf(), StageKind.Mixer) with { Steps = 6, Batch = 2, LearningRate = 3e-3 };
            new MixerDistillation(teacher, Student).RunMixer(start, StageGoldens.Batches(), options, reports).Dispose();
            return [.. reports.Losses];
        }
    }

    static Tensor Flat(Dictionary<string, Tensor> tensors) => cat([.. tensors.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => pair.Value.flatten())]);

    [Fact]
    public void All_three_stages_run_from_a_teacher_in_bfloat16_and_leave_what_they_do_not_train()
    {
        using var running = Running();
        using var scope = NewDisposeScope();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle, ScalarType.BFloat16, device);
        TrainingOptions Options(StageKind kind) => TrainingOptions.Of(Student.RecipeOf(), kind) with { Steps = 3, Batch = 2, LearningRate = 1e-3, GradientCheckpointing = true };
        var stages = new MixerDistillation(teacher, Student);
        using var introduced = stages.RunIntroduced(StageGoldens.Batches(), Options(StageKind.Introduced));
        using var mixers = stages.RunMixer(introduced, StageGoldens.Batches(), Options(StageKind.Mixer));
        var reports = new Reports();
        using var student = new EndToEndDistillation(teacher, Student)
            .Run(mixers, StageGoldens.Batches(), Options(StageKind.EndToEnd), source => new VisionLanguageModel(Student, source), reports).Student;

        Assert.True(reports.Losses[^1] < reports.Losses[0], string.Join(' ', reports.Losses));
        var converted = Student.RecipeOf().ConvertedTensors.Select(tensor => tensor.Name).ToHashSet();
        Assert.All(student.Tensors, pair => Assert.Equal(converted.Contains(pair.Key) ? ScalarType.Float32 : ScalarType.BFloat16, pair.Value.dtype));
        foreach (var (name, tensor) in student.Tensors.Where(pair => !converted.Contains(pair.Key)))
            Assert.True(tensor.equal(teacher.Tensors[name]).all().item<bool>(), name);
    }
}

public sealed class PrecisionTestsOnCpu() : PrecisionTests(TestDevice.Cpu);

public sealed class PrecisionTestsEmulated() : PrecisionTests(TestDevice.Cpu, 1);

public sealed class PrecisionTestsOnCuda() : PrecisionTests(TestDevice.Cuda);
