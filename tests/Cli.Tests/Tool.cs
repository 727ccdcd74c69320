using System.Diagnostics;
using System.Reflection;
using MmMamba.Runtime.Native;
using Spectre.Console;

namespace MmMamba.Cli.Tests;

/// <summary>What a run of the tool came to.</summary>
sealed record ToolRun(int ExitCode, string Output, string Error)
{
    /// <summary>The one line that a refusal consists of.</summary>
    public string Refusal
    {
        get
        {
            Assert.EndsWith("\n", Error);
            var line = Assert.Single(Error.TrimEnd('\n').Split('\n'));
            Assert.StartsWith("mmmamba: ", line);
            Assert.DoesNotContain("   at ", line);
            return line;
        }
    }
}

/// <summary>
/// Runs the tool as a user does: the program in a process of its own, or, where the process is not the point, its way from the arguments to the exit code in
/// this one, which takes a tenth of the time.
/// </summary>
static class Tool
{
    public static string Repository { get; } = Metadata("RepositoryRoot");

    /// <summary>The program of a sample project.</summary>
    public static string Sample(string name) => Path.Combine(Repository, "samples", name, "bin", Metadata("Configuration"), "net10.0", $"{name}.dll");

    static string Metadata(string key) => typeof(Tool).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(attribute => attribute.Key == key).Value!;

    /// <summary>Runs the tool in this process. Folder, console and threads are everybody's: only tests that run one after the other may (<see cref="Lanes"/>).</summary>
    public static ToolRun Call(string folder, params string[] arguments)
    {
        var (before, input, output, error, console) = (Environment.CurrentDirectory, Console.In, Console.Out, Console.Error, AnsiConsole.Console);
        using var told = new StringWriter();
        using var refused = new StringWriter();
        Libtorch.Ensure();
        var threads = TorchSharp.torch.get_num_threads();
        try
        {
            Environment.CurrentDirectory = folder;
            Console.SetIn(TextReader.Null);
            Console.SetOut(told);
            Console.SetError(refused);
            AnsiConsole.Console = AnsiConsole.Create(new() { Out = new AnsiConsoleOutput(told), Interactive = InteractionSupport.No });
            return new(Program.Run(arguments), told.ToString(), refused.ToString());
        }
        finally
        {
            Environment.CurrentDirectory = before;
            Console.SetIn(input);
            Console.SetOut(output);
            Console.SetError(error);
            AnsiConsole.Console = console;
            TorchSharp.torch.set_num_threads(threads);
        }
    }

    /// <summary>Runs the tool in a process of its own.</summary>
    public static ToolRun Run(string folder, params string[] arguments) => Run(folder, new Dictionary<string, string>(), arguments);

    public static ToolRun Run(string folder, IReadOnlyDictionary<string, string> environment, params string[] arguments) =>
        Finished(Start(folder, environment, arguments));

    /// <summary>Runs another program in the same way.</summary>
    public static ToolRun RunProgram(string program, string folder, params string[] arguments) => Finished(Open(folder, new Dictionary<string, string>(), arguments, program));

    /// <summary>Runs any command in the same way.</summary>
    public static ToolRun RunCommand(string command, string folder, params string[] arguments) => Finished(Open(command, folder, new Dictionary<string, string>(), arguments));

    /// <summary>Runs the tool with lines on its standard input.</summary>
    public static ToolRun Talk(string folder, IEnumerable<string> lines, params string[] arguments)
    {
        var process = Open(folder, new Dictionary<string, string>(), arguments);
        foreach (var line in lines) process.StandardInput.WriteLine(line);
        return Finished(process);
    }

    static ToolRun Finished(Process started)
    {
        using var process = started;
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return new(process.ExitCode, output, error.GetAwaiter().GetResult());
    }

    /// <summary>The tool, waiting for lines on its standard input.</summary>
    public static Process Open(string folder, string[] arguments) => Open(folder, new Dictionary<string, string>(), arguments);

    /// <summary>Sends a process a signal by its name, such as INT.</summary>
    public static void Signal(Process process, string signal) =>
        Process.Start("kill", [$"-{signal}", process.Id.ToString(System.Globalization.CultureInfo.InvariantCulture)])!.WaitForExit();

    public static Process Start(string folder, params string[] arguments) => Start(folder, new Dictionary<string, string>(), arguments);

    static Process Start(string folder, IReadOnlyDictionary<string, string> environment, string[] arguments)
    {
        var process = Open(folder, environment, arguments);
        process.StandardInput.Close();
        return process;
    }

    static Process Open(string folder, IReadOnlyDictionary<string, string> environment, string[] arguments, string? program = null) =>
        Open("dotnet", folder, environment, [program ?? Path.Combine(AppContext.BaseDirectory, "mmmamba.dll"), .. arguments]);

    static Process Open(string command, string folder, IReadOnlyDictionary<string, string> environment, string[] arguments)
    {
        var start = new ProcessStartInfo(command)
        {
            WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true,
        };
        // Several run beside one another: a thread each is enough, and gives the same bits everywhere.
        start.Environment["OMP_NUM_THREADS"] = "1";
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in environment) start.Environment[name] = value;
        return Process.Start(start)!;
    }
}

/// <summary>A folder that is gone after the test.</summary>
sealed class TemporaryFolder : IDisposable
{
    public TemporaryFolder() => Directory.CreateDirectory(Path);

    public string Path { get; } = System.IO.Path.Combine(System.IO.Path.GetTempPath(), "mmmamba-" + Guid.NewGuid().ToString("N"));

    public string this[string name] => System.IO.Path.Combine(Path, name);

    /// <summary>Everything in it, relative and sorted.</summary>
    public string[] Entries => [.. Directory.EnumerateFileSystemEntries(Path, "*", SearchOption.AllDirectories)
        .Select(entry => System.IO.Path.GetRelativePath(Path, entry)).Order(StringComparer.Ordinal)];

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
