using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;

namespace MmMamba.Models.Tests;

/// <summary>The specs of the tree as the tool makes models of them: at run time, without generated code.</summary>
static class RunTimeModels
{
    public static IReadOnlyDictionary<string, string> Texts { get; } =
        Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "models"), "*.mmmodel.yaml")
            .ToDictionary(path => Path.GetFileName(path), File.ReadAllText);

    public static IReadOnlyDictionary<string, string> Figures { get; } =
        Directory.EnumerateFiles(Path.Combine(AppContext.BaseDirectory, "models", "paper"), "*.yaml")
            .ToDictionary(path => "paper/" + Path.GetFileName(path), File.ReadAllText);

    public static ModelSet Set { get; } = ModelSet.Resolve(Catalog.BindFiles(Texts.Concat(Figures).Select(file => new SpecFile(file.Key, file.Value))));

    public static IReadOnlyDictionary<string, ResolvedModel> All { get; } = Set.Models.ToDictionary(model => model.Name);
}
