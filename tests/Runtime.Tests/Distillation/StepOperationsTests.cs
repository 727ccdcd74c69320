using System.Text;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Tests.Engine;
using MmMamba.Runtime.Tests.Kernels;
using MmMamba.Runtime.Tests.Kernels.Emulation;
using TorchSharp;
using static TorchSharp.torch;
using AdamW = MmMamba.Runtime.Distillation.AdamW;

namespace MmMamba.Runtime.Tests.Distillation;

/// <summary>
/// Of how many operations the parts of a step consist, plain ones in bfloat16: how many launch a kernel on a GPU, of how many calls. They do not depend on sizes, as long as a
/// scan has several chunks; docs/full-size.md multiplies them.
/// </summary>
public sealed class StepOperationsTests : IDisposable
{
    const int Layer = 2;

    readonly DisposeScope _scope = NewDisposeScope();
    readonly VisionLanguageModel _teacher = GoldenModel.Load(GoldenModel.Hovle, ScalarType.BFloat16);
    readonly StringBuilder _told = new(), _seen = new();

    static ModelPlan Student => GoldenModel.Linear;

    // Several chunks of the scan: of plain operations, and below of the kernels.
    int Tokens { get; set; } = 64;

    ModelInput Input => new(arange(Tokens, ScalarType.Int64).unsqueeze(0));

    public void Dispose()
    {
        _teacher.Dispose();
        _scope.Dispose();
    }

    void Count(string what, Action action, RecordedDevice? launches = null)
    {
        launches?.Clear();
        using var count = new OperationCount();
        action();
        var own = launches is null ? "" : FormattableString.Invariant($", and {launches.Launched.Count} kernels");
        _told.AppendLine(FormattableString.Invariant($"{what}: {count.Launches} of {count.Calls}{own}"));
        _seen.AppendLine(FormattableString.Invariant($"{what}: {count}"));
    }

    [Fact]
    public void A_teachers_layer()
    {
        using var guard = no_grad();
        var stream = zeros(1, Tokens, Student.HiddenSize);
        Tensor Run(int end) => _teacher.Run(Input, null, null, null, 0, end, stream);
        Run(1);
        Count("one layer, and what a pass begins with", () => Run(1));
        Count("two layers", () => Run(2));
        Told("""
            one layer, and what a pass begins with: 35 of 58
            two layers: 55 of 97
            """);
    }

    /// <summary>The same where kernels of our own run: of libtorch's operations how many are left, and what is launched instead.</summary>
    [Theory]
    [InlineData(StageKind.Introduced, """
        forward: 1 of 9, and 5 kernels
        loss: 7 of 7, and 0 kernels
        backward: 3 of 23, and 8 kernels
        clip of 42 tensors: 1 of 7, and 4 kernels
        AdamW of 42 tensors: 3 of 3, and 0 kernels
        """)]
    [InlineData(StageKind.Mixer, """
        forward: 1 of 9, and 5 kernels
        loss: 7 of 7, and 0 kernels
        backward: 3 of 26, and 8 kernels
        clip of 60 tensors: 1 of 8, and 5 kernels
        AdamW of 60 tensors: 3 of 3, and 0 kernels
        """)]
    public void A_mixer_that_learns_by_kernels(StageKind kind, string expected)
    {
        Tokens = 80;
        var launches = new RecordedDevice(EmulatedDevice.Here(1));
        using var running = KernelDevice.StandIn(launches);
        Learn(kind, launches);
        Told(expected);
    }

    [Theory]
    [InlineData(StageKind.Introduced, """
        forward: 59 of 122
        loss: 7 of 7
        backward: 115 of 190
        clip of 42 tensors: 45 of 88
        AdamW of 42 tensors: 3 of 3
        """)]
    [InlineData(StageKind.Mixer, """
        forward: 59 of 122
        loss: 7 of 7
        backward: 125 of 210
        clip of 60 tensors: 63 of 124
        AdamW of 60 tensors: 3 of 3
        """)]
    public void A_mixer_that_learns(StageKind kind, string expected)
    {
        Learn(kind);
        Told(expected);
    }

    void Learn(StageKind kind, RecordedDevice? launches = null)
    {
        using var seeded = ConvertedMixers.Seed(_teacher, Student, 5);
        using var mixers = seeded.Copy();
        var recipe = Student.RecipeOf();
        var trained = NamedParameter.Train(recipe.ConvertedTensors, mixers.Tensors, recipe.StageOf(kind).Train);
        var (loss, mask) = (new MixerMse(1000, 6), TokenMask.Of(Input, CPU));
        // Masks that stay are made once.
        SharedTeacherPass.Gradients(_teacher, Input, [(mixers, loss)], mask);
        foreach (var named in trained) named.Parameter.grad = null;
        _teacher.Trace(Input, trace =>
        {
            if (trace.Index != Layer) return;
            using var recording = enable_grad();
            var (mixed, gradient) = (zeros(1), zeros(1));
            Count("forward", () => mixed = mixers.Layers[Layer].Mix(trace.NormedInput), launches);
            Count("loss", () => gradient = loss.Evaluate(mixed, trace.MixerOutput, mask).Gradient, launches);
            Count("backward", () => mixed.backward([gradient]), launches);
        });
        SharedTeacherPass.Gradients(_teacher, Input, [(mixers, loss)], mask);
        using var optimizer = new AdamW(trained, recipe.Optimizer);
        Count($"clip of {trained.Count} tensors", () => GradientClip.Apply(optimizer.Parameters, 1e-9), launches);
        Count($"AdamW of {trained.Count} tensors", () => optimizer.Step(1e-3), launches);
    }

    [Fact]
    public void A_students_layer()
    {
        using var mixers = ConvertedMixers.Seed(_teacher, Student, 5);
        using var student = StudentAssembly.Build(_teacher, Student, mixers);
        EndToEndDistillation.Train(student, Student.RecipeOf().StageOf(StageKind.EndToEnd).Train);
        var stream = zeros(1, Tokens, Student.HiddenSize).requires_grad_(true);
        var after = zeros(1);
        using (no_grad()) student.Run(Input, null, null, null, Layer, Layer + 1, stream);
        Count("forward", () => after = student.Run(Input, null, null, null, Layer, Layer + 1, stream));
        var gradient = ones_like(after);
        Count("backward", () => after.backward([gradient]));
        var features = zeros(1, Tokens, Student.HiddenSize, ScalarType.BFloat16);
        var mask = TokenMask.Of(Input, CPU);
        Count("the KL of a slice", () => new LogitsKl().Evaluate(features, student.Head, features, _teacher.Head, mask));
        Told("""
            forward: 75 of 143
            backward: 166 of 270
            the KL of a slice: 19 of 30
            """);
    }

    void Told(string expected)
    {
        if (_told.ToString().TrimEnd() != expected.ReplaceLineEndings().TrimEnd()) Assert.Fail($"{_told}\n{_seen}");
    }
}
