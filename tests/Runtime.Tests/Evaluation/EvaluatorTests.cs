using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Evaluation;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Evaluation;

public class EvaluatorTests
{
    static EncodedConversation Text(int[] ids, params AnswerSpan[] answers) => new(ids, [], 0, answers);

    // What greedy decoding appends to a prompt.
    static int[] Continue(VisionLanguageModel model, int[] prompt, int tokens)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var ids = prompt.ToList();
        for (var i = 0; i < tokens; i++)
            ids.Add((int)model.Forward(new ModelInput(tensor(ids.Select(id => (long)id).ToArray()).unsqueeze(0)))[0, ^1].argmax().item<long>());
        return [.. ids];
    }

    [Fact]
    public void A_turn_is_right_when_greedy_decoding_would_give_every_token_of_it()
    {
        using var model = GoldenModel.Load(GoldenModel.Hovle);
        var right = Continue(model, [1, 5, 9, 13], tokens: 3);
        var wrong = right.ToArray();
        wrong[6] = (wrong[6] + 1) % 80; // the end token alone
        var longer = Continue(model, [1, 7, 22, 31, 44, 3], tokens: 2);
        var batch = Batch.Of([
            Text(right, new AnswerSpan(0, "a", 4, 3)),
            Text(wrong, new AnswerSpan(0, "a", 4, 3)),
            Text(longer, new AnswerSpan(0, "b", 6, 1), new AnswerSpan(1, "b", 7, 1))], 16);

        using (batch)
        {
            var result = Evaluator.Run(model, [batch]);
            Assert.Equal(["a", "b"], result.Kinds.Select(kind => kind.Kind));
            Assert.Equal(new Proportion(1, 2), result["a"].Accuracy);
            Assert.Equal(new Proportion(2, 2), result["b"].Accuracy);
            Assert.Equal(0.75, result.Average);
            Assert.Equal([true, false, true, true], result.Samples.Select(sample => sample.Right));
            Assert.Equal(right[4..], result.Samples[1].Predicted);
            Assert.Equal(wrong[4..], result.Samples[1].Expected);
            Assert.Equal([(0, 0), (1, 0), (2, 0), (2, 1)], result.Samples.Select(sample => (sample.Item, sample.Turn)));
        }
    }

    [Fact]
    public void Chance_is_the_share_of_the_most_frequent_answer()
    {
        var tally = new Tally(samplesPerKind: 1);
        foreach (var answer in new[] { 3, 3, 4, 3, 5 }) tally.Add(new Prediction(0, 0, "which", [answer, 2], [3, 2]));
        tally.Add(new Prediction(0, 0, "alone", [7], [8]));
        var result = tally.Result();
        Assert.Equal(new KindResult("which", new Proportion(3, 5), 0.6, 3), result["which"]);
        Assert.Equal(new KindResult("alone", new Proportion(0, 1), 1.0, 1), result["alone"]);
        Assert.Equal((0.3, 0.8, 6L), (result.Average, result.Chance, result.Turns));
        Assert.Equal(2, result.Samples.Count);
        Assert.Throws<KeyNotFoundException>(() => result["other"]);
    }

    [Fact]
    public void A_set_without_answers_is_refused()
    {
        using var model = GoldenModel.Load(GoldenModel.Hovle);
        using var batch = Batch.Of([Text([1, 2, 3])], 16);
        Assert.Contains("no answers", Assert.Throws<InputException>(() => Evaluator.Run(model, [batch])).Message);
    }

    static Batch Drawn(int seed)
    {
        var random = new Random(seed);
        int[] Ids(int count) => [.. Enumerable.Range(0, count).Select(_ => random.Next(80))];
        return Batch.Of([Text(Ids(40), new AnswerSpan(0, "a", 8, 12), new AnswerSpan(1, "b", 25, 3)), Text(Ids(23), new AnswerSpan(0, "a", 4, 17))], 16);
    }

    [Fact]
    public void A_model_agrees_with_itself_and_less_with_another()
    {
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var same = GoldenModel.Load(GoldenModel.Hovle);
        using var other = GoldenModel.Load(GoldenModel.Linear);
        using var batch = Drawn(1);
        Assert.Equal((32, 32, 0), Compared(Evaluator.Answer(same, [batch], teacher)));
        var less = Compared(Evaluator.Answer(other, [batch], teacher));
        Assert.Equal(32, less.Tokens);
        Assert.True(less.Same < 32 && less.Kl > 0.01 * 32, $"{less}");
        Assert.All(Evaluator.Answer(other, [batch]), answer => Assert.Null(answer.Teacher));
    }

    static (long Same, long Tokens, double Kl) Compared(IReadOnlyList<Prediction> answers) =>
        (answers.Sum(answer => (long)answer.Teacher!.Value.SameTokens), answers.Sum(answer => (long)answer.Expected.Length), answers.Sum(answer => answer.Teacher!.Value.Kl));

    [Fact]
    public void The_divergence_is_that_of_the_end_to_end_stage_and_probabilities_are_those_of_the_logits()
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var student = GoldenModel.Load(GoldenModel.Hybrid);
        using var batch = Drawn(2);
        var answers = Evaluator.Answer(student, [batch], teacher);
        Assert.Equal([(0, 0, "a"), (0, 1, "b"), (1, 0, "a")], answers.Select(answer => (answer.Item, answer.Turn, answer.Kind)));

        // The stage's own loss over the rows that predict the answers, as a mean over them.
        var rows = AnswerPositions.Of(batch);
        Tensor Features(VisionLanguageModel model) => rows.Select(model.Hidden(batch.Input)).unsqueeze(0);
        var input = new ModelInput(zeros(1, rows.Rows.Length, ScalarType.Int64));
        var (loss, _) = new LogitsKl(perToken: true).Evaluate(Features(student), student.Head, Features(teacher), teacher.Head, TokenMask.Of(input, CPU));
        Assert.Equal(loss.item<float>(), Compared(answers).Kl / rows.Rows.Length, 1e-5);

        var (probabilities, at) = (nn.functional.softmax(student.Forward(batch.Input), -1), 25);
        var expected = Enumerable.Range(at, 3).Aggregate(1.0, (product, position) => product * probabilities[0, position - 1, batch.Items[0].Ids[position]].item<float>());
        Assert.Equal(1, answers[1].Probability / expected, 1e-4);
    }

    [Fact]
    public void A_teacher_of_other_tokens_is_refused()
    {
        using var student = GoldenModel.Load(GoldenModel.Hybrid);
        using var other = Distillation.TinyModels.DrawTeacher();
        Assert.Contains("TinyHovle reads other tokens or tiles than GoldenHybrid", Assert.Throws<InputException>(() => Evaluator.Answer(student, [], other)).Message);
    }
}
