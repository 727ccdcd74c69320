using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using MmMamba.Runtime.Kernels.Cuda;

namespace MmMamba.Runtime.Tests.Kernels.Emulation;

/// <summary>The text of kernels as a C++ compiler of the CPU takes it: headers before, and a table of the kernels behind.</summary>
static partial class KernelTranslation
{
    // Instructions that kernels name themselves; all others stand in ptx.cu, which the emulator has in its own words.
    static readonly (string Cuda, string Cpu)[] Instructions =
    [
        ("asm volatile(\"griddepcontrol.launch_dependents;\" ::: \"memory\");", ""),
        ("asm volatile(\"griddepcontrol.wait;\" ::: \"memory\");", "emulator::waited = true;"),
        (
            "asm volatile(\"ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];\" : \"=r\"(loaded.x), \"=r\"(loaded.y), \"=r\"(loaded.z), \"=r\"(loaded.w) : \"l\"(at));",
            "loaded = *(const uint4*)at;"),
    ];

    [GeneratedRegex(@"extern\s+__shared__\s+(?:__align__\(\d+\)\s+)?(?<type>[\w ]+?)\s+(?<name>\w+)\[\];")]
    private static partial Regex DynamicShared { get; }

    [GeneratedRegex("""extern\s+"C"\s+__global__\s+void\s+(?:__launch_bounds__\([^)]*\)\s+)?(?<name>\w+)\s*\(""")]
    private static partial Regex Kernel { get; }

    [GeneratedRegex(@"\basm\b")]
    private static partial Regex Assembly { get; }

    /// <param name="sources">Files, one behind the other.</param>
    /// <param name="constants">Macros by name.</param>
    /// <exception cref="InvalidOperationException">An instruction that is not known here.</exception>
    public static string Translate(IReadOnlyList<KernelSource> sources, IReadOnlyDictionary<string, string> constants)
    {
        var names = sources.SelectMany(source => Kernel.Matches(source.Text)).Select(match => match.Groups["name"].Value).Distinct().ToArray();
        var text = new StringBuilder("#include \"cuda.h\"\n");
        // A kernel that the constants leave out never gets its place in the table.
        foreach (var name in names) text.Append(CultureInfo.InvariantCulture, $"#define EMULATED_{name}\n");
        foreach (var (name, value) in constants) text.Append(CultureInfo.InvariantCulture, $"#define {name} {value}\n");
        foreach (var source in sources) text.Append(source.Name == "ptx.cu" ? "#include \"ptx.h\"\n" : $"#line 1 \"{source.Name}\"\n{Translate(source)}\n");
        text.Append("const emulator::Entry emulated_kernels[] = {\n");
        foreach (var name in names) text.Append(CultureInfo.InvariantCulture, $"EMULATED_{name}\n");
        return text.Append("{} };\n").ToString();
    }

    static string Translate(KernelSource source)
    {
        var text = source.Text;
        foreach (var (cuda, cpu) in Instructions) text = text.Replace(cuda, cpu, StringComparison.Ordinal);
        if (Assembly.Match(text) is { Success: true } unknown)
            throw new InvalidOperationException(
                FormattableString.Invariant($"{source.Name}:{Line(unknown)}: the emulator does not know this asm statement. Make it a function of ptx.cu, and of the emulator's ptx.h."));
        // A line more each, and none in messages.
        text = Kernel.Replace(text, kernel =>
        {
            var name = kernel.Groups["name"].Value;
            return FormattableString.Invariant($"\n#undef EMULATED_{name}\n#define EMULATED_{name} emulator::entry_of<{name}>(\"{name}\"),\n#line {Line(kernel)}\n{kernel.Value}");
        });
        return DynamicShared.Replace(text, "static ${type}* const ${name} = (${type}*)emulator::dynamic_shared;");

        int Line(Match match) => 1 + text.AsSpan(0, match.Index).Count('\n');
    }
}
