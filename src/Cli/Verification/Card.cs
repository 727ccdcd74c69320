namespace MmMamba.Cli.Verification;

/// <summary>What came of a check.</summary>
enum Outcome
{
    Passed,
    Failed,

    /// <summary>It could not be made; the reason is told.</summary>
    NotDone,
}

/// <summary>One check of a checkpoint.</summary>
/// <param name="Name">What is checked.</param>
/// <param name="Outcome">What came of it.</param>
/// <param name="Expected">What should be found.</param>
/// <param name="Found">What was found; empty where nothing was.</param>
/// <param name="Reason">Why it failed or was not made; null where it passed and nothing is to be said.</param>
/// <param name="Seconds">How long it took.</param>
/// <param name="Findings">What another card can be held against.</param>
sealed record CardCheck(string Name, Outcome Outcome, string Expected, string Found, string? Reason, double Seconds, IReadOnlyList<Finding> Findings);

/// <summary>What the numbers of a card were computed with.</summary>
/// <param name="Dtype">Type of weights and activations: <c>float32</c> or <c>bfloat16</c>.</param>
/// <param name="Device"><c>cpu</c> or <c>cuda</c>.</param>
/// <param name="Threads">CPU threads.</param>
/// <param name="Weights"><c>read</c> or <c>map</c>.</param>
sealed record CardSettings(string Dtype, string Device, int Threads, string Weights);

/// <summary>
/// A verification card: what was checked of a checkpoint, on which machine, by which versions, and the numbers that two people can compare.
/// </summary>
/// <param name="Version">Of the card's form: <see cref="CurrentVersion"/>.</param>
/// <param name="Checkpoint">The checkpoint's folder or file, without its path.</param>
/// <param name="Model">Its model's name; null where that is not known.</param>
/// <param name="Parameters">Numbers in its tensors; 0 where the model is not known.</param>
/// <param name="Date">When it was verified, UTC.</param>
/// <param name="Settings">What the numbers were computed with.</param>
/// <param name="Machine">Processor, memory, system, graphics.</param>
/// <param name="Versions">Of this tool and what it runs on.</param>
/// <param name="Checks">All checks in order.</param>
/// <param name="Against">The comparison with another card; null where none was asked for.</param>
sealed record Card(
    int Version, string Checkpoint, string? Model, long Parameters, string Date, CardSettings Settings, IReadOnlyDictionary<string, string> Machine,
    IReadOnlyDictionary<string, string> Versions, IReadOnlyList<CardCheck> Checks, CardComparison? Against)
{
    public const int CurrentVersion = 1;

    /// <summary>Whether no check failed and, where it was held against another card, nothing differs.</summary>
    public bool Passed => Checks.All(check => check.Outcome != Outcome.Failed) && Against is not { Same: false };

    /// <summary>How far numbers may be apart, as a share of the greatest: of two passes over the same weights, or of two machines.</summary>
    public double Tolerance => Verification.Tolerance.Of(Settings.Dtype, Parameters);
}
