using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;

namespace MmMamba.Generators.Emit;

/// <summary>What is known of a model before it runs, as constants.</summary>
static class ConstantsEmitter
{
    public static void Emit(CodeWriter w, ResolvedModel model)
    {
        Constant("int", "HiddenSize", Literal.Of(model.Hidden), "Width of the residual stream.");
        Constant("int", "LayerCount", Literal.Of(model.Layers.Count), "Layers of all towers.");
        WhereAllAgree("Heads", mixer => mixer.Heads, "Query heads of every layer.");
        WhereAllAgree("KvHeads", mixer => mixer.KvHeads, "Key and value heads of every layer.");
        WhereAllAgree("HeadDim", mixer => mixer.HeadDim, "Width of a head.");
        Constant("int", "VocabSize", Literal.Of(model.Tokens.Vocab), "Rows of the embeddings and of the head.");
        Constant("int", "TokensPerTile", Literal.Of(model.TokensPerTile), "Visual tokens that one tile becomes.");
        Constant("long", "ParameterCount", Literal.Of(model.ParameterCount), "Parameters of all tensors.");

        void WhereAllAgree(string name, Func<ResolvedMixer, int> value, string summary)
        {
            var values = model.Layers.Select(layer => value(layer.Mixer)).Distinct().ToArray();
            if (values.Length == 1) Constant("int", name, Literal.Of(values[0]), summary);
        }

        void Constant(string type, string name, string value, string summary)
        {
            w.Write($"""
                /// <summary>{summary}</summary>
                public const {type} {name} = {value};
                """);
        }
    }
}
