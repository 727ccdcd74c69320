using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;

namespace MmMamba.Cli.Verification;

/// <summary>Cards as JSON.</summary>
static class CardJson
{
    const long Longest = 10_000_000;

    static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower,
        WriteIndented = true,
        NewLine = "\n",
        Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        NumberHandling = JsonNumberHandling.AllowNamedFloatingPointLiterals,
        RespectNullableAnnotations = true,
        RespectRequiredConstructorParameters = true,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false) },
    };

    public static string Write(Card card) => JsonSerializer.Serialize(card, Options) + "\n";

    /// <summary>Somebody's card.</summary>
    /// <exception cref="InputException">It cannot be read, or is none.</exception>
    public static Card Read(string path)
    {
        RegularFile.Require(path);
        try
        {
            using var file = File.OpenRead(path);
            if (file.Length > Longest) throw new InputException($"{path}: is longer than {Longest} bytes; a verification card is not.");
            var card = JsonSerializer.Deserialize<Card>(file, Options) ?? throw new InputException($"{path}: is no verification card; give the verification.json of one.");
            if (card.Version != Card.CurrentVersion) throw new InputException($"{path}: is a verification card of version {card.Version}; this tool compares version {Card.CurrentVersion}.");
            if (card.Settings.Dtype is not ("float32" or "bfloat16")) throw new InputException($"{path}: was computed in '{card.Settings.Dtype}'; expected float32 or bfloat16.");
            // What a nullable annotation cannot say of a list.
            if (card.Checks.Any(check => check is null || check.Findings.Any(finding => finding is null))) throw new InputException($"{path}: is no verification card: a check or a finding is null.");
            return card;
        }
        catch (Exception e) when (e is JsonException or NotSupportedException)
        {
            throw new InputException($"{path}: is no verification card: {e.Message}", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: cannot be read: {e.Message}", e);
        }
    }
}
