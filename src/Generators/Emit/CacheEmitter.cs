using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;

namespace MmMamba.Generators.Emit;

/// <summary>The layers' caches by name and type.</summary>
static class CacheEmitter
{
    public static void Emit(CodeWriter w, ResolvedModel model)
    {
        w.Write("/// <inheritdoc/>");
        w.Write("public override Cache CreateCache(int batch, int maxTokens) => new(this, batch, maxTokens);");
        w.Space();
        var keeps = string.Join(", ", MixerKinds.Counted(model.Layers).Select(mixers => mixers.Kind.Keeps));
        w.Write(Doc.Summary($"What a sequence keeps between steps: {keeps}."));
        using (w.Block($"public sealed class Cache({Identifier.Of(model.Name)} model, int batch, int maxTokens) : ModelCache(model, batch, maxTokens)"))
            foreach (var (layer, name) in LayersEmitter.Named(model))
            {
                var type = layer.Mixer.Kind.CacheType;
                w.Write($"public {type} {name} => Layer<{type}>({Literal.Of(layer.Index)});");
            }
    }
}
