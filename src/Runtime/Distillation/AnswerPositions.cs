using MmMamba.Runtime.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>The positions of a batch whose logits predict an answer's tokens, laid out as rows of (B*T).</summary>
public sealed class AnswerPositions
{
    AnswerPositions(long[] rows, long[] targets)
    {
        Rows = rows;
        Targets = targets;
    }

    /// <summary>Row of the logits that predict each token: the position before it.</summary>
    public long[] Rows { get; }

    /// <summary>The tokens: those of the answers, each with its end token.</summary>
    public long[] Targets { get; }

    /// <summary>All answers of a batch, in the order of its conversations and their turns.</summary>
    /// <param name="batch">A batch, padded on the right.</param>
    public static AnswerPositions Of(Batch batch) => Of(batch.Input, batch.Items);

    /// <summary>All answers of a part of a batch, in the order of its conversations and their turns.</summary>
    /// <param name="part">The part, padded on the right or packed.</param>
    public static AnswerPositions Of(MicroBatch part) => Of(part.Input, part.Items);

    static AnswerPositions Of(ModelInput input, IReadOnlyList<EncodedConversation> items)
    {
        var rows = new List<long>();
        var targets = new List<long>();
        var first = 0L;
        foreach (var conversation in items)
        {
            foreach (var answer in conversation.Answers)
                for (var position = answer.Start; position < answer.Start + answer.Length; position++)
                {
                    rows.Add(first + position - 1);
                    targets.Add(conversation.Ids[position]);
                }
            first += input.Packing is null ? input.InputIds.shape[1] : conversation.Ids.Length;
        }

        return new AnswerPositions([.. rows], [.. targets]);
    }

    /// <summary>The rows that predict answers, (answer tokens, width), of a (B,T,width) tensor; differentiable.</summary>
    public Tensor Select(Tensor values) => values.flatten(0, 1).index_select(0, tensor(Rows, device: values.device));
}
