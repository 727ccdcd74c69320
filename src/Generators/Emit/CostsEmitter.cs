using MmMamba.ModelDsl.Architecture;

namespace MmMamba.Generators.Emit;

/// <summary>Bytes of weights and caches, as constants and closed forms.</summary>
static class CostsEmitter
{
    public static void Emit(CodeWriter w, ResolvedModel model)
    {
        var elements = Costs.Of(model);
        w.Write("/// <summary>Bytes of weights and caches; an element has 2 bytes in bfloat16 and 4 in float32.</summary>");
        using (w.Block("public static class Costs"))
            w.Write($"""
                /// <summary>Elements that a token adds to the KV caches of a sequence.</summary>
                public const long KvElementsPerToken = {Literal.Of(elements.KvElementsPerToken)};
                /// <summary>Elements of a sequence's Mamba-2 states, in float32 at any length.</summary>
                public const long SsmElements = {Literal.Of(elements.SsmElements)};
                /// <summary>Elements that a sequence's convolutions look back on, at any length.</summary>
                public const long ConvElements = {Literal.Of(elements.ConvElements)};

                /// <summary>Bytes of all parameters.</summary>
                public static long WeightBytes(int elementSize = 4) => ParameterCount * elementSize;
                /// <summary>Bytes of a sequence's KV caches at a length.</summary>
                public static long KvBytes(long tokens, int elementSize = 4) => KvElementsPerToken * tokens * elementSize;
                /// <summary>Bytes of a sequence's Mamba-2 states, at any length.</summary>
                public static long StateBytes(int elementSize = 4) => SsmElements * sizeof(float) + ConvElements * elementSize;
                /// <summary>Bytes of all that a sequence keeps at a length.</summary>
                public static long CacheBytes(long tokens, int elementSize = 4) => KvBytes(tokens, elementSize) + StateBytes(elementSize);
                """);
    }
}
