using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Distillation;

/// <summary>What holds for every run of the stages, whatever the numbers.</summary>
public class DistillationLawTests
{
    static TrainingOptions Options(StageKind kind, int steps = 3, ulong seed = 7) => TrainingOptions.Of(GoldenModel.Hybrid.RecipeOf(), kind) with
    {
        Steps = steps, Batch = 2, LearningRate = 1e-2, Schedule = new(ScheduleKind.Constant, 0, 0), Seed = seed, Data = "two rows",
    };

    static string HashOf(VisionLanguageModel model) => TeacherIdentity.Of(model).Hash;

    static IntroducedArtefact Introduced(VisionLanguageModel teacher, ulong seed = 7) =>
        new MixerDistillation(teacher, GoldenModel.Hybrid).RunIntroduced(StageGoldens.Batches(), Options(StageKind.Introduced, seed: seed));

    static bool Same(Tensor a, Tensor b) => a.equal(b).all().item<bool>();

    [Fact]
    public void The_stages_leave_the_teacher_as_it_was_to_the_bit()
    {
        using var scope = NewDisposeScope();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        var before = HashOf(teacher);
        using var introduced = Introduced(teacher);
        using var mixer = new MixerDistillation(teacher, GoldenModel.Hybrid).RunMixer(introduced, StageGoldens.Batches(), Options(StageKind.Mixer));
        using var student = new EndToEndDistillation(teacher, GoldenModel.Hybrid)
            .Run(mixer, StageGoldens.Batches(), Options(StageKind.EndToEnd), source => new VisionLanguageModel(GoldenModel.Hybrid, source)).Student;
        Assert.Equal(before, HashOf(teacher));
        Assert.All(teacher.Tensors.Values, tensor => Assert.Null(tensor.grad));
    }

    [Fact]
    public void Stage_1_moves_everything_introduced_and_nothing_inherited_and_stage_2_also_query_key_and_value()
    {
        using var scope = NewDisposeScope();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var seeded = ConvertedMixers.Seed(teacher, GoldenModel.Hybrid, 7);
        using var introduced = Introduced(teacher);
        using var mixer = new MixerDistillation(teacher, GoldenModel.Hybrid).RunMixer(introduced, StageGoldens.Batches(), Options(StageKind.Mixer));
        foreach (var tensor in GoldenModel.Hybrid.RecipeOf().ConvertedTensors)
        {
            var inherited = tensor.Group is TensorGroup.Query or TensorGroup.Key or TensorGroup.Value or TensorGroup.Output;
            Assert.True(Same(seeded.Tensors[tensor.Name], introduced.Mixers.Tensors[tensor.Name]) == inherited, $"stage 1 and {tensor.Name}");
            Assert.True(Same(introduced.Mixers.Tensors[tensor.Name], mixer.Mixers.Tensors[tensor.Name]) == (tensor.Group == TensorGroup.Output), $"stage 2 and {tensor.Name}");
        }
    }

    [Fact]
    public void A_stage_leaves_what_it_began_from_as_it_was()
    {
        using var scope = NewDisposeScope();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var introduced = Introduced(teacher);
        var before = introduced.Mixers.Hash;
        using var mixer = new MixerDistillation(teacher, GoldenModel.Hybrid).RunMixer(introduced, StageGoldens.Batches(), Options(StageKind.Mixer));
        Assert.Equal(before, introduced.Mixers.Hash);
        Assert.NotEqual(before, mixer.Mixers.Hash);
    }

    [Fact]
    public void Mixers_are_shown_the_residual_stream_of_the_pure_teacher()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        var input = StageGoldens.Batches().First().Input;
        var streams = new List<Tensor> { teacher.Embed(input) };
        var final = teacher.Run(input, null, null, (_, stream) => streams.Add(stream.clone().DetachFromDisposeScope()));
        var seen = 0;
        // The callback computes and takes gradients as a stage does; what the layers after it see stays the same.
        teacher.Trace(input, trace =>
        {
            Assert.True(Same(teacher.Layers[trace.Index].Norm.Forward(streams[trace.Index]), trace.NormedInput), $"layer {trace.Index}");
            using var recording = enable_grad();
            (trace.NormedInput.detach().requires_grad_(true) * trace.MixerOutput.mean()).sum().backward();
            seen++;
        });
        Assert.Equal(6, seen);
        Assert.True(Same(final, streams[^1]));
    }

    [Fact]
    public void Retained_layers_of_a_hybrid_stay_the_teacher_s_to_the_bit()
    {
        using var scope = NewDisposeScope();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var start = MixerArtefact.Skipped(Introduced(teacher));
        using var student = new EndToEndDistillation(teacher, GoldenModel.Hybrid)
            .Run(start, StageGoldens.Batches(), Options(StageKind.EndToEnd), source => new VisionLanguageModel(GoldenModel.Hybrid, source)).Student;
        var groups = GoldenModel.Hybrid.RecipeOf().StageOf(StageKind.EndToEnd).Train;
        foreach (var tensor in GoldenModel.Hybrid.Tensors)
        {
            if (tensor.Layer is 0 or 4) Assert.True(Same(teacher.Tensors[tensor.Name], student.Tensors[tensor.Name]), tensor.Name);
            else if (groups.Contains(tensor.Group)) Assert.False(Same(start.Mixers.Tensors[tensor.Name], student.Tensors[tensor.Name]), tensor.Name);
            else if (start.Mixers.Tensors.TryGetValue(tensor.Name, out var mixer)) Assert.True(Same(mixer, student.Tensors[tensor.Name]), tensor.Name);
            else Assert.True(Same(teacher.Tensors[tensor.Name], student.Tensors[tensor.Name]), tensor.Name);
        }
    }

    [Fact]
    public void A_student_that_is_the_teacher_has_no_loss_and_no_gradient()
    {
        using var scope = NewDisposeScope();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var student = GoldenModel.Load(GoldenModel.Hovle);
        foreach (var parameter in student.Tensors.Values) parameter.requires_grad = true;
        var input = StageGoldens.Batches().First().Input;
        var loss = new EndToEndDistillation(teacher, GoldenModel.Hybrid).Gradients(input, student, new LogitsKl(), TokenMask.Of(input, CPU));
        Assert.Equal(0f, loss.item<float>());
        var gradients = student.Tensors.Values.Select(parameter => parameter.grad).OfType<Tensor>().ToArray();
        Assert.Equal(5 * 7 + 1, gradients.Length); // five layers behind the one that both share, and the norm
        Assert.All(gradients, gradient => Assert.Equal(0f, gradient.abs().max().item<float>()));
    }

    [Fact]
    public void Layers_are_shared_only_where_both_models_place_tokens_alike()
    {
        using var scope = NewDisposeScope();
        // Beyond 8 tokens this teacher stretches the decoder's positions and the student doesn't.
        using var teacher = GoldenModel.Load(GoldenModel.Named("GoldenNtk"));
        using var student = GoldenModel.Load(GoldenModel.Hovle);
        foreach (var parameter in student.Tensors.Values) parameter.requires_grad = true;
        var plan = GoldenModel.Hovle with { Distillation = GoldenModel.Hybrid.Distillation };
        var input = StageGoldens.Batches().First().Input;
        var loss = new EndToEndDistillation(teacher, plan).Gradients(input, student, new LogitsKl(), TokenMask.Of(input, CPU));

        using var guard = no_grad();
        var (alone, _) = new LogitsKl().Evaluate(student.Hidden(input), student.Head, teacher.Hidden(input), teacher.Head, TokenMask.Of(input, CPU));
        Assert.True(alone.item<float>() > 1e-3);
        Assert.Equal(alone.item<float>(), loss.item<float>());
        Assert.NotNull(student.Tensors["language_model.model.layers.0.attention.wqkv.weight"].grad);
        Assert.Null(student.Tensors["embedding_model.encoder.1.attention.wqkv.weight"].grad);
    }

    [Fact]
    public void A_run_is_a_function_of_its_seed()
    {
        using var scope = NewDisposeScope();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var first = Introduced(teacher, seed: 7);
        using var second = Introduced(teacher, seed: 7);
        using var other = Introduced(teacher, seed: 8);
        Assert.Equal(first.Mixers.Hash, second.Mixers.Hash);
        Assert.NotEqual(first.Mixers.Hash, other.Mixers.Hash);
    }

    [Fact]
    public void Skipping_all_stages_gives_the_seeded_student()
    {
        using var scope = NewDisposeScope();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var seeded = new VisionLanguageModel(GoldenModel.Hybrid, new SeededParameters(teacher, 5));
        using var start = MixerArtefact.Skipped(IntroducedArtefact.Skipped(teacher, GoldenModel.Hybrid, 5));
        using var assembled = StudentAssembly.Build(teacher, GoldenModel.Hybrid, start.Mixers);
        Assert.Equal(HashOf(seeded), HashOf(assembled));
        Assert.Equal([true, true], start.Mixers.Chain.Stages.Select(stage => stage.Skipped));
    }

    [Fact]
    public void Padding_changes_neither_loss_nor_gradient()
    {
        using var scope = NewDisposeScope();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        var tight = StageGoldens.Batches().First().Input;
        var (rows, width) = (tight.InputIds.shape[0], tight.InputIds.shape[1]);
        var padded = new ModelInput(
            cat([tight.InputIds, zeros(rows, 5, dtype: ScalarType.Int64)], 1), tight.PixelValues,
            cat([ones(rows, width, dtype: ScalarType.Bool), zeros(rows, 5, dtype: ScalarType.Bool)], 1));
        var (first, second) = (new Reports(), new Reports());
        var distillation = new MixerDistillation(teacher, GoldenModel.Hybrid);
        using var a = distillation.RunIntroduced(StageGoldens.Batches(), Options(StageKind.Introduced, steps: 2), first);
        using var b = distillation.RunIntroduced([new(padded, []), new(padded, [])], Options(StageKind.Introduced, steps: 2), second);
        for (var step = 0; step < 2; step++)
        {
            Assert.Equal(first.All[step].Loss, second.All[step].Loss, 1e-4 * first.All[step].Loss);
            Assert.Equal(first.All[step].Tokens, second.All[step].Tokens);
        }
    }
}
