using System.Runtime.InteropServices;
using System.Security.Cryptography;
using MmMamba.Runtime;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Text;
using MmMamba.Runtime.Vision;
using static TorchSharp.torch;

namespace MmMamba.Cli.Verification;

/// <summary>What every verified model is asked: one picture, made by whole numbers alone, and one question.</summary>
static class FixedInput
{
    public const string Question = "<image>\nWhat do you see in this picture?";

    // Without a tokenizer: so many ids before and behind the picture's.
    const int IdsBefore = 8, IdsBehind = 24;

    /// <summary>Texts that must come back from their ids as they were: two scripts, spaces, a new line, digits, a character that is no piece.</summary>
    public static IReadOnlyList<string> Texts { get; } = ["What do you see in this picture?", "你看到了什么？", "  two  spaces\n0123456789 \u00e9 \U0001f98b "];

    /// <summary>A red disc on a chequered gradient; larger than a tile, so that it is resized, and not large enough for two.</summary>
    /// <param name="tile">Side of the model's tiles, pixels.</param>
    public static RgbImage Picture(int tile)
    {
        var side = tile * 5 / 4;
        var picture = new RgbImage(side, side);
        for (var y = 0; y < side; y++)
        {
            var row = picture.Row(y);
            for (var x = 0; x < side; x++)
            {
                var (fromX, fromY) = (2 * x - side, 2 * y - side);
                var (red, green, blue) = 4 * (fromX * fromX + fromY * fromY) < side * side
                    ? (230, 40, 40)
                    : (255 * x / side, 255 * y / side, (8 * x / side + 8 * y / side) % 2 == 0 ? 40 : 215);
                (row[3 * x], row[3 * x + 1], row[3 * x + 2]) = ((byte)red, (byte)green, (byte)blue);
            }
        }
        return picture;
    }

    /// <summary>The question as the chat template has it or, without a tokenizer, fixed ids around the picture's tokens.</summary>
    /// <exception cref="InputException">The tokenizer is not the model's.</exception>
    public static Prompt Make(ModelPlan plan, ChatTokenizer? tokenizer)
    {
        var picture = Picture(plan.Vision.Image);
        if (tokenizer is not null) return new ConversationEncoder(plan, tokenizer).EncodeTurn(ChatTemplate.Parts(Question, 1), [picture], opens: true);
        var pixels = new ImagePreprocessor(plan.Vision).Process(picture);
        var image = Enumerable.Repeat(plan.Tokens.Image, pixels.Tiles * plan.Vision.TokensPerTile);
        return new([.. Ids(plan.Tokens, 0, IdsBefore), .. image, .. Ids(plan.Tokens, IdsBefore, IdsBehind)], pixels.Values, pixels.Tiles);
    }

    // Scattered over the vocabulary, and none of them the image token's.
    static IEnumerable<int> Ids(TokenPlan tokens, int first, int count) =>
        Enumerable.Range(first, count).Select(i => (int)((1 + 7919L * i) % tokens.Vocab)).Select(id => id != tokens.Image ? id : (id + 1) % tokens.Vocab);

    /// <summary>What cards compare of it: only answers to the same question can be alike.</summary>
    public static IReadOnlyList<Finding> Findings(Prompt prompt) =>
    [
        new Fact("sha256 of the ids", Digest(MemoryMarshal.AsBytes<int>(prompt.Ids.ToArray()))),
        new Fact("sha256 of the pixels", Digest(MemoryMarshal.AsBytes<float>(prompt.Pixels))),
    ];

    static string Digest(ReadOnlySpan<byte> bytes) => Convert.ToHexStringLower(SHA256.HashData(bytes));

    /// <summary>The prompt as a forward pass reads it, in the caller's dispose scope.</summary>
    public static ModelInput InputOf(Prompt prompt, ModelPlan plan) => new(
        tensor(prompt.Ids.Select(id => (long)id).ToArray(), [1, prompt.Ids.Count]),
        tensor(prompt.Pixels, [prompt.Tiles, 3, plan.Vision.Image, plan.Vision.Image]));
}
