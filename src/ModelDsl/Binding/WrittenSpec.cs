using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>What a model was bound from: nodes that know their file and line. For people who ask where a value is from, and no part of the model.</summary>
/// <param name="Root">The spec with everything that it extends, marks of composition included.</param>
/// <param name="Towers">For each layer what its tower has: the model's attention, mamba2, norm and mlp with the tower's own laid over them.</param>
/// <param name="Layers">For each layer what it has itself: the same, with overrides laid over it.</param>
/// <param name="Base">The same of the model that this one extends; null where it extends none.</param>
public sealed record WrittenSpec(MappingNode Root, EquatableArray<MappingNode> Towers, EquatableArray<MappingNode> Layers, WrittenSpec? Base);

/// <summary>A model beside what it was bound from: the model of a file, or a member of a family.</summary>
/// <param name="Model">Its spec, a member's under the name <c>Family.Member</c>.</param>
/// <param name="Written">What wrote it.</param>
public sealed record WrittenModel(ModelSpec Model, WrittenSpec Written);
