using MmMamba.Runtime.Plans;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// The learning rate of every optimizer step of a run. The shapes are those of the transformers library: a linear warm-up from 0
/// in all of them, and for WSD a stable part and half a cosine down to 0 (paper, section 4.1).
/// </summary>
public sealed class LearningRateSchedule
{
    readonly ScheduleKind _kind;

    /// <param name="plan">The shape and its shares.</param>
    /// <param name="peak">The highest rate.</param>
    /// <param name="steps">Optimizer steps of the run, at least 1.</param>
    /// <exception cref="ArgumentOutOfRangeException">Without steps, or with shares outside 0 to 1.</exception>
    public LearningRateSchedule(SchedulePlan plan, double peak, int steps)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(steps, 1);
        ArgumentOutOfRangeException.ThrowIfNegative(plan.Warmup);
        ArgumentOutOfRangeException.ThrowIfNegative(plan.Decay);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(plan.Warmup + plan.Decay, 1.0);
        _kind = plan.Kind;
        Peak = peak;
        Steps = steps;
        WarmupSteps = (int)Math.Round(plan.Warmup * steps, MidpointRounding.AwayFromZero);
        DecaySteps = Math.Min(steps - WarmupSteps, (int)Math.Round(plan.Decay * steps, MidpointRounding.AwayFromZero));
    }

    /// <summary>The highest rate.</summary>
    public double Peak { get; }

    /// <summary>Optimizer steps of the run.</summary>
    public int Steps { get; }

    /// <summary>Steps over which the rate rises.</summary>
    public int WarmupSteps { get; }

    /// <summary>Steps over which a WSD schedule falls.</summary>
    public int DecaySteps { get; }

    /// <summary>The rate of a step, counted from 0; the first step of a warm-up has the rate 0.</summary>
    public double At(int step) => Peak * Multiplier(step);

    double Multiplier(int step)
    {
        if (step < WarmupSteps) return (double)step / WarmupSteps;
        switch (_kind)
        {
            case ScheduleKind.Constant:
                return 1;
            case ScheduleKind.Linear:
                return Math.Max(0, (double)(Steps - step) / Math.Max(1, Steps - WarmupSteps));
            case ScheduleKind.Cosine:
                return HalfCosine((double)(step - WarmupSteps) / Math.Max(1, Steps - WarmupSteps));
            case ScheduleKind.Wsd:
                var decayStart = Steps - DecaySteps;
                if (step < decayStart) return 1;
                return step < Steps ? HalfCosine((double)(step - decayStart) / DecaySteps) : 0;
            default:
                throw new ArgumentOutOfRangeException(nameof(step), _kind, "a schedule of an unknown kind");
        }
    }

    static double HalfCosine(double progress) => Math.Max(0, 0.5 * (1 + Math.Cos(Math.PI * progress)));
}
