using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using MmMamba.Runtime;

namespace MmMamba.Cli.Specs;

/// <summary>Asks git about a folder, read-only: no shell, no pager, no prompt, no fetching, messages in English.</summary>
sealed class Git(string folder)
{
    const int MostText = 16_000_000;

    /// <summary>What a command prints.</summary>
    /// <exception cref="InputException">Git is missing, or refuses.</exception>
    public string Text(params string[] arguments) => Encoding.UTF8.GetString(Bytes(MostText, arguments));

    /// <summary>What a command prints; null where it says no.</summary>
    /// <exception cref="InputException">Git is missing.</exception>
    public string? TryText(params string[] arguments) => Run(MostText, arguments) is (0, var output, _) ? Encoding.UTF8.GetString(output) : null;

    /// <summary>The first bytes of what a command prints.</summary>
    /// <exception cref="InputException">Git is missing, or refuses.</exception>
    public byte[] Bytes(int most, params string[] arguments)
    {
        var (code, output, error) = Run(most, arguments);
        if (code == 0 || output.Length == most) return output;
        throw new InputException($"{Path.GetFullPath(folder)}: git {arguments[0]}: {error.Split('\n')[0].Trim()}");
    }

    (int Code, byte[] Output, string Error) Run(int most, string[] arguments)
    {
        var start = new ProcessStartInfo("git")
        {
            RedirectStandardOutput = true, RedirectStandardError = true, RedirectStandardInput = true, WorkingDirectory = folder,
        };
        start.ArgumentList.Add("--no-pager");
        foreach (var argument in arguments) start.ArgumentList.Add(argument);
        foreach (var (name, value) in new[]
        {
            ("LC_ALL", "C"), ("GIT_OPTIONAL_LOCKS", "0"), ("GIT_TERMINAL_PROMPT", "0"), ("GIT_NO_LAZY_FETCH", "1"),
        })
            start.Environment[name] = value;

        using var process = Started(start);
        process.StandardInput.Close();
        var error = process.StandardError.ReadToEndAsync();
        var output = new MemoryStream();
        var buffer = new byte[65_536];
        for (int read; output.Length < most && (read = process.StandardOutput.BaseStream.Read(buffer)) > 0;)
            output.Write(buffer, 0, (int)Math.Min(read, most - output.Length));
        if (output.Length == most) process.Kill();
        process.WaitForExit();
        return (process.ExitCode, output.ToArray(), error.GetAwaiter().GetResult());
    }

    static Process Started(ProcessStartInfo start)
    {
        try { return Process.Start(start)!; }
        catch (Win32Exception missing)
        {
            throw new InputException("revisions are read through git, which is not installed or not on the PATH.", missing);
        }
    }
}
