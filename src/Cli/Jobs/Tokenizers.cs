using MmMamba.Runtime;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Text;
using MmMamba.Runtime.Text.Tiny;

namespace MmMamba.Cli.Jobs;

/// <summary>The tokenizer that belongs to a checkpoint.</summary>
static class Tokenizers
{
    const string File = "tokenizer.model";

    /// <param name="plan">The model.</param>
    /// <param name="checkpoint">A folder, or a file in one.</param>
    /// <param name="named">A tokenizer that was named; null looks beside the weights, and takes the tiny models' for a vocabulary of its size.</param>
    /// <exception cref="InputException">There is none, or it is another model's.</exception>
    public static ChatTokenizer For(ModelPlan plan, string checkpoint, string? named)
    {
        if (named is not null) return ChatTokenizer.Load(named, plan.Tokens.Vocab);
        var folder = Directory.Exists(checkpoint) ? checkpoint : Path.GetDirectoryName(Path.GetFullPath(checkpoint))!;
        if (System.IO.File.Exists(Path.Combine(folder, File))) return ChatTokenizer.Load(folder, plan.Tokens.Vocab);
        return plan.Tokens.Vocab == TinyTokenizer.Vocabulary
            ? TinyTokenizer.Load()
            : throw new InputException($"{folder}: there is no {File} beside the weights; name the model's own with --tokenizer.");
    }
}
