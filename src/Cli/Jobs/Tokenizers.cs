using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Text;
using MmMamba.Runtime.Text.Tiny;

namespace MmMamba.Cli.Jobs;

/// <summary>
/// The tokenizer that belongs to a model: the one that is named, or lies beside its weights, or comes with the tool. Here alone it is decided which.
/// </summary>
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

    /// <summary>The tokenizer that comes with the tool, of the models that it trains.</summary>
    /// <exception cref="InputException">The model has another one's vocabulary.</exception>
    public static ChatTokenizer BuiltIn(ModelPlan plan) => IsTiny(plan)
        ? TinyTokenizer.Load()
        : throw new InputException($"{plan.Name}: has {plan.Tokens.Vocab} ids, and the tokenizer that models are trained with here has {TinyTokenizer.Vocabulary}.");

    /// <summary>Puts the tokenizer that comes with the tool into a folder of a model that has it, so that the folder is complete; one that is there stays.</summary>
    public static void Complete(ModelPlan plan, OutputFolder output)
    {
        if (IsTiny(plan) && !System.IO.File.Exists(output.At(File))) AtomicFile.Write(output.At(File), TinyTokenizer.Model());
    }

    /// <summary>Where the tokenizer comes from, in a few words; null where there is none.</summary>
    public static string? Place(ModelPlan plan, string checkpoint, string? named) =>
        named is not null ? "by the named one" : IsBeside(checkpoint) ? $"by {File}" : IsTiny(plan) ? "by the tiny models' own" : null;

    static bool IsTiny(ModelPlan plan) => plan.Tokens.Vocab == TinyTokenizer.Vocabulary;

    static bool IsBeside(string checkpoint) => System.IO.File.Exists(Path.Combine(FolderOf(checkpoint), File));

    static string FolderOf(string checkpoint) => Directory.Exists(checkpoint) ? checkpoint : Path.GetDirectoryName(Path.GetFullPath(checkpoint))!;
}
