using System.Text.Json;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;

namespace MmMamba.Runtime.Tests.Distillation;

public class LearningRateScheduleTests
{
    [Theory]
    [InlineData("wsd", ScheduleKind.Wsd, 0.1, 0.1)]
    [InlineData("cosine_warmup", ScheduleKind.Cosine, 0.1, 0)]
    [InlineData("linear_warmup", ScheduleKind.Linear, 0.1, 0)]
    [InlineData("constant_warmup", ScheduleKind.Constant, 0.1, 0)]
    [InlineData("constant", ScheduleKind.Constant, 0, 0)]
    public void Every_step_has_the_rate_of_transformers_also_past_the_end(string golden, ScheduleKind kind, double warmup, double decay)
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "goldens", "lr_schedules.json")));
        var expected = json.RootElement.GetProperty(golden).EnumerateArray().Select(value => value.GetDouble()).ToArray();
        var schedule = new LearningRateSchedule(new SchedulePlan(kind, warmup, decay), 1.0, 200);

        Assert.Equal(206, expected.Length);
        for (var step = 0; step < expected.Length; step++) Assert.Equal(expected[step], schedule.At(step), 12);
    }

    [Fact]
    public void The_paper_s_schedule_falls_to_half_in_the_middle_of_its_decay()
    {
        var schedule = new LearningRateSchedule(new SchedulePlan(ScheduleKind.Wsd, 0.1, 0.1), 5e-5, 20000);
        Assert.Equal([0.0, 5e-5, 5e-5, 2.5e-5, 0.0], new[] { 0, 2000, 18000, 19000, 20000 }.Select(schedule.At), (a, b) => Math.Abs(a - b) < 1e-18);
    }

    [Theory]
    [InlineData(ScheduleKind.Wsd)]
    [InlineData(ScheduleKind.Cosine)]
    [InlineData(ScheduleKind.Linear)]
    [InlineData(ScheduleKind.Constant)]
    public void Short_runs_have_finite_rates_between_0_and_the_peak(ScheduleKind kind)
    {
        for (var steps = 1; steps <= 12; steps++)
        {
            var schedule = new LearningRateSchedule(new SchedulePlan(kind, 0.5, kind == ScheduleKind.Wsd ? 0.5 : 0), 2.0, steps);
            for (var step = 0; step < steps; step++) Assert.InRange(schedule.At(step), 0.0, 2.0);
        }
    }

    [Theory]
    [InlineData(0.7, 0.7)]
    [InlineData(-0.1, 0)]
    public void Impossible_shares_are_refused(double warmup, double decay) => Assert.Throws<ArgumentOutOfRangeException>(
        () => new LearningRateSchedule(new SchedulePlan(ScheduleKind.Wsd, warmup, decay), 1.0, 10));
}
