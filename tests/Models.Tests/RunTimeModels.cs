using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;

namespace MmMamba.Models.Tests;

/// <summary>The specs of the tree as the tool makes models of them: at run time, without generated code.</summary>
static class RunTimeModels
{
    public static IReadOnlyDictionary<string, string> Texts { get; } =
        Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "models"), "*.mmmodel.yaml")
            .ToDictionary(path => Path.GetFileName(path), File.ReadAllText);

    public static IReadOnlyDictionary<string, ResolvedModel> All { get; } =
        ModelSet.Resolve(Catalog.Bind([.. Texts.Select(spec => SpecParser.Parse(new(spec.Key, spec.Value)))]))
            .Models.ToDictionary(model => model.Name);
}
