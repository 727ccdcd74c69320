using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>A model of the tree, as families find it.</summary>
/// <param name="Merged">The model's tree with its bases merged in.</param>
/// <param name="Written">What it was bound from, with the very same tree.</param>
sealed record KnownModel(string FileName, ModelSpec? Model, MappingNode? Merged, WrittenSpec? Written);

/// <summary>What a family may name; remembers what it was asked for.</summary>
/// <param name="find">The model of a name; null where there is none.</param>
/// <param name="instead">What to write for a name that no model has.</param>
/// <param name="resolutions">What the models without errors mean.</param>
/// <param name="reports">The tables of figures.</param>
sealed class KnownModels(
    Func<string, KnownModel?> find, Func<string, string> instead, Resolutions resolutions, IReadOnlyList<ParsedReport> reports)
{
    readonly Dictionary<string, KnownModel?> _asked = new(StringComparer.Ordinal);
    bool _askedForNames;

    /// <summary>What to write for a name that no model has; that hangs on the names of the whole tree.</summary>
    public string Instead(string name)
    {
        _askedForNames = true;
        return instead(name);
    }

    public Resolutions Resolutions => resolutions;
    public IReadOnlyList<ParsedReport> Reports => reports;

    public KnownModel? Find(string name) => _asked.TryGetValue(name, out var known) ? known : _asked[name] = find(name);

    /// <summary>
    /// What was asked for so far, and answered. Of a model that is only shown, such as a reference, the teacher is not asked for: as long as the
    /// model is the same object it fits its teacher, and what it means hangs on no more than that.
    /// </summary>
    public Answers Answered => new(_askedForNames, [.. reports], [.. _asked.Select(asked => (asked.Key, asked.Value))]);

    /// <summary>Answers of a tree, without the tree.</summary>
    internal sealed class Answers(bool names, ParsedReport[] reports, (string Name, KnownModel? Model)[] models)
    {
        /// <summary>Whether another tree would answer with the very same objects.</summary>
        public bool HoldIn(KnownModels tree)
        {
            if (names || reports.Length != tree.Reports.Count) return false;
            for (var i = 0; i < reports.Length; i++)
                if (!ReferenceEquals(reports[i], tree.Reports[i])) return false;
            return Array.TrueForAll(models, known => Same(known.Model, tree.Find(known.Name)));
        }

        static bool Same(KnownModel? one, KnownModel? other) =>
            one is null || other is null ? one is null && other is null
            : one.FileName == other.FileName && ReferenceEquals(one.Model, other.Model) && ReferenceEquals(one.Merged, other.Merged);
    }
}
