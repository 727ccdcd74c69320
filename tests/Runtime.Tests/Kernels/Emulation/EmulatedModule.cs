using System.Collections.Concurrent;
using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using MmMamba.Runtime.Kernels.Cuda;

namespace MmMamba.Runtime.Tests.Kernels.Emulation;

/// <summary>Kernels that g++ has compiled with some constants, once each; what was compiled is kept in the system's folder for temporary files.</summary>
sealed class EmulatedModule : IKernelModule
{
    // Jumps between stacks are what a fortified libc takes for a fault. Alignment, arrays' bounds and what pointers point to are checked where memory is touched; block.h says what else is.
    static readonly string[] Options =
        ["-x", "c++", "-std=c++17", "-O1", "-U_FORTIFY_SOURCE", "-w", "-g0", "-fPIC", "-shared", "-fvisibility=hidden", "-fno-strict-aliasing", "-ffp-contract=off", "-fsanitize=bounds,alignment,null,object-size"];

    static readonly ConcurrentDictionary<string, nint> Libraries = [];

    // Every block's stacks; what runs, runs alone.
    static readonly Lazy<nint> Stacks = new(() => Marshal.AllocHGlobal(1024 * 128 * 1024 + 64));

    readonly EmulatedDevice _device;
    readonly ParametersFunction _parameters;
    readonly LaunchFunction _launch;

    public EmulatedModule(EmulatedDevice device, IReadOnlyList<KernelSource> sources, IReadOnlyDictionary<string, string> constants)
    {
        _device = device;
        var library = Libraries.GetOrAdd(KernelTranslation.Translate(sources, constants), static text => NativeLibrary.Load(Compiled(text)));
        _parameters = Marshal.GetDelegateForFunctionPointer<ParametersFunction>(NativeLibrary.GetExport(library, "emulated_parameters"));
        _launch = Marshal.GetDelegateForFunctionPointer<LaunchFunction>(NativeLibrary.GetExport(library, "emulated_launch"));
    }

    delegate int ParametersFunction([MarshalAs(UnmanagedType.LPUTF8Str)] string kernel, [Out] int[] sizes, int most);

    delegate int LaunchFunction(
        [MarshalAs(UnmanagedType.LPUTF8Str)] string kernel, int gridX, int gridY, int threads, int sharedBytes, ulong seed, nint[] arguments, nint stacks, [Out] byte[] message, int room);

    /// <summary>Where g++ is; null where it is not.</summary>
    public static string? Compiler { get; } = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator).Select(folder => Path.Combine(folder, "g++")).FirstOrDefault(File.Exists);

    public void Launch(nint stream, string kernel, (int X, int Y) grid, int threads, int sharedBytes, params ReadOnlySpan<KernelArgument> arguments)
    {
        if (grid.X < 1 || grid.Y is < 1 or > 65535 || threads is < 1 or > 1024 || sharedBytes is < 0 or > 227 * 1024)
            throw new InvalidOperationException($"kernel {kernel}: a grid of {grid} blocks of {threads} threads with {sharedBytes} bytes can't be launched.");
        var sizes = new int[64];
        var count = _parameters(kernel, sizes, sizes.Length);
        if (count < 0) throw new InvalidOperationException($"There is no kernel {kernel}.");
        var given = arguments.ToArray().Select(argument => argument.Bytes.Length).ToArray();
        if (!given.AsSpan().SequenceEqual(sizes.AsSpan(0, count)))
            throw new InvalidOperationException($"kernel {kernel} takes parameters of {string.Join(' ', sizes.Take(count))} bytes, and is given {string.Join(' ', given)}.");
        var memory = GuardedMemory.Of(arguments);
        byte[][] values = [.. arguments.ToArray().Select(argument => argument.Bytes.ToArray())];
        _device.Submit(stream, seed => Run(kernel, grid, threads, sharedBytes, seed, values, memory));
    }

    void Run(string kernel, (int X, int Y) grid, int threads, int sharedBytes, ulong seed, byte[][] values, GuardedMemory memory)
    {
        // Each at its own place, aligned as on a GPU.
        const int place = 64;
        var at = Marshal.AllocHGlobal(place * (values.Length + 1));
        var first = (at + place - 1) / place * place;
        var message = new byte[512];
        try
        {
            memory.Guard();
            for (var i = 0; i < values.Length; i++)
            {
                if (memory.AddressOf(i) is { } address) Marshal.WriteIntPtr(first + place * i, address);
                else Marshal.Copy(values[i], 0, first + place * i, values[i].Length);
            }
            var pointers = Enumerable.Range(0, values.Length).Select(i => first + place * i).ToArray();
            if (_launch(kernel, grid.X, grid.Y, threads, sharedBytes, seed, pointers, (Stacks.Value + 63) / 64 * 64, message, message.Length) != 0)
                throw new InvalidOperationException(Encoding.UTF8.GetString(message).TrimEnd('\0').Split('\0')[0]);
            if (memory.Return() is { } outside) throw new InvalidOperationException($"kernel {kernel} wrote outside of argument {outside}.");
        }
        finally
        {
            memory.Free();
            Marshal.FreeHGlobal(at);
        }
    }

    static string Compiled(string text)
    {
        var headers = Path.Combine(AppContext.BaseDirectory, "Kernels", "Emulation");
        var all = string.Concat(Directory.GetFiles(headers, "*.h").Order(StringComparer.Ordinal).Select(File.ReadAllText)) + string.Join(' ', Options) + text;
        var folder = Path.Combine(Path.GetTempPath(), "mmmamba-emulated-" + Environment.UserName);
        var library = Path.Combine(folder, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(all))) + ".so");
        if (File.Exists(library)) return library;
        Directory.CreateDirectory(folder);
        var unfinished = $"{library}.{Environment.ProcessId}";
        using var compiler = Process.Start(new ProcessStartInfo(Compiler!, [.. Options, "-I", headers, "-o", unfinished, "-"]) { RedirectStandardInput = true, RedirectStandardError = true })!;
        compiler.StandardInput.Write(text);
        compiler.StandardInput.Close();
        var errors = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        if (compiler.ExitCode != 0) throw new InvalidOperationException("g++ does not compile the kernels: " + errors);
        File.Move(unfinished, library, overwrite: true);
        return library;
    }

    public void Dispose()
    {
        // Libraries are kept for the next module of the same text.
    }
}
