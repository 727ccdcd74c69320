using System.Runtime.InteropServices;
using System.Text;

namespace MmMamba.Runtime.Native;

/// <summary>CUDA's run-time compiler. It comes with CUDA builds of libtorch and with PyTorch's packages, and is looked for there.</summary>
static unsafe partial class Nvrtc
{
    /// <summary>The library's name in this code; <see cref="TryLoad"/> finds the file.</summary>
    public const string Library = "mmmamba:nvrtc";

    static readonly Lazy<nint> Found = new(Find);

    /// <summary>Whether there is one.</summary>
    public static bool IsPresent => TryLoad(out _);

    public static bool TryLoad(out nint handle) => (handle = Found.Value) != 0;

    /// <summary>Its version as major * 1000 + minor.</summary>
    public static int Version => nvrtcVersion(out var major, out var minor) == 0 ? 1000 * major + minor : 0;

    /// <summary>Machine code of a source.</summary>
    /// <param name="name">How messages call the source.</param>
    /// <param name="source">CUDA C++.</param>
    /// <param name="options">The compiler's options, the architecture among them.</param>
    /// <exception cref="InvalidOperationException">It does not compile; the compiler's words are in the message.</exception>
    public static byte[] Compile(string name, string source, IReadOnlyList<string> options)
    {
        Check(nvrtcCreateProgram(out var program, source, name, 0, 0, 0), "nvrtcCreateProgram", 0);
        try
        {
            var texts = options.Select(Marshal.StringToCoTaskMemUTF8).ToArray();
            try
            {
                fixed (nint* each = texts) Check(nvrtcCompileProgram(program, texts.Length, each), $"nvrtcCompileProgram of {name}", program);
            }
            finally
            {
                foreach (var text in texts) Marshal.FreeCoTaskMem(text);
            }
            Check(nvrtcGetCUBINSize(program, out var size), "nvrtcGetCUBINSize", program);
            var image = new byte[size];
            fixed (byte* first = image) Check(nvrtcGetCUBIN(program, first), "nvrtcGetCUBIN", program);
            return image;
        }
        finally
        {
            _ = nvrtcDestroyProgram(ref program);
        }
    }

    static void Check(int result, string what, nint program)
    {
        if (result == 0) return;
        var log = "";
        if (program != 0 && nvrtcGetProgramLogSize(program, out var size) == 0)
        {
            var bytes = new byte[size];
            fixed (byte* first = bytes) _ = nvrtcGetProgramLog(program, first);
            log = " " + Encoding.UTF8.GetString(bytes).TrimEnd('\0');
        }
        throw new InvalidOperationException(FormattableString.Invariant($"{what} failed ({result}).{log}"));
    }

    static nint Find()
    {
        string[] names = OperatingSystem.IsWindows() ? ["nvrtc64_130_0.dll", "nvrtc64_120_0.dll"] : ["libnvrtc.so.13", "libnvrtc.so.12", "libnvrtc.so"];
        foreach (var name in names)
            if (NativeLibrary.TryLoad(name, out var handle)) return handle;
        foreach (var file in Folders().Where(Directory.Exists).SelectMany(folder => names.Select(name => Path.Combine(folder, name))).Where(File.Exists))
            if (NativeLibrary.TryLoad(file, out var handle)) return handle;
        return 0;
    }

    // Beside libtorch, in the packages that PyTorch's own one needs, and where CUDA's toolkit is.
    static IEnumerable<string> Folders()
    {
        var libtorch = Libtorch.Ensure().Folder;
        yield return libtorch;
        var packages = Path.GetFullPath(Path.Combine(libtorch, "..", "..", "nvidia"));
        if (Directory.Exists(packages))
            foreach (var package in Directory.EnumerateDirectories(packages).Order(StringComparer.Ordinal)) yield return Path.Combine(package, OperatingSystem.IsWindows() ? "bin" : "lib");
        if (!OperatingSystem.IsWindows()) yield return "/usr/local/cuda/lib64";
    }

    [LibraryImport(Library)] private static partial int nvrtcVersion(out int major, out int minor);
    [LibraryImport(Library, StringMarshalling = StringMarshalling.Utf8)] private static partial int nvrtcCreateProgram(out nint program, string source, string name, int headers, nint sources, nint names);
    [LibraryImport(Library)] private static partial int nvrtcCompileProgram(nint program, int count, nint* options);
    [LibraryImport(Library)] private static partial int nvrtcGetCUBINSize(nint program, out nuint size);
    [LibraryImport(Library)] private static partial int nvrtcGetCUBIN(nint program, byte* image);
    [LibraryImport(Library)] private static partial int nvrtcGetProgramLogSize(nint program, out nuint size);
    [LibraryImport(Library)] private static partial int nvrtcGetProgramLog(nint program, byte* log);
    [LibraryImport(Library)] private static partial int nvrtcDestroyProgram(ref nint program);
}
