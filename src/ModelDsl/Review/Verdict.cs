using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Review;

/// <summary>Whether something that was trained fits a changed model.</summary>
public enum Fit
{
    /// <summary>It fits, and the changed model would make it in the same way.</summary>
    Fits,
    /// <summary>Its tensors fit, and the changed model would make it in another way.</summary>
    OtherRecipe,
    /// <summary>Its tensors don't fit.</summary>
    Misfit,
}

/// <summary>What a difference means for a checkpoint or an artefact that the first model made.</summary>
/// <param name="Artefact">What was trained.</param>
/// <param name="Fit">Whether the second model can go on with it.</param>
/// <param name="Reason">Why not, or why not quite; null where it fits.</param>
public sealed record Verdict(string Artefact, Fit Fit, string? Reason)
{
    const string Introduced = "introduced", Mixer = "mixer", EndToEnd = "end_to_end";
    const int MostReasons = 3;

    // What a run sees and does beside its stages. The fingerprints cover the rest of what is computed.
    static readonly string[] Shared =
    [
        "teacher", "seed", "tokens.template", "tokens.system", "vision.max_tiles",
        "distill.optimizer", "distill.clip", "distill.schedule",
    ];

    /// <summary>The verdicts on all that the first model has or makes: nothing is said of a stage that it doesn't run.</summary>
    public static EquatableArray<Verdict> Of(ModelDiff diff)
    {
        var (before, after) = (diff.Before, diff.After);
        var verdicts = new List<Verdict>();
        if (before.Find("teacher.fingerprint") is not null && after.Find("teacher.fingerprint") is not null)
            verdicts.Add(Judged(diff, "the teacher's checkpoint", "teacher.fingerprint", "another architecture of the teacher", []));
        if (before.Find("distill.run") is { } run && after.Find("distill.run") is not null)
        {
            var stages = run.Split(' ');
            if (stages.Contains(Introduced))
                verdicts.Add(Judged(diff, "stage-1 artefacts", "converted_fingerprint", "another converted form", [Introduced]));
            if (stages.Contains(Mixer))
                verdicts.Add(Judged(diff, "stage-2 artefacts", "converted_fingerprint", "another converted form", [Introduced, Mixer]));
            if (stages.Contains(EndToEnd))
                verdicts.Add(Judged(diff, "stage-3 weights", "fingerprint", Remade(diff), [Introduced, Mixer, EndToEnd]));
        }
        else verdicts.Add(Judged(diff, "weights", "fingerprint", Remade(diff), []));
        return new(verdicts);
    }

    static Verdict Judged(ModelDiff diff, string artefact, string identity, string misfit, string[] stages)
    {
        if (diff.Before.Find(identity) != diff.After.Find(identity)) return new(artefact, Fit.Misfit, misfit);
        var differing = stages.Length == 0 ? [] : diff.Changes.Select(change => change.Path).Where(path => IsRecipe(diff, path, stages)).ToList();
        if (Runs(diff.Before, stages) != Runs(diff.After, stages)) differing.Add("distill.run");
        if (differing.Count == 0) return new(artefact, Fit.Fits, null);
        var named = string.Join(", ", differing.Take(MostReasons)) + (differing.Count > MostReasons ? $" and {differing.Count - MostReasons} more" : "");
        return new(artefact, Fit.OtherRecipe, $"made with another {named}");
    }

    // Settings of a stage that neither model runs make nothing.
    static bool IsRecipe(ModelDiff diff, string path, string[] stages) =>
        Shared.Any(shared => path == shared || path.StartsWith(shared + ".", StringComparison.Ordinal))
        || stages.Any(stage => path.StartsWith($"distill.stages.{stage}.", StringComparison.Ordinal)
            && (Runs(diff.Before, [stage]) + Runs(diff.After, [stage])).Length > 0);

    static string Runs(ModelFacts model, string[] stages) =>
        string.Join(" ", (model.Find("distill.run") ?? "").Split(' ').Where(stages.Contains));

    static string Remade(ModelDiff diff)
    {
        var count = diff.Changes.Where(change => change.Path == "mixer").Sum(change => change.Layers.Count);
        return count switch { 0 => "other sizes or switches", 1 => "1 layer changes kind", _ => $"{count} layers change kind" };
    }
}
