using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace MmMamba.Runtime.Native;

/// <summary>
/// Which libtorch this process computes with: the one of the NuGet packages, or the folder that the environment variable
/// <c>MMMAMBA_LIBTORCH</c> names (a PyTorch installation's <c>torch/lib</c>, for the CPU or for CUDA).
/// </summary>
public static class Libtorch
{
    /// <summary>Name of the environment variable that holds a folder with libtorch.</summary>
    public const string Variable = "MMMAMBA_LIBTORCH";

    // In the order in which they need each other.
    static readonly string[] Parts = ["c10", "torch_cpu", "c10_cuda", "torch_cuda", "torch"];
    static readonly string[] Required = ["c10", "torch_cpu", "torch"];

    static readonly Lock Gate = new();
    static readonly Dictionary<string, nint> Handles = [];
    static LibtorchInfo? _loaded;
    static InputException? _refusal;

    // A process has one libtorch, and TorchSharp takes the first that it finds when it is first used. A named folder has to be
    // loaded before that, whoever uses tensors first. Without the variable nothing is loaded here.
#pragma warning disable CA2255 // the order of loading is the reason for an initialiser in a library
    [ModuleInitializer]
    internal static void Prepare()
#pragma warning restore CA2255
    {
        NativeLibrary.SetDllImportResolver(typeof(Libtorch).Assembly, Resolve);
        if (NamedFolder is not { } folder) return;
        try { LoadFrom(folder); }
        catch (InputException refusal) { _refusal = refusal; }
    }

    static string? NamedFolder => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } folder ? folder : null;

    /// <summary>Makes sure that a fitting libtorch is loaded and says which. May be called at any time, from any thread.</summary>
    /// <exception cref="InputException">The named folder, or the installed packages, hold no libtorch that fits.</exception>
    public static LibtorchInfo Ensure()
    {
        lock (Gate)
        {
            if (_loaded is { } loaded) return loaded;
            if (_refusal is { } refusal) throw new InputException(refusal.Message, refusal);
            RefuseNone();
            try { torch.InitializeDeviceType(DeviceType.CPU); }
            catch (Exception error) when (error is not InputException)
            {
                throw new InputException(
                    $"libtorch does not load: {OneLine(error.GetBaseException().Message)} Expected the libtorch package beside the program, or a folder with libtorch in {Variable}.", error);
            }
            return _loaded = Inspect(LoadedFolder(), IsPresent("torch_cuda"));
        }
    }

    internal static void LoadFrom(string folder)
    {
        if (!Directory.Exists(folder))
            throw new InputException($"{Variable} names '{folder}', which is not a folder. Give the folder that holds {FileName("torch_cpu")}, or unset the variable.");
        folder = Path.GetFullPath(folder);
        foreach (var part in Required)
            if (!File.Exists(Path.Combine(folder, FileName(part))))
                throw new InputException($"{Variable} names '{folder}', where {FileName(part)} is missing. Give a folder with a whole libtorch, or unset the variable.");
        RefuseSecondLibtorch(folder);
        foreach (var part in Parts)
            if (Path.Combine(folder, FileName(part)) is var path && File.Exists(path)) Handles[part] = Load(path);
        var info = Inspect(folder, Handles.ContainsKey("torch_cuda"));
        Load(Binding());
        _loaded = info;
    }

    // Where there is none, TorchSharp would copy half a gigabyte about before it gives up, and tell all of that.
    static void RefuseNone()
    {
        var file = FileName("torch_cpu");
        if (OwnFolders().Any(folder => File.Exists(Path.Combine(folder, file))) || NativeLibrary.TryLoad(file, out _)) return;
        throw new InputException($"there is no libtorch beside the program. Name a folder with libtorch in {Variable}{(RestoredFolder() is { } restored ? $", such as {restored}" : "")}.");
    }

    // The package's folder, where some project on this machine has restored it.
    static string? RestoredFolder()
    {
        var packages = Environment.GetEnvironmentVariable("NUGET_PACKAGES") is { Length: > 0 } named
            ? named : Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".nuget", "packages");
        var package = Path.Combine(packages, $"libtorch-cpu-{PortableIdentifier}");
        return !Directory.Exists(package) ? null : Directory.EnumerateDirectories(package)
            .OrderBy(version => Version.TryParse(Path.GetFileName(version), out var number) ? number : new())
            .Select(version => Path.Combine(version, "runtimes", PortableIdentifier, "native"))
            .LastOrDefault(folder => File.Exists(Path.Combine(folder, FileName("torch_cpu"))));
    }

    // TorchSharp loads by name what lies beside the program, and a second libtorch in a process ends it.
    static void RefuseSecondLibtorch(string folder)
    {
        var file = FileName("torch_cpu");
        var named = RealPath(Path.Combine(folder, file));
        if (OwnFolders().Select(own => Path.Combine(own, file)).FirstOrDefault(own => File.Exists(own) && RealPath(own) != named) is { } own)
            throw new InputException(
                $"{Variable} names '{folder}', and the program brings a libtorch of its own, '{own}': a process can have only one. Build the program with -p:MmMambaBackend=external, or unset the variable.");
    }

    static string RealPath(string file) => File.Exists(file) ? File.ResolveLinkTarget(file, returnFinalTarget: true)?.FullName ?? file : file;

    static LibtorchInfo Inspect(string folder, bool hasCuda)
    {
        foreach (var symbol in StableAbi.Symbols)
            if (!NativeLibrary.TryGetExport(Handle("torch_cpu"), symbol, out _))
                throw new InputException($"libtorch in '{folder}' lacks {symbol}. {StableAbi.Accepted} is needed.");
        var abi = StableAbi.aoti_torch_abi_version();
        var (major, minor) = ((int)(abi >> 56), (int)(abi >> 48 & 0xff));
        if (!StableAbi.Accepts(major, minor))
            throw new InputException(string.Create(CultureInfo.InvariantCulture, $"libtorch in '{folder}' is version {major}.{minor}. {StableAbi.Accepted} is needed."));
        return new(folder, string.Create(CultureInfo.InvariantCulture, $"{major}.{minor}"), abi, hasCuda);
    }

    static bool IsPresent(string part)
    {
        try { return Handle(part) != 0; }
        catch (DllNotFoundException) { return false; }
    }

    static nint Resolve(string library, Assembly assembly, DllImportSearchPath? search) => library switch
    {
        CudaDriver.Library => CudaDriver.TryLoad(out var driver) ? driver : 0,
        Nvrtc.Library => Nvrtc.TryLoad(out var compiler) ? compiler : 0,
        _ => Parts.Contains(library) || library == TorchSharpNative.Library ? Handle(library) : 0,
    };

    // What is already in the process is found by its bare name; the package's folder is a second chance.
    static nint Handle(string part)
    {
        lock (Gate)
        {
            if (Handles.TryGetValue(part, out var handle)) return handle;
            torch.InitializeDeviceType(DeviceType.CPU);
            var file = FileName(part);
            if (!NativeLibrary.TryLoad(file, out handle)
                && !OwnFolders().Any(folder => NativeLibrary.TryLoad(Path.Combine(folder, file), out handle)))
                throw new DllNotFoundException($"{file} is not part of the libtorch in use.");
            return Handles[part] = handle;
        }
    }

    internal static nint Load(string path)
    {
        try { return NativeLibrary.Load(path); }
        catch (Exception error) when (error is DllNotFoundException or BadImageFormatException)
        {
            throw new InputException($"'{path}' does not load: {OneLine(error.Message)} {StableAbi.Accepted} is needed.", error);
        }
    }

    static string Binding()
    {
        var file = FileName("LibTorchSharp");
        return OwnFolders().Select(folder => Path.Combine(folder, file)).FirstOrDefault(File.Exists)
            ?? throw new InputException($"{file} is missing in '{AppContext.BaseDirectory}'. It comes with the TorchSharp package: build or publish the program again.");
    }

    // Where the runtime looks for native libraries: its own list, if it has one, and the program's folders.
    static IEnumerable<string> OwnFolders() =>
        ((AppContext.GetData("NATIVE_DLL_SEARCH_DIRECTORIES") as string)?.Split(Path.PathSeparator, StringSplitOptions.RemoveEmptyEntries) ?? [])
            .Append(AppContext.BaseDirectory)
            .Append(Path.Combine(AppContext.BaseDirectory, "runtimes", PortableIdentifier, "native"));

    static string PortableIdentifier =>
        (OperatingSystem.IsWindows() ? "win" : OperatingSystem.IsMacOS() ? "osx" : "linux") + "-" + (RuntimeInformation.ProcessArchitecture == Architecture.Arm64 ? "arm64" : "x64");

    static string FileName(string part) =>
        OperatingSystem.IsWindows() ? part + ".dll" : OperatingSystem.IsMacOS() ? $"lib{part}.dylib" : $"lib{part}.so";

    static string LoadedFolder()
    {
        using var process = Process.GetCurrentProcess();
        foreach (ProcessModule module in process.Modules)
            if (Path.GetFileName(module.FileName) == FileName("torch_cpu")) return Path.GetDirectoryName(module.FileName)!;
        return AppContext.BaseDirectory;
    }

    static string OneLine(string message) => string.Join(' ', message.Split(['\n', '\r'], StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries));
}

/// <summary>The libtorch in use.</summary>
/// <param name="Folder">Where it was loaded from.</param>
/// <param name="Version">Its major and minor version, such as <c>2.10</c>.</param>
/// <param name="Abi">What <c>aoti_torch_abi_version</c> returns.</param>
/// <param name="HasCuda">Whether its CUDA part is there; a device may still be missing.</param>
public sealed record LibtorchInfo(string Folder, string Version, ulong Abi, bool HasCuda);
