using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Text;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Data;

/// <summary>From conversations to tokens and tiles. Members may be called from several threads at once.</summary>
public sealed class ConversationEncoder
{
    readonly ChatTemplate _template;
    readonly ImagePreprocessor _images;

    /// <param name="plan">The model whose ids, template, tiles and normalisation are used.</param>
    /// <param name="tokenizer">The tokenizer that belongs to the model.</param>
    /// <exception cref="InputException">The tokenizer doesn't belong to the plan, or the plan names an unknown template.</exception>
    public ConversationEncoder(ModelPlan plan, ChatTokenizer tokenizer)
    {
        if (tokenizer.Vocabulary != plan.Tokens.Vocab || tokenizer.Image != plan.Tokens.Image)
            throw new InputException(
                $"{plan.Name}: the plan has {plan.Tokens.Vocab} ids with {plan.Tokens.Image} for images, " +
                $"the tokenizer {tokenizer.Vocabulary} with {tokenizer.Image}; give the tokenizer that belongs to the model.");
        if (plan.Tokens.Template != ChatTemplate.Name)
            throw new InputException($"{plan.Name}: unknown chat template '{plan.Tokens.Template}'; expected {ChatTemplate.Name}.");
        (Vision, Tokenizer) = (plan.Vision, tokenizer);
        _template = new(tokenizer, plan.Vision.TokensPerTile, plan.Tokens.System);
        _images = new(plan.Vision);
    }

    /// <summary>Tiles and patches of the model.</summary>
    public VisionPlan Vision { get; }

    /// <summary>The tokenizer.</summary>
    public ChatTokenizer Tokenizer { get; }

    /// <summary>The conversation as tokens and tiles.</summary>
    /// <exception cref="InputException">A picture can't be loaded, or the questions place more or fewer of them.</exception>
    public EncodedConversation Encode(Conversation conversation)
    {
        var images = conversation.Images;
        var tiles = new int[images.Count];
        var pixels = Pixels([.. images.Select(image => image.Load())], tiles);
        var chat = _template.Encode(
            [.. conversation.Turns.Select(turn => new ChatTurn(turn.Question, turn.Answer))], tiles, $"conversation {conversation.Id}");
        var answers = new AnswerSpan[chat.Answers.Count];
        for (var i = 0; i < answers.Length; i++)
            answers[i] = new(i, conversation.Turns[i].Kind, chat.Answers[i].Start, chat.Answers[i].Length);
        return new(chat.Ids, pixels, tiles.Sum(), answers);
    }

    /// <summary>A conversation's next question as tokens and tiles.</summary>
    /// <param name="parts">The question's text around its pictures: n pictures stand between n + 1 parts.</param>
    /// <param name="images">The n pictures, which share the plan's most tiles.</param>
    /// <param name="opens">Whether the conversation begins with it.</param>
    public Prompt EncodeTurn(IReadOnlyList<string> parts, IReadOnlyList<RgbImage> images, bool opens)
    {
        var tiles = new int[images.Count];
        var pixels = Pixels(images, tiles);
        return new(_template.Turn(parts, tiles, opens), pixels, tiles.Sum());
    }

    float[] Pixels(IReadOnlyList<RgbImage> loaded, int[] tiles)
    {
        for (var i = 0; i < loaded.Count; i++) tiles[i] = _images.CountTiles(loaded[i].Width, loaded[i].Height, loaded.Count);
        var pixels = new float[tiles.Sum() * _images.ValuesPerTile];
        var at = 0;
        for (var i = 0; i < loaded.Count; i++)
        {
            _images.Process(loaded[i], pixels.AsSpan(at), loaded.Count);
            at += tiles[i] * _images.ValuesPerTile;
        }
        return pixels;
    }
}
