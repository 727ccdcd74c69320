using MmMamba.ModelDsl.Architecture;
using static MmMamba.ModelDsl.Rendering.Figures;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>The sheet's part about costs: what is held, what is computed and read, and what others report.</summary>
static class SheetCosts
{
    const int BFloat16 = 2, Float32 = 4;

    public static void AddTo(Document sheet, ResolvedModel model)
    {
        var costs = Costs.Of(model);
        Memory(sheet, costs);
        if (model.Reported is { } reported)
            sheet.Line($"reported: {CanonicalNumber.Of(reported.MemoryGb)} GB at {Count(reported.Tokens)} tokens ({reported.Source})");
        Work(sheet, costs);
    }

    static void Memory(Document sheet, Costs costs)
    {
        sheet.Heading("memory of the weights, and of one sequence");
        var columns = new Columns("lrrrr").Titled("", "bfloat16", "", "float32", "");
        void Line(string name, Func<int, decimal> bytes) =>
            columns.Row(name, Count(bytes(BFloat16)), Bytes(bytes(BFloat16)), Count(bytes(Float32)), Bytes(bytes(Float32)));
        Line("weights", costs.WeightBytes);
        Line("mamba2 state, any length", bytes => costs.StateBytes(bytes));
        foreach (var tokens in Costs.Lengths)
        {
            Line($"kv cache, {Count(tokens)} tokens", bytes => costs.KvBytes(tokens, bytes));
            Line($"state and kv cache, {Count(tokens)} tokens", bytes => costs.CacheBytes(tokens, bytes));
        }
        sheet.Table(columns);
    }

    static void Work(Document sheet, Costs costs)
    {
        sheet.Heading("work, 2 operations a multiply-add");
        var lengths = Costs.Lengths;
        var columns = new Columns("l" + string.Concat(lengths.Select(_ => "rr"))).Titled(["", .. lengths.SelectMany(tokens => new[] { $"{Count(tokens)} tokens", "" })]);
        void Line(string name, Func<int, decimal> value, Func<decimal, string> rounded) =>
            columns.Row([name, .. lengths.SelectMany(tokens => new[] { Count(Math.Round(value(tokens))), rounded(value(tokens)) })]);
        Line("prefill", tokens => costs.PrefillFlops(tokens), Operations);
        Line("prefill, a token", tokens => costs.PrefillFlops(tokens) / tokens, Operations);
        Line("next token", tokens => costs.DecodeFlops(tokens), Operations);
        Line("next token reads, bfloat16", tokens => costs.DecodeBytesRead(tokens, BFloat16), Bytes);
        Line("next token reads, float32", tokens => costs.DecodeBytesRead(tokens, Float32), Bytes);
        sheet.Table(columns);
        sheet.Line($"a picture's tile adds {Count(costs.Coefficient(CostQuantity.Flops, CostUnit.Tile))} to a prefill");
    }
}
