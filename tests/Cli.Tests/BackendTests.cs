using System.Diagnostics;
using System.Text.Json;

namespace MmMamba.Cli.Tests;

/// <summary>Which packages a backend asks for, as MSBuild evaluates it: not all of them can be restored everywhere.</summary>
public class BackendTests
{
    [Theory]
    [InlineData("cpu", new[] { "libtorch-cpu-linux-x64" })]
    [InlineData("cuda-linux", new[] { "TorchSharp-cuda-linux" })]
    [InlineData("cuda-windows", new[] { "TorchSharp-cuda-windows" })]
    [InlineData("external", new string[0])]
    public void A_backend_brings_its_packages(string backend, string[] expected)
    {
        var (code, output) = Build("-getItem:PackageReference", $"-p:MmMambaBackend={backend}");
        Assert.Equal(0, code);
        var packages = JsonDocument.Parse(output).RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!)
            .Where(name => name.Contains("torch", StringComparison.OrdinalIgnoreCase));
        if (!OperatingSystem.IsLinux()) return;
        Assert.Equal(expected, packages);
    }

    [Fact]
    public void An_unknown_backend_is_an_error_that_names_the_known_ones()
    {
        var (code, output) = Build("-t:CheckMmMambaBackend", "-p:MmMambaBackend=rocm");
        Assert.NotEqual(0, code);
        Assert.Contains("MmMambaBackend is 'rocm'; it is one of cpu, cuda-linux, cuda-windows, external.", output);
    }

    static (int Code, string Output) Build(params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet") { RedirectStandardOutput = true, WorkingDirectory = Tool.Repository };
        foreach (var argument in (string[])["msbuild", "src/Cli/MmMamba.Cli.csproj", "-nologo", .. arguments]) start.ArgumentList.Add(argument);
        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output);
    }
}
