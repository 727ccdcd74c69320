using Microsoft.CodeAnalysis;
using MmMamba.ModelDsl.Binding;

namespace MmMamba.Generators;

/// <summary>The additional files that are specs.</summary>
static class SpecFiles
{
    const string Extension = ".mmmodel.yaml";

    public static bool IsSpec(string path) => path.EndsWith(Extension, StringComparison.OrdinalIgnoreCase);

    public static ParsedSpec Parse(AdditionalText file, CancellationToken cancellation) =>
        SpecParser.Parse(new(file.Path, file.GetText(cancellation)?.ToString() ?? ""));
}
