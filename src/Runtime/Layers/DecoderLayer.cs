using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Layers;

/// <summary>x + mixer(norm(x)) Wo^T, then x + mlp(norm(x)).</summary>
public abstract class DecoderLayer
{
    private protected DecoderLayer(LayerPlan plan, LayerTensors tensors, string output, string outputTerm)
    {
        OutputTerm = outputTerm;
        Plan = plan;
        Norm = new RmsNorm(tensors["attention_norm.weight"], plan.NormEps);
        MlpNorm = new RmsNorm(tensors["ffn_norm.weight"], plan.NormEps);
        Mlp = new SwiGluMlp(tensors["feed_forward.w1.weight"], tensors["feed_forward.w2.weight"], tensors["feed_forward.w3.weight"]);
        Output = tensors[output];
    }

    /// <summary>The layer's part of the plan.</summary>
    public LayerPlan Plan { get; }

    /// <summary>Norm before the mixer.</summary>
    public RmsNorm Norm { get; }

    /// <summary>Norm before the MLP.</summary>
    public RmsNorm MlpNorm { get; }

    /// <summary>The MLP.</summary>
    public SwiGluMlp Mlp { get; }

    /// <summary>The mixer's output projection (H, heads * head dim).</summary>
    public Parameter Output { get; }

    /// <summary>The term of that projection's work.</summary>
    internal string OutputTerm { get; }

    internal static DecoderLayer Create(LayerPlan plan, LayerTensors tensors) => MixerTypes.Of(plan.Mixer).Layer(plan, tensors);

    /// <summary>Mixes tokens: normed input (B, T, H) to (B, T, heads * head dim), before the output projection.</summary>
    public abstract Tensor Mix(Tensor normed, TokenWindow window, LayerCache? cache = null);

    /// <param name="stream">The residual stream, which is led through the layer.</param>
    /// <param name="trace">Is shown the mixer's input and output.</param>
    internal void Forward(ResidualStream stream, TokenWindow window, LayerCache? cache, Action<LayerTrace>? trace)
    {
        using (var normed = stream.Normed(Norm)) stream.Add(Mixed(normed, window, cache, trace));
        using (var normed = stream.Normed(MlpNorm)) stream.Add(Mlp.Forward(normed));
    }

    /// <summary>
    /// Takes all tokens up in the cache, as <see cref="Forward"/> does, and goes on with some alone, which are all that the stream has afterwards (1, n, H): the end of a prompt, whose
    /// other positions nobody asks for any more.
    /// </summary>
    /// <param name="positions">Of all sequences, one behind the other (n), int64; null where none goes on, and the stream stays as it is.</param>
    internal void End(ResidualStream stream, TokenWindow window, LayerCache cache, Tensor? positions)
    {
        using (var normed = stream.Normed(Norm))
        {
            if (positions is null)
            {
                TakeUp(normed, window, cache);
                return;
            }
            using var mixed = Mix(normed, window, cache);
            using var some = ResidualStream.Some(mixed, positions);
            stream.Keep(positions);
            stream.Add(Work.Linear(OutputTerm, some, Output));
        }
        using (var normed = stream.Normed(MlpNorm)) stream.Add(Mlp.Forward(normed));
    }

    // What mixing leaves in the cache.
    private protected virtual void TakeUp(Tensor normed, TokenWindow window, LayerCache cache) => Mix(normed, window, cache).Dispose();

    // What the mixer adds to the stream.
    Tensor Mixed(Tensor normed, TokenWindow window, LayerCache? cache, Action<LayerTrace>? trace)
    {
        using var mixed = Mix(normed, window, cache);
        trace?.Invoke(new(Plan.Index, normed, mixed));
        return Work.Linear(OutputTerm, mixed, Output);
    }

    /// <summary>Shows the mixer's input and output, and goes no further.</summary>
    internal void Show(ResidualStream stream, TokenWindow window, Action<LayerTrace> trace)
    {
        using var normed = stream.Normed(Norm);
        using var mixed = Mix(normed, window);
        trace(new(Plan.Index, normed, mixed));
    }
}

/// <summary>What a layer's mixer saw and gave. The tensors live until the callback returns; one that is kept is copied, or an alias of it.</summary>
/// <param name="Index">The layer.</param>
/// <param name="NormedInput">(B, T, H).</param>
/// <param name="MixerOutput">(B, T, heads * head dim), before the output projection.</param>
public readonly record struct LayerTrace(int Index, Tensor NormedInput, Tensor MixerOutput);
