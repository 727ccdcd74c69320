using System.Text;
using MmMamba.ModelDsl.Architecture;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>The documentation's page of costs, rendered from their table.</summary>
public static class CostsPage
{
    /// <summary>The page as Markdown.</summary>
    /// <param name="example">A model whose figures the page shows, a hybrid best.</param>
    public static string Render(ResolvedModel example)
    {
        var page = new StringBuilder(Text(
            """
            # Costs

            What a model computes, reads and holds, known before it runs: in the sheet, in `mmmamba describe`, and as `Costs` in every generated
            class. A cost is a sum of named terms; a term is a coefficient that the model decides times a unit that the pass decides. Every
            term is a tensor, an allocation, or a matrix product or kernel of the engine. Nothing is fitted. This page is rendered from the
            code's own table, and tests hold the table against the engine: counts and bytes against the tensors that it allocates, operations
            against a counter in the one seam (`src/Runtime/Kernels/Work.cs`) that all matrix products and kernels of a pass go through.

            ## What counts

            - Two floating-point operations a multiply-add: of matrix products, of attention over the keys that a query sees, of a
              convolution's taps, of the state-space scan. Elementwise work is not counted: norms, activations, softmax, rotary positions, gates,
              residual sums, decays, biases.
            - Prefill reads a prompt into empty caches and wants the next token: the head runs at the last position only (`Hidden`, then `Logits` of
              it; `Forward` runs the head at every position). Decode is one token after `past` others.
            - A prompt that is read to go on with (`Sequences`, in passes) takes less: in the last layer the output projection and the MLP run at the last position of the prompt alone, and attention in the pass alone
              that the prompt ends in. That is not counted: of the published models it is 2 to 3 % of a long prompt.
            - Pads are tokens. The scan's chunks are of equal length, so the last may have padding: it is counted, for it is computed.
            - On a CPU the engine cuts chunks to the head's width, within 16 and 64 tokens; its operations are those of a spec with that `chunk`.
            - Bytes read are of one decoded token: tensors that it passes through, once for the whole batch, and what the caches hold, for each
              sequence. What it writes, and intermediate values, are not counted.
            - Numbers are exact at any length and batch, `mmmamba` up to 96 bits and the generated forms up to 64; what is beyond is an `OverflowException`.
            - Held are weights and caches. Activations are left out: which of them live together is the allocator's matter.

            ## Symbols

            h hidden, V vocab, I MLP width, H heads, G kv heads, d head dim, K taps of the convolution; g patches along a tile's side, p pixels along
            a patch's, t tokens a tile, m patches a token; past tokens in the caches, T tokens of the pass, R positions of the head,
            c = ceil(T / chunk) chunks of l = ceil(T / c) tokens.

            | unit | what it counts |
            |---|---|

            """));
        foreach (var unit in CostUnit.All) page.Append($"| {unit.Symbol} | {unit.Meaning} |\n");
        Section(page, "Operations of a pass", CostQuantity.Flops, "A term is coefficient x unit.");
        Section(page, "Bytes that a decoded token reads", CostQuantity.BytesRead, "A term is coefficient x unit x bytes of an element.");
        Section(page, "Bytes held", CostQuantity.BytesHeld, "A term is coefficient x unit x bytes of an element; the pass is as long as the caches have room for.");
        page.Append(Text(
            """

            ## Training

            | term | bytes | what |
            |---|---|---|
            | `gradients` | trained parameters x bytes of an element | One for each trained parameter. |
            | `moments` | 2 x trained parameters x bytes of an element | AdamW's two moments, in the parameter's type. |
            | `steps` | 4 x trained tensors | AdamW's float32 count of steps, one a tensor. |


            """));
        Example(page, example);
        return page.ToString();
    }

    static void Section(StringBuilder page, string heading, CostQuantity quantity, string rule)
    {
        page.Append($"\n## {heading}\n\n{rule}\n\n| term | of | unit | coefficient | what |\n|---|---|---|---|---|\n");
        foreach (var term in CostTable.All.Where(term => term.Quantity == quantity))
            page.Append($"| `{term.Name}` | {term.Where} | {term.Unit.Symbol} | {term.Formula}{(term.Float32 ? ", float32" : "")} | {term.Meaning} |\n");
    }

    static void Example(StringBuilder page, ResolvedModel model)
    {
        var (costs, length) = (Costs.Of(model), Costs.Lengths[1]);
        page.Append($"## {model.Name} at {Figures.Count(length)} tokens\n\n| term | prefill | decode |\n|---|--:|--:|\n");
        var (prefill, decode) = (new Pass(length), new Pass(1, Past: length));
        var ofPrefill = costs.Lines(CostQuantity.Flops, prefill).ToDictionary(line => line.Term, line => line.Total);
        var ofDecode = costs.Lines(CostQuantity.Flops, decode).ToDictionary(line => line.Term, line => line.Total);
        foreach (var term in CostTable.All.Where(term => ofPrefill.ContainsKey(term) || ofDecode.ContainsKey(term)))
            page.Append($"| `{term.Name}` | {Cell(ofPrefill, term)} | {Cell(ofDecode, term)} |\n");
        page.Append($"| **sum** | {Figures.Count(costs.PrefillFlops(length))} | {Figures.Count(costs.DecodeFlops(length))} |\n");
    }

    static string Cell(Dictionary<CostTerm, decimal> totals, CostTerm term) => totals.TryGetValue(term, out var total) ? Figures.Count(total) : "";

    static string Text(string text) => text.Replace("\r\n", "\n");
}
