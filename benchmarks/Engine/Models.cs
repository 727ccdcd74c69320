using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.Runtime;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using static TorchSharp.torch;
using PlanJson = MmMamba.Runtime.Plans.PlanJson;

namespace MmMamba.Engine.Benchmarks;

/// <summary>The models that are measured, their weights drawn.</summary>
static class Models
{
    static readonly Dictionary<string, ModelPlan> Plans = Resolve();

    public static ModelPlan Plan(string name) => Plans[name];

    public static VisionLanguageModel Open(string name, ScalarType type = ScalarType.Float32) =>
        new(Plan(name), Plan(name).Teacher is { } teacher ? new SeededParameters(Plan(teacher), 0, CPU, type) : new DrawnParameters(0, CPU, type));

    static Dictionary<string, ModelPlan> Resolve()
    {
        var files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "specs")).Order(StringComparer.Ordinal).Select(file => new SpecFile(file, File.ReadAllText(file)));
        var set = ModelSet.Resolve(Catalog.Bind([.. files.Select(SpecParser.Parse)]));
        if (set.Diagnostics.FirstOrDefault(diagnostic => diagnostic.Severity == Severity.Error) is { } error) throw new InvalidOperationException(error.ToString());
        return set.Models.ToDictionary(model => model.Name, model => PlanJson.Parse(MmMamba.ModelDsl.Rendering.PlanJson.Render(model)));
    }
}
