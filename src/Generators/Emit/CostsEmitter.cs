using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;

namespace MmMamba.Generators.Emit;

/// <summary>What the model costs, as constants and closed forms: the coefficients of docs/costs.md, each with its unit.</summary>
static class CostsEmitter
{
    public static void Emit(CodeWriter w, ResolvedModel model)
    {
        var costs = Costs.Of(model);
        var forms = CostForms.All.Where(form => form.IsIn(model)).ToArray();
        string Sum(Func<CostForms, string?> summand) => string.Concat(forms.Select(summand).OfType<string>().Select(text => text + " + "));
        w.Write(Doc.Summary("What the model costs: operations (2 a multiply-add), bytes read, bytes held. An element has 2 bytes in bfloat16, 4 in float32."));
        w.Write("/// <remarks>A number is exact; one beyond 64 bits is an OverflowException.</remarks>");
        using (w.Block("public static class Costs"))
        {
            Constant("FlopsPerToken", Flops(CostUnit.Token), "Operations of a token in all layers, apart from attention and scans.");
            Constant("FlopsPerPair", Flops(CostUnit.Pair), "Operations of a token and one that attention sees.");
            Constant("StepFlops", Flops(Mamba2Costs.Step), "Operations of the scans of a single token.");
            Constant("HeadFlops", Flops(CostUnit.Logit), "Operations of the head at one position.");
            Constant("FlopsPerTile", Flops(CostUnit.Tile), "Operations of a tile's patches and projector.");
            Constant("WeightElementsRead", costs.Coefficient(CostQuantity.BytesRead, CostUnit.Model), "Elements of the weights that a decoded token passes through, its embedding's row not counted.");
            Constant("KvElementsPerToken", costs.Coefficient(CostQuantity.BytesHeld, CostUnit.CachedToken), "Elements that a token adds to the KV caches of a sequence.");
            Constant("SsmElements", costs.Coefficient(CostQuantity.BytesHeld, CostUnit.Sequence, float32: true), "Elements of a sequence's Mamba-2 states, in float32 at any length.");
            Constant("ConvElements", costs.Coefficient(CostQuantity.BytesHeld, CostUnit.Sequence), "Elements that a sequence's convolutions look back on, at any length.");
            w.Space();
            w.Write($"""
                /// <summary>Operations of reading a prompt into empty caches, with the head at its last position.</summary>
                public static long PrefillFlops(long tokens, long tiles = 0) => checked(
                    FlopsPerToken * tokens + FlopsPerPair * (tokens * (tokens + 1) / 2) + {Sum(form => form.Prefill)}HeadFlops + FlopsPerTile * tiles);
                /// <summary>Operations of the next token after so many.</summary>
                public static long DecodeFlops(long tokens) => checked(FlopsPerToken + FlopsPerPair * (tokens + 1) + StepFlops + {Sum(form => form.Decode)}HeadFlops);
                /// <summary>Bytes that the next token after so many reads: weights once, caches of every sequence.</summary>
                public static long DecodeBytesRead(long tokens, long batch = 1, int elementSize = 4) => checked(
                    (WeightElementsRead + batch * HiddenSize) * elementSize + CacheBytes(tokens + 1, batch, elementSize));

                /// <summary>Bytes of all parameters.</summary>
                public static long WeightBytes(int elementSize = 4) => checked(ParameterCount * elementSize);
                /// <summary>Bytes of the sequences' KV caches at a length.</summary>
                public static long KvBytes(long tokens, long batch = 1, int elementSize = 4) => checked(batch * {KvElements()} * elementSize);
                /// <summary>Bytes of the sequences' Mamba-2 states, at any length.</summary>
                public static long StateBytes(long batch = 1, int elementSize = 4) => checked(batch * (SsmElements * sizeof(float) + ConvElements * elementSize));
                /// <summary>Bytes of all that the sequences keep at a length.</summary>
                public static long CacheBytes(long tokens, long batch = 1, int elementSize = 4) =>
                    checked(KvBytes(tokens, batch, elementSize) + StateBytes(batch, elementSize));
                """);
            foreach (var form in forms)
            {
                w.Space();
                form.Emit(w, model, costs);
            }
        }

        string KvElements() => Sum(form => form.KvElements) is { Length: > 0 } more ? $"({more}KvElementsPerToken * tokens)" : "KvElementsPerToken * tokens";

        void Constant(string name, decimal value, string summary) => w.Write($"""
            /// <summary>{summary}</summary>
            public const long {name} = {Literal.Of((long)value)};
            """);

        decimal Flops(CostUnit unit) => costs.Coefficient(CostQuantity.Flops, unit);
    }
}
