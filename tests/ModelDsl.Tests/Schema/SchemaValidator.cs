using System.Globalization;
using System.Text.Json;
using System.Text.RegularExpressions;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Tests.Schema;

/// <summary>Holds a spec's nodes against a draft-07 schema, as an editor does. A keyword that it doesn't know is an error, not a pass.</summary>
static class SchemaValidator
{
    /// <summary>Paths at which the schema refuses the node; empty where it fits.</summary>
    public static List<string> Mistakes(JsonElement schema, Node node, string at = "$")
    {
        var mistakes = new List<string>();
        void Must(bool holds, string keyword) { if (!holds) mistakes.Add($"{at}: {keyword}"); }

        if (schema.ValueKind is JsonValueKind.True) return mistakes;
        if (schema.ValueKind is JsonValueKind.False) return [$"{at}: not allowed"];
        var (mapping, sequence, number) = (node as MappingNode, node as SequenceNode, NumberOf(node));
        foreach (var keyword in schema.EnumerateObject())
        {
            var value = keyword.Value;
            switch (keyword.Name)
            {
                case "$schema" or "title" or "description": break;
                case "type": Must(Any(value).Any(type => Is(node, type.GetString()!)), "type"); break;
                case "enum": Must(value.EnumerateArray().Any(one => Equal(one, node)), "enum"); break;
                case "const": Must(Equal(value, node), "const"); break;
                case "minimum": Must(number is null || number >= value.GetDecimal(), "minimum"); break;
                case "maximum": Must(number is null || number <= value.GetDecimal(), "maximum"); break;
                case "exclusiveMinimum": Must(number is null || number > value.GetDecimal(), "exclusiveMinimum"); break;
                case "pattern": Must(!Is(node, "string") || Regex.IsMatch(((ScalarNode)node).Text, value.GetString()!), "pattern"); break;
                case "minItems": Must(sequence is null || sequence.Items.Count >= value.GetInt32(), "minItems"); break;
                case "maxItems": Must(sequence is null || sequence.Items.Count <= value.GetInt32(), "maxItems"); break;
                case "uniqueItems": Must(sequence is null || sequence.Items.OfType<ScalarNode>().Select(item => item.Text).Distinct().Count() == sequence.Items.Count, "uniqueItems"); break;
                case "minProperties": Must(mapping is null || mapping.Entries.Count >= value.GetInt32(), "minProperties"); break;
                case "maxProperties": Must(mapping is null || mapping.Entries.Count <= value.GetInt32(), "maxProperties"); break;
                case "required": foreach (var key in value.EnumerateArray()) Must(mapping is null || mapping.Find(key.GetString()!) is not null, "required " + key); break;
                case "items": for (var i = 0; i < (sequence?.Items.Count ?? 0); i++) mistakes.AddRange(Mistakes(value, sequence!.Items[i], $"{at}[{i}]")); break;
                case "propertyNames": foreach (var entry in mapping?.Entries ?? []) mistakes.AddRange(Mistakes(value, entry.Key, $"{at}.{entry.Key.Text}")); break;
                case "anyOf": Must(value.EnumerateArray().Any(form => Mistakes(form, node, at).Count == 0), "anyOf"); break;
                case "not": Must(Mistakes(value, node, at).Count > 0, "not"); break;
                case "if": mistakes.AddRange(Mistakes(schema.GetProperty(Mistakes(value, node, at).Count == 0 ? "then" : "else"), node, at)); break;
                case "then" or "else": break;
                case "properties":
                    foreach (var entry in mapping?.Entries ?? [])
                        if (value.TryGetProperty(entry.Key.Text, out var property)) mistakes.AddRange(Mistakes(property, entry.Value, $"{at}.{entry.Key.Text}"));
                    break;
                case "additionalProperties":
                    foreach (var entry in mapping?.Entries ?? [])
                        if (!(schema.TryGetProperty("properties", out var known) && known.TryGetProperty(entry.Key.Text, out _)))
                            mistakes.AddRange(Mistakes(value, entry.Value, $"{at}.{entry.Key.Text}"));
                    break;
                case "dependencies":
                    foreach (var one in value.EnumerateObject())
                        if (mapping?.Find(one.Name) is not null)
                            foreach (var key in one.Value.EnumerateArray()) Must(mapping.Find(key.GetString()!) is not null, $"{one.Name} without {key}");
                    break;
                default: throw new NotSupportedException($"the schema's keyword {keyword.Name}");
            }
        }
        return mistakes;
    }

    static IEnumerable<JsonElement> Any(JsonElement one) => one.ValueKind == JsonValueKind.Array ? one.EnumerateArray() : [one];

    static decimal? NumberOf(Node node) =>
        node is ScalarNode { Number: { } digits } ? decimal.Parse(digits, NumberStyles.Number, CultureInfo.InvariantCulture) : null;

    static bool Is(Node node, string type) => type switch
    {
        "object" => node is MappingNode,
        "array" => node is SequenceNode,
        "null" => node is ScalarNode { Kind: ScalarKind.Null or ScalarKind.Empty },
        "boolean" => node is ScalarNode { Kind: ScalarKind.Boolean },
        "number" => node is ScalarNode { Kind: ScalarKind.Integer or ScalarKind.Float },
        "integer" => NumberOf(node) is { } number && number == decimal.Truncate(number),
        "string" => node is ScalarNode { Kind: ScalarKind.Text },
        _ => throw new NotSupportedException($"the schema's type {type}"),
    };

    static bool Equal(JsonElement value, Node node) => value.ValueKind switch
    {
        JsonValueKind.Null => Is(node, "null"),
        JsonValueKind.True or JsonValueKind.False => Is(node, "boolean") && string.Equals(((ScalarNode)node).Text, value.GetRawText(), StringComparison.OrdinalIgnoreCase),
        JsonValueKind.Number => NumberOf(node) == value.GetDecimal(),
        JsonValueKind.String => Is(node, "string") && ((ScalarNode)node).Text == value.GetString(),
        _ => throw new NotSupportedException($"a constant of kind {value.ValueKind}"),
    };
}
