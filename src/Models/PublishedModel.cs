using MmMamba.Runtime;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Plans;

namespace MmMamba.Models;

/// <summary>A model of this assembly, for callers that know its name only.</summary>
public sealed class PublishedModel
{
    readonly Func<ModelPlan> _plan;
    readonly Func<ParameterSource, VisionLanguageModel> _create;

    PublishedModel(string name, Func<ModelPlan> plan, Func<ParameterSource, VisionLanguageModel> create) => (Name, _plan, _create) = (name, plan, create);

    /// <summary>The class's name, which is the model's.</summary>
    public string Name { get; }

    /// <summary>What the engine runs.</summary>
    public ModelPlan Plan => _plan();

    /// <summary>The model as its own class, with parameters of a source.</summary>
    public VisionLanguageModel Create(ParameterSource source) => _create(source);

    internal static PublishedModel Of<TModel>()
        where TModel : VisionLanguageModel, IGeneratedModel<TModel> => new(typeof(TModel).Name, () => TModel.Plan, TModel.Create);
}
