using System.Diagnostics;

namespace MmMamba.Packages.Tests;

/// <summary>What a program printed and returned.</summary>
public sealed record Result(int ExitCode, string Output)
{
    /// <summary>The lines that a build prints of errors, each once.</summary>
    public string[] Errors => [.. Output.Split('\n').Select(line => line.Trim()).Where(line => line.Contains(": error ", StringComparison.Ordinal)).Distinct()];

    public Result Succeeded()
    {
        Assert.True(ExitCode == 0, Output);
        return this;
    }
}

/// <summary>Runs programs as a user's terminal does.</summary>
static class Command
{
    public static Result Run(string program, string folder, IReadOnlyDictionary<string, string> environment, params string[] arguments)
    {
        var start = new ProcessStartInfo(program) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        // No process of the build may outlive it: it would keep the pipes open that are read to their end here.
        foreach (var (name, value) in new Dictionary<string, string>
        {
            ["MSBUILDDISABLENODEREUSE"] = "1", ["UseSharedCompilation"] = "false", ["DOTNET_CLI_UI_LANGUAGE"] = "en", ["DOTNET_NOLOGO"] = "1",
            ["DOTNET_CLI_TELEMETRY_OPTOUT"] = "1", ["NuGetAudit"] = "false",
        }.Concat(environment)) start.Environment[name] = value;
        using var process = Process.Start(start)!;
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new(process.ExitCode, output + error.GetAwaiter().GetResult());
    }
}
