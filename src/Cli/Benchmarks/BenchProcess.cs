using System.Diagnostics;
using MmMamba.Runtime;

namespace MmMamba.Cli.Benchmarks;

/// <summary>Runs this tool again, for figures that nothing before them has touched.</summary>
static class BenchProcess
{
    /// <summary>The document that a run with these arguments writes to its standard output.</summary>
    /// <exception cref="InputException">It refused, with its own words.</exception>
    public static async Task<BenchDocument> Run(IEnumerable<string> arguments, CancellationToken cancellation)
    {
        // The tool is either a program of its own or run by dotnet.
        var program = Environment.ProcessPath!;
        var byDotnet = Path.GetFileNameWithoutExtension(program).Equals("dotnet", StringComparison.OrdinalIgnoreCase);
        var start = new ProcessStartInfo(program) { RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in byDotnet ? arguments.Prepend(Path.Combine(AppContext.BaseDirectory, "mmmamba.dll")) : arguments) start.ArgumentList.Add(argument);
        using var process = Process.Start(start) ?? throw new InputException($"{program} does not start.");
        try
        {
            var error = process.StandardError.ReadToEndAsync(cancellation);
            var output = await process.StandardOutput.ReadToEndAsync(cancellation).ConfigureAwait(false);
            await process.WaitForExitAsync(cancellation).ConfigureAwait(false);
            if (process.ExitCode == ExitCode.Ok) return BenchDocument.Parse(output);
            const string own = "mmmamba: ";
            var lines = (await error.ConfigureAwait(false)).Split('\n');
            throw new InputException(lines.LastOrDefault(line => line.StartsWith(own, StringComparison.Ordinal))?[own.Length..]
                ?? FormattableString.Invariant($"the process that measured a model ended with code {process.ExitCode}."));
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }
    }
}
