using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;

namespace MmMamba.Generators.Emit;

/// <summary>The scans of Mamba-2 layers, whose work goes by chunks.</summary>
sealed class ScanForms : CostForms
{
    public override bool IsIn(ResolvedModel model) => Chunks(model).Any();

    public override string Prefill => "ScanFlops(tokens)";

    public override void Emit(CodeWriter w, ResolvedModel model, Costs costs)
    {
        w.Write("// Chunks of equal length; the last may be padded. A single token is a step instead.");
        var calls = Chunks(model).Select(chunk => $"Chunked(tokens, chunk: {Literal.Of(chunk)}, pair: {Of(Mamba2Costs.ChunkPair, chunk)}, "
            + $"token: {Of(Mamba2Costs.ChunkToken, chunk)}, boundary: {Of(Mamba2Costs.Boundary, chunk)})");
        w.Write($"static long ScanFlops(long tokens) => tokens < 1 ? 0 : tokens == 1 ? StepFlops : checked(\n    {string.Join("\n    + ", calls)});");
        w.Space();
        using (w.Block("static long Chunked(long tokens, long chunk, long pair, long token, long boundary)"))
            w.Write("""
                var count = (tokens - 1) / chunk + 1;
                var length = (tokens - 1) / count + 1;
                return checked(count * length * (pair * length + token) + boundary * (count + 1) * (count + 1));
                """);

        string Of(CostUnit unit, int chunk) =>
            Literal.Of((long)costs.Coefficient(CostQuantity.Flops, unit, layers: layer => layer.Mixer is ResolvedMamba2 mixer && mixer.Chunk == chunk));
    }

    static IEnumerable<int> Chunks(ResolvedModel model) =>
        model.Layers.Select(layer => layer.Mixer).OfType<ResolvedMamba2>().Select(mixer => mixer.Chunk).Distinct().OrderBy(chunk => chunk);
}
