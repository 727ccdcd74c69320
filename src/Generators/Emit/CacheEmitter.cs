using MmMamba.ModelDsl.Architecture;

namespace MmMamba.Generators.Emit;

/// <summary>The layers' caches by name and type.</summary>
static class CacheEmitter
{
    public static void Emit(CodeWriter w, ResolvedModel model)
    {
        w.Write("/// <inheritdoc/>");
        w.Write("public override Cache CreateCache(int batch, int maxTokens) => new(this, batch, maxTokens);");
        w.Space();
        w.Write("/// <summary>What a sequence keeps between steps: keys and values of attention layers, states of Mamba-2 layers.</summary>");
        using (w.Block($"public sealed class Cache({Identifier.Of(model.Name)} model, int batch, int maxTokens) : ModelCache(model, batch, maxTokens)"))
            foreach (var (layer, name) in LayersEmitter.Named(model))
            {
                var type = layer.Mixer is ResolvedAttention ? "KvCache" : "Mamba2State";
                w.Write($"public {type} {name} => Layer<{type}>({Literal.Of(layer.Index)});");
            }
    }
}
