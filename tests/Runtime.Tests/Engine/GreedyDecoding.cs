using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>The likeliest token, again and again.</summary>
static class GreedyDecoding
{
    /// <summary>Prompt and answer (1, length), through a cache.</summary>
    public static Tensor Run(VisionLanguageModel model, ModelInput prompt, long length)
    {
        using var cache = model.CreateCache(1, (int)length);
        var ids = prompt.InputIds;
        for (var input = prompt; ids.shape[1] < length; input = new(ids.narrow(1, ids.shape[1] - 1, 1)))
            ids = cat([ids, model.Forward(input, cache).select(1, -1).argmax(-1, keepdim: true)], 1);
        return ids;
    }
}
