using System.Globalization;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>
/// An object of a <c>config.json</c>, read key by key. What is missing or of another kind is added to the faults, with its line and column,
/// and read as something harmless. JSON is YAML, so the reader of specs reads it, within the same bounds.
/// </summary>
/// <param name="name">What messages call it; empty for the file's own object.</param>
sealed class ConfigSection(MappingNode node, string name, List<string> faults)
{
    /// <summary>Whether a key is there with a value.</summary>
    public bool Has(string key) => node.Get(key) is not null;

    /// <summary>A whole number as text; 1 where it is needed and missing.</summary>
    public int Whole(string key, int? otherwise = null)
    {
        if (node.Get(key) is not { } value) return otherwise ?? Missing(key, 1);
        return value is ScalarNode { Kind: ScalarKind.Integer, Number: { } number } && int.TryParse(number, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var whole)
            ? whole : Wrong(key, "a whole number", 1);
    }

    /// <summary>A number.</summary>
    public decimal Number(string key, decimal? otherwise = null)
    {
        if (node.Get(key) is not { } value) return otherwise ?? Missing(key, 1m);
        return value is ScalarNode { Kind: ScalarKind.Integer or ScalarKind.Float, Number: { } number }
            ? decimal.Parse(number, NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture) : Wrong(key, "a number", 1m);
    }

    /// <summary>A text; null where it is missing.</summary>
    public string? Word(string key) => node.Get(key) switch
    {
        null => null,
        ScalarNode { Kind: ScalarKind.Text } word => word.Text,
        _ => Wrong(key, "a text", (string?)null),
    };

    /// <summary>A list of texts.</summary>
    public IReadOnlyList<string> Words(string key)
    {
        if (node.Get(key) is not { } value) return Missing(key, (string[])[]);
        return value is SequenceNode list && list.Items.All(item => item is ScalarNode { Kind: ScalarKind.Text })
            ? [.. list.Items.Select(item => ((ScalarNode)item).Text)] : Wrong(key, "a list of texts", (string[])[]);
    }

    /// <summary>An object; null where it is missing.</summary>
    public ConfigSection? Section(string key) => node.Get(key) switch
    {
        null => null,
        MappingNode inner => new(inner, At(key), faults),
        _ => Wrong(key, "an object", (ConfigSection?)null),
    };

    /// <summary>A switch.</summary>
    public bool Flag(string key, bool otherwise) => node.Get(key) switch
    {
        null => otherwise,
        ScalarNode { Kind: ScalarKind.Boolean, Text: var text } => text is "true" or "True" or "TRUE",
        _ => Wrong(key, "true or false", otherwise),
    };

    /// <summary>Whether a key holds an object or list with something in it.</summary>
    public bool IsFilled(string key) => node.Get(key) is MappingNode { Entries.Count: > 0 } or SequenceNode { Items.Count: > 0 };

    /// <summary>Says at a key why it is not supported, or what it contradicts.</summary>
    public void Require(string key, bool holds, string why)
    {
        if (!holds) Fault(node.Find(key)?.Value ?? node, key, why);
    }

    T Missing<T>(string key, T otherwise)
    {
        Fault(node, key, "is missing");
        return otherwise;
    }

    T Wrong<T>(string key, string expected, T otherwise)
    {
        Fault(node.Get(key)!, key, $"is {Quote.Describe(node.Get(key)!)}; expected {expected}");
        return otherwise;
    }

    void Fault(Node at, string key, string what) =>
        faults.Add(FormattableString.Invariant($"line {at.Span.StartLine}, column {at.Span.StartColumn}: {At(key)} {what}"));

    string At(string key) => name.Length == 0 ? key : $"{name}.{key}";
}
