using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>What a model was bound from: nodes that know their file and line, bases merged in. For people who ask, and no part of the model.</summary>
/// <param name="Root">The spec with everything that it extends.</param>
/// <param name="Layers">For each layer what wrote its attention, mamba2, norm and mlp: the model, its tower, an override.</param>
public sealed record WrittenSpec(MappingNode Root, EquatableArray<MappingNode> Layers);
