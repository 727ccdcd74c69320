using System.Text;
using System.Text.Json;
using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Generation;

/// <summary>
/// A conversation as a safetensors file: what every layer remembers, the tokens that it remembers, and the turns. It belongs to one architecture, one set
/// of weights and one type of activations and of states; the file says which, and carries a digest of all that is in it.
/// </summary>
static class ChatFile
{
    const string Key = "mmmamba.chat", Ids = "ids", Unread = "unread";
    const string Damaged = "The file is damaged or of another tool";
    const int Edition = 3;

    // Weights are told apart by the first elements of every tensor: enough to know another checkpoint, without reading gigabytes.
    const long HashedElements = 1024;

    sealed record Header(string Model, string Fingerprint, string Weights, string? System, PlanList<ChatTurn> Turns);

    public static void Write(string path, ChatSession session)
    {
        using var scope = NewDisposeScope();
        var tensors = new Dictionary<string, Tensor>(StringComparer.Ordinal)
        {
            [Ids] = Numbers(session.Sequences[0]),
            [Unread] = Numbers(session.UnreadIds),
        };
        var cache = session.Sequences.Cache;
        for (var layer = 0; layer < cache.Count; layer++)
            foreach (var (name, tensor) in cache[layer].Filled()) tensors.Add(Name(layer, name), tensor);
        FileDigest.Write(path, [.. tensors.Select(entry => (entry.Key, entry.Value))], new Dictionary<string, string> { [Key] = Json(session) });
    }

    public static ChatSession Read(string path, VisionLanguageModel model, ChatTokenizer tokenizer, int maxTokens)
    {
        using var file = SafetensorsFile.Open(path);
        var header = Head(file);
        if (header.Fingerprint != model.Plan.Fingerprint)
            throw new InputException($"{path}: the conversation was held with {Shown.Text(header.Model)} ({Shown.Text(header.Fingerprint)}), and the model is {model.Plan.Name} ({model.Plan.Fingerprint}). Load the model that it was held with.");
        if (header.Weights != Weights(model))
            throw new InputException($"{path}: the conversation was held with other weights of {model.Plan.Name}, or in another type. Load the checkpoint that it was held with, in the same type.");

        using var scope = NewDisposeScope();
        var (ids, unread) = (Tokens(file, Ids, model), Tokens(file, Unread, model));
        if (unread.Contains(model.Plan.Tokens.Image)) throw new InputException($"{path}: tensor '{Unread}' holds image tokens, and no file holds pictures. {Damaged}.");
        if (header.Turns.Count == 0 != (ids.Length + unread.Length == 0))
            throw new InputException($"{path}: {header.Turns.Count} turns and {ids.Length + unread.Length} tokens are no conversation. {Damaged}.");
        if (ids.Length > maxTokens)
            throw new InputException($"{path}: the conversation has {ids.Length} tokens, and room is asked for {maxTokens}. Give more room.");
        var names = new HashSet<string>(StringComparer.Ordinal) { Ids, Unread };
        var session = new ChatSession(model, tokenizer, maxTokens, header.System);
        try
        {
            session.Fill(ids, unread, header.Turns, layer => (name, type, shape) => Stored(file, Name(layer, name), type, shape, model, names));
            if (file.Tensors.FirstOrDefault(tensor => !names.Contains(tensor.Name)) is { } other)
                throw new InputException($"{path}: tensor {Shown.Text(other.Name)} is of no layer of {model.Plan.Name}. {Damaged}.");
            // What contradicts itself has its own words above; this is for what does not.
            if (!FileDigest.Holds(file))
                throw new InputException($"{path}: its content is not what its {FileDigest.Key} says. It was changed since it was saved; give the file as it was.");
            return session;
        }
        catch
        {
            session.Dispose();
            throw;
        }
    }

    static string Name(int layer, string name) => FormattableString.Invariant($"layers.{layer}.{name}");

    static Tensor Numbers(IReadOnlyList<int> ids) => tensor(ids.Select(id => (long)id).ToArray(), ScalarType.Int64);

    static Tensor Stored(SafetensorsFile file, string name, ScalarType type, long[] shape, VisionLanguageModel model, HashSet<string> names)
    {
        var stored = file[name];
        names.Add(name);
        // Weights of another type were refused before, so that only the states' type is left.
        if (stored.Type != type && stored.Type is ScalarType.Float32 or ScalarType.BFloat16 && type is ScalarType.Float32 or ScalarType.BFloat16)
            throw new InputException($"{file.Path}: the conversation was held with states in {stored.Type}, and the model holds them in {type}. Hold them in the type of the conversation.");
        if (stored.Type != type || !stored.Shape.AsSpan().SequenceEqual(shape))
            throw new InputException($"{file.Path}: tensor {Shown.Text(name)} is {stored.Type} {Shown.Shape(stored.Shape.AsSpan())}; expected {type} {Shown.Shape(shape)}. {Damaged}.");
        return file.Read(name, device: model.Device);
    }

    static int[] Tokens(SafetensorsFile file, string name, VisionLanguageModel model)
    {
        var stored = file[name];
        if (stored.Type != ScalarType.Int64 || stored.Shape.Count != 1)
            throw new InputException($"{file.Path}: tensor {Shown.Text(name)} is {stored.Type} {Shown.Shape(stored.Shape.AsSpan())}; expected a list of Int64. {Damaged}.");
        using var read = file.Read(name);
        var ids = read.data<long>().ToArray();
        return ids.All(id => id >= 0 && id < model.Plan.Tokens.Vocab)
            ? [.. ids.Select(id => (int)id)]
            : throw new InputException($"{file.Path}: tensor {Shown.Text(name)} holds ids outside the vocabulary of {model.Plan.Tokens.Vocab}. {Damaged}.");
    }

    static string Weights(VisionLanguageModel model)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        return TensorHash.Of(model.Tensors.Select(entry => (entry.Key, entry.Value.flatten().narrow(0, 0, Math.Min(HashedElements, entry.Value.numel())))));
    }

    static string Json(ChatSession session)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteNumber("edition", Edition);
            json.WriteString("model", session.Model.Plan.Name);
            json.WriteString("fingerprint", session.Model.Plan.Fingerprint);
            json.WriteString("weights", Weights(session.Model));
            json.WriteString("system", session.System);
            json.WriteStartArray("turns");
            foreach (var turn in session.History)
            {
                json.WriteStartObject();
                json.WriteString("question", turn.Question);
                json.WriteString("answer", turn.Answer);
                json.WriteEndObject();
            }
            json.WriteEndArray();
            json.WriteEndObject();
        }
        return Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length);
    }

    static Header Head(SafetensorsFile file)
    {
        var source = $"{file.Path}, {Key}";
        if (!file.Metadata.TryGetValue(Key, out var text))
            throw new InputException($"{file.Path}: no conversation is in this file (its metadata lacks {Key}). Give a file that a conversation was saved to.");
        try
        {
            using var document = JsonDocument.Parse(text, new() { AllowDuplicateProperties = false });
            return PlanFields.Read(document.RootElement, "", source, fields => fields.Int("edition") == Edition
                ? new Header(
                    fields.String("model"), fields.String("fingerprint"), fields.String("weights"), fields.StringOrNull("system"),
                    fields.Objects("turns", turn => new ChatTurn(turn.String("question"), turn.String("answer"))))
                : throw new InputException($"{source}: written by another edition of this tool; expected edition {Edition}."));
        }
        catch (Exception error) when (error is JsonException or ArgumentException)
        {
            throw new InputException($"{source}: not the JSON of a conversation. {Damaged}.", error);
        }
    }
}
