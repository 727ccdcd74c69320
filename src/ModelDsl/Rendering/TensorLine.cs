using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>A model's tensors with the layers of a tower that have the same one on one line, <c>*</c> standing for their indices.</summary>
sealed record TensorLine(string Name, int Count, string Shape, string Group, string Origin)
{
    static readonly string[] Lists = ["embedding_model.encoder.", "language_model.model.layers."];

    /// <summary>The lines, in an order that does not depend on which layers keep attention.</summary>
    public static IEnumerable<TensorLine> Of(ResolvedModel model)
    {
        var lines = new List<(TensorLine Line, int Block, int Place)>();
        var known = new Dictionary<TensorLine, int>();
        var blocks = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var tensor in model.Tensors)
        {
            var name = Starred(tensor.Name);
            var line = new TensorLine(name, 1, string.Join(" x ", tensor.Shape), Words.Of(tensor.Group), Text(name, tensor.Origin));
            if (known.TryGetValue(line, out var at))
            {
                lines[at] = lines[at] with { Line = lines[at].Line with { Count = lines[at].Line.Count + 1 } };
                continue;
            }
            var block = name.IndexOf('*') is var star and >= 0 ? name.Substring(0, star) : name;
            if (!blocks.ContainsKey(block)) blocks.Add(block, blocks.Count);
            known.Add(line, lines.Count);
            lines.Add((line, blocks[block], tensor.Layer < 0 ? 0 : Place(tensor.Name, model.Layers[tensor.Layer])));
        }
        return lines.OrderBy(line => line.Block).ThenBy(line => line.Place).Select(line => line.Line);
    }

    // Norm, mixers, norm, MLP: the order in a layer that had every mixer.
    static int Place(string name, ResolvedLayer layer) =>
        name.EndsWith(".attention_norm.weight", StringComparison.Ordinal) ? 0
        : name.Contains("." + TensorTable.MixerAt) ? 1 + MixerKinds.Order(layer.Mixer.Kind)
        : 1 + MixerKinds.All.Count;

    /// <summary>Names with their layers' indices replaced, each once with how often it occurs, in order.</summary>
    public static IEnumerable<(string Name, int Count)> Collapsed(IEnumerable<string> names) =>
        names.GroupBy(Starred, StringComparer.Ordinal).Select(group => (group.Key, group.Count()));

    // A layer's index is the part after the tower's list.
    static string Starred(string name)
    {
        foreach (var list in Lists)
            if (name.StartsWith(list, StringComparison.Ordinal)) return list + "*" + name.Substring(name.IndexOf('.', list.Length));
        return name;
    }

    // The name of a teacher's tensor as seen from the module that the student's is in.
    static string Relative(string name, string from)
    {
        var module = name.LastIndexOf("attention.", StringComparison.Ordinal) is var at and >= 0 ? name.Substring(0, at + "attention.".Length) : "";
        return Starred(from) is var starred && starred.StartsWith(module, StringComparison.Ordinal) ? starred.Substring(module.Length) : starred;
    }

    /// <summary>Where a tensor comes from, the kind of origin first.</summary>
    public static string OriginText(string name, TensorOrigin origin) =>
        (origin switch { Sliced => "sliced, ", Drawn => "drawn, ", _ => "" }) + Text(Starred(name), origin);

    /// <summary>A tensor's name in its layer; the whole name where it belongs to none.</summary>
    public static string WithinLayer(string name) =>
        Starred(name) is var starred && starred.IndexOf('*') is var star and >= 0 ? starred.Substring(star + 2) : name;

    static string Text(string name, TensorOrigin origin) => origin switch
    {
        Copied copied => Starred(copied.From) == name ? "copied" : "copied from " + Relative(name, copied.From),
        Sliced s => FormattableString.Invariant($"rows {s.First}..{s.First + s.Rows - 1} of every {s.Stride} of {Relative(name, s.From)}"),
        Drawn { Draw: Draw.Constant } d => CanonicalNumber.Of(d.A),
        Drawn { Draw: Draw.LastTap } => "1 at the last tap, 0 before",
        Drawn { Draw: Draw.Uniform } d => $"uniform in [{CanonicalNumber.Of(d.A)}, {CanonicalNumber.Of(d.B)}]",
        Drawn { Draw: Draw.Normal } d => $"normal, mean {CanonicalNumber.Of(d.A)}, deviation {CanonicalNumber.Of(d.B)}",
        Drawn { Draw: Draw.LogOfUniform } d => $"log of uniform in [{CanonicalNumber.Of(d.A)}, {CanonicalNumber.Of(d.B)}]",
        Drawn d => $"softplus of it log-uniform in [{CanonicalNumber.Of(d.A)}, {CanonicalNumber.Of(d.B)}]",
        _ => throw new ArgumentOutOfRangeException(nameof(origin), origin, "An origin is copied, sliced or drawn."),
    };
}
