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
    public static AnswerPositions Of(Batch batch)
    {
        var width = batch.Input.InputIds.shape[1];
        var rows = new List<long>();
        var targets = new List<long>();
        for (var item = 0; item < batch.Items.Count; item++)
        {
            var conversation = batch.Items[item];
            foreach (var answer in conversation.Answers)
                for (var position = answer.Start; position < answer.Start + answer.Length; position++)
                {
                    rows.Add(item * width + position - 1);
                    targets.Add(conversation.Ids[position]);
                }
        }

        return new AnswerPositions([.. rows], [.. targets]);
    }

    /// <summary>The rows that predict answers, (answer tokens, width), of a (B,T,width) tensor; differentiable.</summary>
    public Tensor Select(Tensor values) => values.flatten(0, 1).index_select(0, tensor(Rows, device: values.device));
}
