using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.AI;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Generation;

/// <summary>A question as messages give it: n pictures between n + 1 parts of text, and an identity of both.</summary>
sealed record AskedTurn(IReadOnlyList<string> Parts, IReadOnlyList<RgbImage> Images, string Identity);

/// <summary>A list of messages as a conversation: a system message if there is one, answered turns, and a question.</summary>
/// <param name="System">The system message; null if none is given.</param>
/// <param name="Answered">Turns with their answers.</param>
/// <param name="Question">What is asked now.</param>
sealed record ChatMessages(string? System, IReadOnlyList<(AskedTurn Turn, string Answer)> Answered, AskedTurn Question)
{
    /// <summary>Reads messages.</summary>
    /// <exception cref="InputException">Roles don't alternate, the last message is no user's, or a content is neither text nor a picture's data.</exception>
    public static ChatMessages Of(IEnumerable<ChatMessage> messages)
    {
        string? system = null;
        AskedTurn? asked = null;
        var answered = new List<(AskedTurn, string)>();
        var number = 0;
        foreach (var message in messages)
        {
            number++;
            if (message.Role == ChatRole.System && number == 1) system = message.Text;
            else if (message.Role == ChatRole.User && asked is null) asked = Asked(message, number);
            else if (message.Role == ChatRole.Assistant && asked is not null)
            {
                answered.Add((asked, message.Text));
                asked = null;
            }
            else throw new InputException($"message {number} is of role '{message.Role}'; expected {(asked is null ? number == 1 ? "system or user" : "user" : "assistant")}: a system message may come first, then user and assistant take turns");
        }
        return new(system, answered, asked ?? throw new InputException("the last message is no user's; give the question last"));
    }

    static AskedTurn Asked(ChatMessage message, int number)
    {
        var (parts, images) = (new List<string> { "" }, new List<RgbImage>());
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var content in message.Contents)
            switch (content)
            {
                case TextContent text:
                    parts[^1] += text.Text;
                    break;
                case DataContent data when data.HasTopLevelMediaType("image"):
                    images.Add(ImageDecoder.Decode(data.Data.Span, $"the picture of message {number}"));
                    hash.AppendData(SHA256.HashData(data.Data.Span));
                    parts.Add("");
                    break;
                default:
                    throw new InputException($"message {number} holds {content.GetType().Name}{(content is DataContent other ? $" of type {other.MediaType}" : "")}; expected text and the data of pictures");
            }
        foreach (var part in parts) hash.AppendData(SHA256.HashData(Encoding.UTF8.GetBytes(part)));
        // A picture in front stands on a line of its own, as in training.
        if (images.Count > 0 && parts[0].Length == 0 && !parts[1].StartsWith('\n')) parts[1] = "\n" + parts[1];
        return new(parts, images, Convert.ToHexString(hash.GetHashAndReset()));
    }

}
