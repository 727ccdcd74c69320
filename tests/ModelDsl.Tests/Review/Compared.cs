using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Review;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Tests.Architecture;

namespace MmMamba.ModelDsl.Tests.Review;

/// <summary>Facts of models that are made in a test.</summary>
static class Compared
{
    public static readonly ModelFacts Hybrid = Of(Published.HybridSpec);

    /// <summary>A student of the published teacher.</summary>
    public static ModelFacts Of(ModelSpec spec) => ModelFacts.Of(Resolver.Resolve(spec, Published.Hovle), Published.Hovle);

    /// <summary>A model that extends a shipped one by some lines.</summary>
    public static ModelFacts Variant(string of, string lines)
    {
        var spec = Tree.Variant(of, lines);
        var teacher = spec.Teacher is { } name ? ModelSetTests.Model(name) : null;
        return ModelFacts.Of(Resolver.Resolve(spec, teacher), teacher);
    }

    public static ModelDiff With(this ModelFacts before, ModelFacts after) => ModelDiff.Of(before, after);
}
