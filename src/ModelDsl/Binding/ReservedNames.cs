using MmMamba.ModelDsl.Mixers;

namespace MmMamba.ModelDsl.Binding;

/// <summary>
/// Names that generated code gives a meaning of its own: members of every generated class, and the types that it is written in. A
/// model of such a name could not be compiled.
/// </summary>
static class ReservedNames
{
    static readonly HashSet<string> Names = new(StringComparer.Ordinal)
    {
        // Members.
        "Plan", "Create", "Load", "SeedFrom", "CreateCache", "CreatePlan", "CreateDistillationPlan", "Cache", "Costs", "Distillation",
        "Introduced", "Mixer", "EndToEnd", "HiddenSize", "LayerCount", "Heads", "KvHeads", "HeadDim", "VocabSize", "TokensPerTile", "ParameterCount",
        "KvElementsPerToken", "SsmElements", "ConvElements", "FlopsPerToken", "FlopsPerPair", "StepFlops", "HeadFlops",
        "FlopsPerTile", "WeightElementsRead", "PrefillFlops", "DecodeFlops", "DecodeBytesRead", "WeightBytes", "KvBytes", "StateBytes", "CacheBytes", "Layer", "Options", "TrainedCount",
        "TotalCount", "Run", "Skip",
        // Types of the engine.
        "VisionLanguageModel", "IGeneratedModel", "InputException", "ParameterSource", "SeededParameters", "CheckpointParameters",
        "ModelCache",
        "ModelPlan", "DistillationPlan", "LayerKind", "TensorRow", "TowerRun",
        "FamilyMember", "FamilyReference", "ReportedFigure", "IModelFamily", "PlanList", "Func", "IReadOnlyList",
        "Copied", "Sliced", "Drawn", "Draw", "TensorGroup", "StageKind", "ScheduleKind", "LossKind",
        "TrainingOptions", "MixerDistillation", "EndToEndDistillation", "IntroducedArtefact", "MixerArtefact", "StudentArtefact", "StudentAssembly",
        "Batch", "StepReport",
        // Of the framework.
        "IEnumerable", "IProgress", "CancellationToken", "System", "TorchSharp", "MmMamba",
    };

    public static bool Contains(string name) =>
        Names.Contains(name) || MixerKinds.All.Any(kind => name == kind.LayerType || name == kind.PlanType || name == kind.CacheType || kind.Members.Contains(name));
}
