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
        if (IsBeside(checkpoint)) return ChatTokenizer.Load(FolderOf(checkpoint), plan.Tokens.Vocab);
        return IsTiny(plan)
            ? TinyTokenizer.Load()
            : throw new InputException($"{FolderOf(checkpoint)}: there is no {File} beside the weights; name the model's own with --tokenizer.");
    }

    /// <summary>Where the tokenizer comes from, in a few words; null where there is none.</summary>
    public static string? Place(ModelPlan plan, string checkpoint, string? named) =>
        named is not null ? "by the named one" : IsBeside(checkpoint) ? $"by {File}" : IsTiny(plan) ? "by the tiny models' own" : null;

    static bool IsTiny(ModelPlan plan) => plan.Tokens.Vocab == TinyTokenizer.Vocabulary;

    static bool IsBeside(string checkpoint) => System.IO.File.Exists(Path.Combine(FolderOf(checkpoint), File));

    static string FolderOf(string checkpoint) => Directory.Exists(checkpoint) ? checkpoint : Path.GetDirectoryName(Path.GetFullPath(checkpoint))!;
}
