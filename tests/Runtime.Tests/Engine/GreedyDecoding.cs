using MmMamba.Runtime.Data;
using MmMamba.Runtime.Generation;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>The likeliest token, again and again.</summary>
static class GreedyDecoding
{
    /// <summary>Prompt and answer (1, length), through a cache.</summary>
    public static Tensor Run(VisionLanguageModel model, ModelInput prompt, long length)
    {
        using var sequences = new Sequences(model, 1, (int)length);
        var read = PromptOf(prompt);
        var written = TokenGenerator.Run(sequences, [read], [], new() { MaxTokens = (int)length - read.Ids.Count })[0];
        return tensor(read.Ids.Concat(written.Ids).Select(id => (long)id).ToArray()).unsqueeze(0);
    }

    /// <summary>An input of one sequence as a prompt.</summary>
    public static Prompt PromptOf(ModelInput input) => new(
        [.. input.InputIds.data<long>().Select(id => (int)id)],
        input.PixelValues?.data<float>().ToArray() ?? [], (int)(input.PixelValues?.shape[0] ?? 0));
}
