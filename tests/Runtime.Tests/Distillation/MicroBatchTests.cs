using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Distillation;

/// <summary>However a step's batch is cut or packed, loss and gradients are those of the batch.</summary>
public class MicroBatchTests
{
    const double Rounding = 2e-5;

    static readonly (string Name, Func<TrainingOptions, TrainingOptions> Cut)[] Cuts =
    [
        ("one by one", options => options with { MicroBatch = 1 }),
        ("two by two", options => options with { MicroBatch = 2 }),
        ("by tokens", options => options with { MicroBatchTokens = 32 }),
        ("at most two, by tokens", options => options with { MicroBatch = 2, MicroBatchTokens = 40 }),
        ("packed", options => options with { Packing = true }),
        ("packed, two by two", options => options with { Packing = true, MicroBatch = 2 }),
        ("packed, by tokens", options => options with { Packing = true, MicroBatchTokens = 40 }),
        ("packed, layers run again", options => options with { Packing = true, GradientCheckpointing = true }),
    ];

    public static TheoryData<string, string, string> Ways
    {
        get
        {
            var ways = new TheoryData<string, string, string>();
            foreach (var (cut, _) in Cuts)
            {
                foreach (var stage in new[] { "introduced", "mixer", "end_to_end" }) ways.Add(stage, "GoldenHybrid", cut);
                foreach (var loss in new[] { "end_to_end", "per token", "prompts weigh 0.25", "answers alone" }) ways.Add(loss, "GoldenWindows", cut);
                ways.Add("teacher", "GoldenHovle", cut);
                ways.Add("teacher", "GoldenNtk", cut);
            }
            foreach (var cut in new[] { "one by one", "by tokens" }) ways.Add("padding counts", "GoldenHybrid", cut);
            return ways;
        }
    }

    /// <summary>Conversations of unequal length, some with pictures; one has no answer.</summary>
    static Batch Conversations()
    {
        var plan = GoldenModel.Hovle;
        var random = new Random(3);
        EncodedConversation Of(int length, int tiles, params AnswerSpan[] answers)
        {
            var ids = Enumerable.Range(0, length).Select(_ => random.Next(80)).ToArray();
            Array.Fill(ids, plan.Tokens.Image, 2, tiles * plan.Vision.TokensPerTile);
            var pixels = Enumerable.Range(0, tiles * 3 * plan.Vision.Image * plan.Vision.Image).Select(_ => (float)random.NextDouble() - 0.5f).ToArray();
            return new(ids, pixels, tiles, answers);
        }
        return Batch.Of([Of(19, 1, new(0, "a", 8, 3), new(1, "b", 14, 5)), Of(7, 0, new AnswerSpan(0, "a", 4, 2)), Of(30, 2, new AnswerSpan(0, "a", 20, 9)), Of(12, 0), Of(13, 1, new AnswerSpan(0, "a", 9, 1))],
            plan.Vision.Image);
    }

    [Theory, MemberData(nameof(Ways))]
    public void Loss_and_gradients_are_those_of_the_whole_batch(string what, string model, string cut)
    {
        using var scope = NewDisposeScope();
        using var batch = Conversations();
        var options = Options with { KlPerToken = what == "per token", PromptWeight = what switch { "prompts weigh 0.25" => 0.25, "answers alone" => 0, _ => 1 }, MaskPadding = what != "padding counts" };
        var (expectedLoss, expected) = Of(what, model, batch, options, [[0, 1, 2, 3, 4]]);
        var cutOptions = Cuts.Single(one => one.Name == cut).Cut(options);
        var rows = MicroBatching.Rows(MicroBatch.LengthsOf(batch), cutOptions);
        var (loss, gradients) = Of(what, model, batch, cutOptions, rows);

        Assert.Equal(expectedLoss, loss, Rounding * expectedLoss);
        Assert.Equal(expected.Keys, gradients.Keys);
        var greatest = expected.Values.Max(gradient => gradient.abs().max().item<float>());
        Assert.True(greatest > 1e-4);
        foreach (var (name, gradient) in expected)
        {
            var difference = (gradient - gradients[name]).norm().item<float>();
            Assert.True(difference <= 1e-4 * gradient.norm().item<float>() + 1e-6 * greatest, $"{name}: {difference} of {gradient.norm().item<float>()}");
        }
    }

    static TrainingOptions Options => TrainingOptions.Of(GoldenModel.Hybrid.RecipeOf(), StageKind.EndToEnd);

    // What the loop does in a step, up to the gradients.
    static (float Loss, Dictionary<string, Tensor> Gradients) Of(string what, string model, Batch batch, TrainingOptions options, IReadOnlyList<int[]> rows)
    {
        var plan = GoldenModel.Named(model);
        var step = StepTotals.Of(batch, options.MaskPadding);
        float Sum(Func<MicroBatch, Tensor> gradients) => rows.Sum(some =>
        {
            using var scope = NewDisposeScope();
            return gradients(MicroBatch.Of(batch, some, step, options)).item<float>();
        });
        if (what == "teacher")
        {
            using var learner = GoldenModel.Load(plan);
            foreach (var parameter in learner.Tensors.Values) parameter.requires_grad = true;
            var loss = Sum(part => TeacherTraining.Gradients(learner, part));
            return (loss, learner.Tensors.Where(tensor => tensor.Value.grad is not null).ToDictionary(tensor => tensor.Key, tensor => tensor.Value.grad!.clone()));
        }

        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        var recipe = plan.RecipeOf();
        using var mixers = ConvertedMixers.Seed(teacher, plan, 5);
        if (what is "introduced" or "mixer" or "padding counts")
        {
            var stage = recipe.StageOf(what == "mixer" ? StageKind.Mixer : StageKind.Introduced);
            var trained = NamedParameter.Train(recipe.ConvertedTensors, mixers.Tensors, stage.Train);
            var mse = new MixerMse(stage.LossValue, mixers.Layers.Count);
            var loss = Sum(part => SharedTeacherPass.Gradients(teacher, part.Input, [(mixers, mse)], TokenMask.Of(part, CPU, options.MaskPadding))[0]);
            return (loss, trained.ToDictionary(named => named.Name, named => named.Parameter.grad!.clone()));
        }
        using var student = StudentAssembly.Build(teacher, plan, mixers);
        var learning = EndToEndDistillation.Train(student, recipe.StageOf(StageKind.EndToEnd).Train);
        var distillation = new EndToEndDistillation(teacher, plan);
        var kl = Sum(part => distillation.Gradients(
            part.Input, student, new LogitsKl(1, options.KlPerToken), TokenMask.Of(part, CPU, true, options.PromptWeight), options.GradientCheckpointing));
        return (kl, learning.ToDictionary(named => named.Name, named => named.Parameter.grad!.clone()));
    }

    [Theory]
    [InlineData("GoldenHovle")]
    [InlineData("GoldenNtk")]
    [InlineData("GoldenHybrid")]
    [InlineData("GoldenWindows")]
    public void Packed_logits_are_those_of_each_sequence_alone(string name)
    {
        using var guard = no_grad();
        using var scope = NewDisposeScope();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var model = name is "GoldenHovle" or "GoldenNtk" ? GoldenModel.Load(GoldenModel.Named(name)) : new VisionLanguageModel(GoldenModel.Named(name), new SeededParameters(teacher, 5));
        using var batch = Conversations();
        var step = StepTotals.Of(batch, true);
        var packed = MicroBatch.Of(batch, [0, 1, 2, 3, 4], step, Options with { Packing = true }).Input;
        Assert.Equal([1, 81], packed.InputIds.shape);
        var logits = model.Forward(packed);
        var first = 0L;
        for (var row = 0; row < 5; row++)
        {
            var alone = model.Forward(MicroBatch.Of(batch, [row], step, Options).Input);
            var own = logits.narrow(1, first, alone.shape[1]);
            Assert.True((own - alone).abs().max().item<float>() < 1e-5 * alone.abs().max().item<float>(), $"row {row}");
            first += alone.shape[1];
        }
        Assert.Equal(first, logits.shape[1]);
    }

    [Fact]
    public void A_run_that_is_cut_has_the_losses_and_norms_of_one_that_is_not()
    {
        using var scope = NewDisposeScope();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var batch = Conversations();
        var options = TrainingOptions.Of(GoldenModel.Hybrid.RecipeOf(), StageKind.Introduced) with { Steps = 3, Batch = 5, Schedule = new(ScheduleKind.Constant, 0, 0), LearningRate = 1e-3 };
        Reports Told(TrainingOptions told)
        {
            var reports = new Reports();
            using var artefact = new MixerDistillation(teacher, GoldenModel.Hybrid).RunIntroduced(Enumerable.Repeat(batch, 3), told, reports);
            return reports;
        }
        var whole = Told(options);
        foreach (var (name, cut) in Cuts)
        {
            var parts = Told(cut(options));
            Assert.All(whole.All.Zip(parts.All), pair =>
            {
                Assert.Equal(pair.First.Loss, pair.Second.Loss, 1e-3 * pair.First.Loss);
                Assert.Equal(pair.First.GradientNorm, pair.Second.GradientNorm, 1e-2 * pair.First.GradientNorm);
                Assert.Equal(81, pair.Second.Tokens);
            });
        }
    }

    [Theory]
    [InlineData(null, null, false, "0 1 2 3 4")]
    [InlineData(2, null, false, "0 1|2 3|4")]
    [InlineData(null, 1000, false, "0 1 2 3 4")]
    [InlineData(null, 60, false, "2 0|4 3 1")] // 30 and 19 padded to 30 are 60; 13, 12 and 7 padded to 13 are 39
    [InlineData(null, 10, false, "2|0|4|3|1")] // longer ones stand alone
    [InlineData(null, 62, true, "2 0 4|3 1")]  // 30 + 19 + 13
    [InlineData(2, 62, true, "2 0|4 3|1")]
    public void Rows_are_cut_by_number_and_by_tokens(int? number, int? tokens, bool packing, string expected) => Assert.Equal(
        expected,
        string.Join('|', MicroBatching.Rows([19, 7, 30, 12, 13], Options with { MicroBatch = number, MicroBatchTokens = tokens, Packing = packing }).Select(rows => string.Join(' ', rows))));

    [Fact]
    public void Packing_and_padding_that_counts_are_refused()
    {
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var batch = Conversations();
        var error = Assert.Throws<InputException>(() => new MixerDistillation(teacher, GoldenModel.Hybrid).RunIntroduced(
            [batch], TrainingOptions.Of(GoldenModel.Hybrid.RecipeOf(), StageKind.Introduced) with { Steps = 1, Packing = true, MaskPadding = false }));
        Assert.Equal("introduced: padding counts in its loss, and packing leaves none; take one of the two", error.Message);
    }

    [Fact]
    public void What_is_not_packed_as_it_says_is_refused()
    {
        using var scope = NewDisposeScope();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        var error = Assert.Throws<InputException>(() => teacher.Forward(new ModelInput(zeros(1, 6, dtype: ScalarType.Int64)) { Packing = new([3, 4]) }));
        Assert.StartsWith("The input packs 2 sequences of 7 tokens in all into ids of (1, 6)", error.Message);
    }

    [Fact]
    public void Unpacked_rows_stand_side_by_side_with_zeros_behind_them()
    {
        using var scope = NewDisposeScope();
        var packing = new Packing([1, 3, 2]);
        var row = arange(1, 7, ScalarType.Float32).view(1, 6, 1);
        var sequences = packing.Unpack(row);
        Assert.Equal([1f, 0, 0, 2, 3, 4, 5, 6, 0], sequences.data<float>().ToArray());
        Assert.Equal([3, 3, 1], sequences.shape);
        Assert.Equal(row.data<float>().ToArray(), packing.Pack(sequences).data<float>().ToArray());
    }
}
