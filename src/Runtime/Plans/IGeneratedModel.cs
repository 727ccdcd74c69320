using MmMamba.Runtime.Seeding;

namespace MmMamba.Runtime.Plans;

/// <summary>A model whose class was generated from a spec: generic code gets its plan and its construction from the type alone.</summary>
/// <typeparam name="TSelf">The generated class.</typeparam>
public interface IGeneratedModel<TSelf>
    where TSelf : VisionLanguageModel, IGeneratedModel<TSelf>
{
    /// <summary>What the engine runs.</summary>
    static abstract ModelPlan Plan { get; }

    /// <summary>A model whose parameters come from a source.</summary>
    static abstract TSelf Create(ParameterSource source);
}
