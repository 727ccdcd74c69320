using Microsoft.CodeAnalysis;

namespace MmMamba.Generators.Tests.Harness;

/// <summary>What one run of the generator made, and why each of its steps did what it did.</summary>
sealed class Run(GeneratorRunResult result)
{
    public Exception? Exception => result.Exception;

    public IReadOnlyList<Diagnostic> Diagnostics => result.Diagnostics;

    /// <summary>Generated texts by file name.</summary>
    public IReadOnlyDictionary<string, string> Sources { get; } = result.Exception is null
        ? result.GeneratedSources.ToDictionary(source => source.HintName, source => source.SourceText.ToString())
        : throw new InvalidOperationException("The generator threw.", result.Exception);

    /// <summary>Values of a step's outputs.</summary>
    public IEnumerable<object> Values(string step) => Outputs(step).Select(output => output.Value);

    /// <summary>Reasons of a step's outputs: Cached and Unchanged ran nothing after them.</summary>
    public IReadOnlyList<IncrementalStepRunReason> Reasons(string step) => [.. Outputs(step).Select(output => output.Reason)];

    /// <summary>Reasons of the files' own steps.</summary>
    public IReadOnlyList<IncrementalStepRunReason> OutputReasons =>
        [.. result.TrackedOutputSteps.Values.SelectMany(steps => steps).SelectMany(step => step.Outputs).Select(output => output.Reason)];

    IEnumerable<(object Value, IncrementalStepRunReason Reason)> Outputs(string step) =>
        result.TrackedSteps.TryGetValue(step, out var steps) ? steps.SelectMany(run => run.Outputs) : [];
}
