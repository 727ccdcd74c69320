using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>A stage's loss in a few words: its name, its factor or temperature, and what of it is not as it is by itself.</summary>
static class LossText
{
    public static string Of(StageSpec stage) => $"{Words.Of(stage.Loss)} {CanonicalNumber.Of(stage.LossValue)}"
        + (stage.PerToken ? " per token" : "")
        + (stage.PromptWeight != 1 ? $", prompt_weight {CanonicalNumber.Of(stage.PromptWeight)}" : "");
}
