using MmMamba.Runtime.Data;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Jobs;

/// <summary>Encoders of the models that the tool trains.</summary>
static class Encoders
{
    /// <summary>An encoder with the tokenizer that comes with the tool.</summary>
    /// <exception cref="Runtime.InputException">The plan's vocabulary is another tokenizer's.</exception>
    public static ConversationEncoder For(ModelPlan plan) => new(plan, Tokenizers.BuiltIn(plan));
}
