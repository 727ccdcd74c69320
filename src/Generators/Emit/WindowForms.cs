using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;

namespace MmMamba.Generators.Emit;

/// <summary>Sliding-window layers, whose work and caches stop growing at the window.</summary>
sealed class WindowForms : CostForms
{
    public override bool IsIn(ResolvedModel model) => Windows(model).Any();

    public override string Prefill => "WindowFlops(tokens, past: 0)";

    public override string Decode => "WindowFlops(1, past: tokens)";

    public override string KvElements => "WindowElements(tokens)";

    public override void Emit(CodeWriter w, ResolvedModel model, Costs costs)
    {
        w.Write("// A query sees the window's keys, its own included; so many tokens are held.");
        var work = Windows(model).Select(window => $"Windowed(tokens, past, window: {Literal.Of(window)}, pair: {Of(CostQuantity.Flops, SlidingWindowKind.Pair, window)})");
        var held = Windows(model).Select(window => $"long.Min(tokens, {Literal.Of(window)}) * {Of(CostQuantity.BytesHeld, SlidingWindowKind.HeldToken, window)}");
        w.Write($"static long WindowFlops(long tokens, long past) => checked(\n    {string.Join("\n    + ", work)});");
        w.Write($"static long WindowElements(long tokens) => checked(\n    {string.Join("\n    + ", held)});");
        w.Space();
        using (w.Block("static long Windowed(long tokens, long past, long window, long pair)"))
            w.Write("""
                var growing = long.Min(tokens, long.Max(0, window - past));
                return checked(pair * (growing * past + growing * (growing + 1) / 2 + (tokens - growing) * window));
                """);

        string Of(CostQuantity quantity, CostUnit unit, int window) =>
            Literal.Of((long)costs.Coefficient(quantity, unit, layers: layer => layer.Mixer is ResolvedSlidingWindow mixer && mixer.Window == window));
    }

    static IEnumerable<int> Windows(ResolvedModel model) =>
        model.Layers.Select(layer => layer.Mixer).OfType<ResolvedSlidingWindow>().Select(mixer => mixer.Window).Distinct().OrderBy(window => window);
}
