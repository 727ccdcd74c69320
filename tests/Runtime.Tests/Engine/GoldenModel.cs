using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Specs;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp.Modules;
using static TorchSharp.torch;
using PlanJson = MmMamba.Runtime.Plans.PlanJson;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>The goldens' models, from the specs beside the tests (a teacher of 2 + 4 layers, its linear and hybrid students, what seeding needs), and the published ones.</summary>
static class GoldenModel
{
    static readonly Dictionary<string, ModelPlan> Plans = Resolve();

    public static ModelPlan Hovle => Plans["GoldenHovle"];
    public static ModelPlan Linear => Plans["GoldenLinear"];
    public static ModelPlan Hybrid => Plans["GoldenHybrid"];

    /// <summary>The plan of a spec by its model's name.</summary>
    public static ModelPlan Named(string name) => Plans[name];

    static Dictionary<string, ModelPlan> Resolve()
    {
        var files = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "specs"), "*.mmmodel.yaml").Order(StringComparer.Ordinal);
        var bound = Catalog.Bind([.. files.Select(file => SpecParser.Parse(new(file, File.ReadAllText(file))))]);
        var specs = bound.Where(spec => !spec.IsFamily).Select(spec => spec.Model ?? throw new InvalidOperationException(string.Join('\n', spec.Diagnostics))).ToDictionary(spec => spec.Name);
        ResolvedModel Model(ModelSpec spec) => Resolver.Resolve(spec, spec.Teacher is { } teacher ? Model(specs[teacher]) : null);
        return specs.Values.ToDictionary(spec => spec.Name, spec => PlanJson.Parse(MmMamba.ModelDsl.Rendering.PlanJson.Render(Model(spec))));
    }

    /// <summary>A golden model with the reference's weights.</summary>
    public static VisionLanguageModel Load(ModelPlan plan, ScalarType dtype = ScalarType.Float32, Device? device = null) =>
        new(plan, new Values(Golden.Read("mmmamba_tiny_mixers.safetensors").Concat(Golden.Read("hovle_tiny.safetensors")).ToDictionary(), dtype: dtype, device: device));

    /// <summary>Parameters from tensors at hand, or from elsewhere where there is none.</summary>
    public sealed class Values(IReadOnlyDictionary<string, Tensor> tensors, ParameterSource? otherwise = null, ScalarType dtype = ScalarType.Float32, Device? device = null)
        : ParameterSource(device, dtype)
    {
        public override Parameter Take(TensorPlan tensor) =>
            otherwise is not null && !tensors.ContainsKey(tensor.Name) ? otherwise.Take(tensor) : Own(tensors[tensor.Name].clone());
    }
}
