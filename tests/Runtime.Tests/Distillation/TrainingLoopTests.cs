using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Distillation;

public class TrainingLoopTests
{
    static readonly TrainingOptions Options = new()
    {
        Steps = 5, Batch = 1, LearningRate = 0.1, Schedule = new(ScheduleKind.Linear, 0, 0), Optimizer = new(0.9, 0.999, 1e-8, 0), Clip = 0.5,
    };

    static Batch Row() => new(new ModelInput(zeros(1, 4, dtype: ScalarType.Int64), AttentionMask: tensor(new[] { true, true, true, false }).unsqueeze(0)), []);

    static (TrainingLoop Loop, Func<MicroBatch, Tensor> Gradients) Parabola(TrainingOptions options, Parameter parameter) => (
        new TrainingLoop("parabola", options, [new NamedParameter("weight", parameter)]),
        _ =>
        {
            var loss = parameter.square().sum();
            loss.backward();
            return loss.detach();
        });

    [Fact]
    public void Reports_tell_step_loss_rate_norm_and_tokens()
    {
        using var scope = NewDisposeScope();
        var reports = new Reports();
        var (loop, gradients) = Parabola(Options, new Parameter(tensor(new[] { 3f, 4f })));
        var summary = loop.Run(Enumerable.Repeat(Row(), 5), gradients, reports);

        Assert.Equal([1, 2, 3, 4, 5], reports.All.Select(report => report.Step));
        Assert.All(reports.All, report => Assert.Equal(("parabola", 5, 3L), (report.Stage, report.Steps, report.Tokens)));
        Assert.Equal(25.0, reports.All[0].Loss, 5);
        Assert.Equal(10.0, reports.All[0].GradientNorm, 5); // before clipping
        Assert.Equal([0.1, 0.08, 0.06, 0.04, 0.02], reports.All.Select(report => report.LearningRate), (a, b) => Math.Abs(a - b) < 1e-12);
        Assert.True(reports.Losses.Zip(reports.Losses.Skip(1)).All(pair => pair.Second < pair.First));
        Assert.Equal(TimeSpan.Zero, reports.All[^1].Remaining);
        Assert.All(reports.All, report => Assert.True(report.TokensPerSecond > 0));
        Assert.Equal((5, 15L, 25.0), (summary.Steps, summary.Tokens, Math.Round(summary.FirstLoss, 5)));
        Assert.Equal(reports.All[^1].Loss, summary.LastLoss);
    }

    [Fact]
    public void A_loss_that_is_no_number_names_its_step()
    {
        using var scope = NewDisposeScope();
        var parameter = new Parameter(tensor(new[] { 3f }));
        var (loop, gradients) = Parabola(Options with { MostSkippedInRow = 1 }, parameter);
        var calls = 0;
        var error = Assert.Throws<InputException>(() => loop.Run(Enumerable.Repeat(Row(), 5), batch =>
        {
            if (++calls == 3)
                using (no_grad()) parameter.fill_(float.NaN);
            return gradients(batch);
        }));
        Assert.StartsWith("parabola: the loss is NaN in step 3 of 5; a lower learning rate", error.Message);
    }

    [Fact]
    public void Data_that_ends_early_is_refused_with_the_step()
    {
        using var scope = NewDisposeScope();
        var (loop, gradients) = Parabola(Options, new Parameter(ones(1)));
        var error = Assert.Throws<InputException>(() => loop.Run(Enumerable.Repeat(Row(), 2), gradients));
        Assert.Equal("parabola: the data ended in step 3 of 5; give more of it, or fewer steps", error.Message);
    }

    [Fact]
    public void Nothing_to_train_is_refused() => Assert.Throws<InputException>(
        () => new TrainingLoop("idle", Options, []).Run([], _ => throw new InvalidOperationException()));

    [Fact]
    public void A_run_stops_when_it_is_cancelled()
    {
        using var scope = NewDisposeScope();
        using var cancellation = new CancellationTokenSource();
        var (loop, gradients) = Parabola(Options, new Parameter(ones(1)));
        var steps = 0;
        Assert.Throws<OperationCanceledException>(() => loop.Run(
            Enumerable.Repeat(Row(), 5),
            batch =>
            {
                if (++steps == 2) cancellation.Cancel();
                return gradients(batch);
            },
            null, cancellation.Token));
        Assert.Equal(2, steps);
    }

    [Fact]
    public void Steps_keep_no_tensors()
    {
        using var parameter = new Parameter(ones(4));
        using var row = Row();
        long Kept(int steps)
        {
            var before = Tensor.TotalCount;
            var (loop, gradients) = Parabola(Options with { Steps = steps }, parameter);
            loop.Run(Enumerable.Repeat(row, steps), gradients);
            return Tensor.TotalCount - before;
        }

        Kept(2);
        Assert.Equal(Kept(3), Kept(30));
    }
}
