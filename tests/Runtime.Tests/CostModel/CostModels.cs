using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp.Modules;
using static TorchSharp.torch;
using PlanJson = MmMamba.Runtime.Plans.PlanJson;

namespace MmMamba.Runtime.Tests.CostModel;

/// <summary>Models whose costs are held against the engine: the shipped ones, the goldens', and some that turn every switch.</summary>
static class CostModels
{
    static readonly string[] Variants =
    [
        "mmmodel: 1\nmodel: EverySwitch\nextends: GoldenHybrid\nmamba2: { conv: 4, chunk: 5, skip: on, qk_norm: on }",
        "mmmodel: 1\nmodel: NoSwitch\nextends: GoldenLinear\nmamba2: { conv: off, chunk: 1, gate: off, gate_norm: off, decay: off }",
        "mmmodel: 1\nmodel: TowersApart\nextends: GoldenLinear\n"
            + "towers: [ { embedding: { layers: 2, mamba2: { chunk: 3 } } }, { decoder: { layers: 4, mamba2: { chunk: 7, conv: 3 } } } ]",
        "mmmodel: 1\nmodel: ShortChunks\nextends: TinyMmMambaHybrid\nmamba2: { chunk: 16 }",
    ];

    static readonly Dictionary<string, ResolvedModel> Models = Resolve();

    /// <summary>The golden models and their variants, small enough to run.</summary>
    public static string[] SmallNames { get; } = ["GoldenHovle", "GoldenLinear", "GoldenHybrid", "EverySwitch", "NoSwitch", "TowersApart", "GoldenOverrides", "GoldenWindows"];

    /// <summary>The published models, which run without memory.</summary>
    public static string[] PublishedNames { get; } = ["Hovle", "MmMambaLinear", "MmMambaHybrid"];

    public static TheoryData<string> Small => [.. SmallNames];

    public static TheoryData<string> Published => [.. PublishedNames];

    public static ResolvedModel Named(string name) => Models[name];

    public static ModelPlan Plan(string name) => PlanJson.Parse(MmMamba.ModelDsl.Rendering.PlanJson.Render(Named(name)));

    /// <summary>Parameters of no meaning: costs don't depend on values.</summary>
    public sealed class Values(Device? device = null) : ParameterSource(device)
    {
        public override Parameter Take(TensorPlan tensor) => Own(full([.. tensor.Shape], 0.01, Dtype, Device));
    }

    static Dictionary<string, ResolvedModel> Resolve()
    {
        var files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "specs"), "*.mmmodel.yaml").Order(StringComparer.Ordinal)
            .Select(file => new SpecFile(file, File.ReadAllText(file)))
            .Concat(Variants.Select((text, i) => new SpecFile($"variant-{i}.mmmodel.yaml", text)));
        var set = ModelSet.Resolve(Catalog.Bind([.. files.Select(SpecParser.Parse).Where(spec => !spec.IsFamily)]));
        Assert.DoesNotContain(set.Diagnostics, diagnostic => diagnostic.Severity == Severity.Error);
        return set.Models.ToDictionary(model => model.Name);
    }
}
