using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>What one spec came to, among the others.</summary>
/// <param name="Name">The model; null where the file names none.</param>
/// <param name="Model">The model's spec, complete; null where it has errors.</param>
/// <param name="Diagnostics">Everything found in this file, by place; then what was found in the table that it reports.</param>
/// <param name="IsFamily">Whether the file names an ablation family, and not a model.</param>
/// <param name="Family">What the family means; null where it has errors.</param>
/// <param name="Members">Names of the family's members, as far as they are known also where it has errors.</param>
public sealed record BoundSpec(
    string Path, string? Name, ModelSpec? Model, EquatableArray<Diagnostic> Diagnostics,
    bool IsFamily = false, ResolvedFamily? Family = null, EquatableArray<string> Members = default)
{
    /// <inheritdoc cref="ParsedSpec.DeclaredIn"/>
    public string? DeclaredIn { get; init; }

    /// <summary>What the model was bound from, or each member of the family; none where the file has errors.</summary>
    public EquatableArray<WrittenModel> Written { get; init; } = [];

    /// <summary>Whether the file has come to what it describes, a model or a family.</summary>
    public bool Holds => Model is not null || Family is not null;
}

/// <summary>Binds the specs of a tree together: bases under what extends them, students to their teachers.</summary>
public static class Catalog
{
    sealed class Item(ParsedSpec spec)
    {
        public ParsedSpec Spec { get; } = spec;
        public List<Diagnostic> Found { get; } = [.. spec.Diagnostics];
        public Scope? Scope { get; set; }
        public ModelSpec? Model { get; set; }
        public ResolvedFamily? Family { get; set; }
        public EquatableArray<string> Members { get; set; }
        public EquatableArray<WrittenModel> Written { get; set; } = [];
        public Item? Base { get; set; }
        /// <summary>What the item alone and its bases came to, before it is held against a teacher.</summary>
        public Scope? Attempted { get; set; }
        public bool Bound { get; set; }
        public bool Broken { get; set; } = true;
    }

    /// <summary>What a model's file came to over its base.</summary>
    sealed record Attempt(Scope? Low, Scope Scope, ModelSpec? Model);

    /// <summary>What a family's file came to over its base, with everything that it asked for.</summary>
    sealed record FamilyAttempt(Scope? Low, KnownModels.Answers Asked, Scope Scope, FamilyBinder.Outcome Outcome);

    static readonly Kept<ParsedSpec, Attempt> Attempts = new();
    static readonly Kept<ParsedSpec, FamilyAttempt> FamilyAttempts = new();

    /// <summary>
    /// Binds every spec, in the order given. A broken spec has no model and leaves the others as they are; what extends it says so
    /// in one diagnostic. Names are settled in the order of the paths, declarations first, so that the outcome doesn't hang on the order of the files.
    /// </summary>
    /// <param name="reports">The files of figures that families may name.</param>
    public static EquatableArray<BoundSpec> Bind(IReadOnlyList<ParsedSpec> specs, IReadOnlyList<ParsedReport>? reports = null)
    {
        var items = specs.Select(spec => new Item(spec)).ToList();
        var named = Named(items);
        var (models, families) = (Of(named, isFamily: false), Of(named, isFamily: true));
        var modelItems = items.Where(item => !item.Spec.IsFamily).ToList();
        var (insteadOfModel, insteadOfFamily) = (Instead(models, families, "an ablation family"), Instead(families, models, "a model"));
        foreach (var item in modelItems) Bind(item, models, insteadOfModel, Bind);
        foreach (var item in modelItems) item.Bound = false;
        // A teacher may be refused itself: in one order, whichever the files came in.
        foreach (var item in modelItems.OrderBy(item => item.Spec.SortKey, StringComparer.Ordinal)) Teach(item, models, insteadOfModel);

        var resolutions = new Resolutions(modelItems.Select(item => item.Model).OfType<ModelSpec>());
        Budgets(modelItems, resolutions);

        KnownModel? Known(string name) =>
            models.TryGetValue(name, out var item) ? new(item.Spec.FileName, item.Model, item.Scope?.Merged, item.Scope?.Written) : null;
        foreach (var item in items.Where(item => item.Spec.IsFamily))
            Bind(item, families, insteadOfFamily, family => BindFamily(family, () => new(Known, insteadOfModel, resolutions, reports ?? [])));
        var told = new HashSet<Diagnostic>();
        return [.. items.Select(item => Result(item, told))];
    }

    static Dictionary<string, Item> Of(Dictionary<string, Item> named, bool isFamily) =>
        named.Where(name => name.Value.Spec.IsFamily == isFamily).ToDictionary(name => name.Key, name => name.Value, StringComparer.Ordinal);

    /// <summary>What to write for a name that none of some has: what it names instead, or a name that is near.</summary>
    static Func<string, string> Instead(Dictionary<string, Item> own, Dictionary<string, Item> others, string other)
    {
        var names = new Lazy<string[]>(() => [.. own.Keys.OrderBy(name => name, StringComparer.Ordinal)]);
        return name => others.ContainsKey(name) ? $"that is the name of {other}"
            : !SpecParser.IsSpec(name) ? Suggestion.For(name, names.Value)
            : own.Values.FirstOrDefault(item => item.Spec.FileName == ParsedSpec.FileNameOf(name)) is { } file ? $"that is a file; write {Quote.Of(file.Spec.Name!)}"
            : Suggestion.For(name.Substring(0, name.Length - SpecParser.Extension.Length), names.Value);
    }

    /// <summary>Binds files as they are: specs by their extension, all others as figures.</summary>
    public static EquatableArray<BoundSpec> BindFiles(IEnumerable<SpecFile> files)
    {
        var all = files.ToLookup(file => SpecParser.IsSpec(file.Path));
        return Bind([.. all[true].Select(SpecParser.Parse)], [.. all[false].Select(ParsedReport.Parse)]);
    }

    /// <param name="told">What was said of files of figures: those are shared, and their mistakes told once.</param>
    static BoundSpec Result(Item item, HashSet<Diagnostic> told)
    {
        var found = Allowance.Apply(item.Spec, [.. item.Found, .. item.Scope?.Found ?? []])
            .Where(diagnostic => diagnostic.Path == item.Spec.Path || told.Add(diagnostic))
            .OrderBy(diagnostic => diagnostic.Path == item.Spec.Path ? 0 : 1)
            .ThenBy(diagnostic => diagnostic.Span.StartLine).ThenBy(diagnostic => diagnostic.Span.StartColumn)
            .ThenBy(diagnostic => diagnostic.Id, StringComparer.Ordinal);
        return new(item.Spec.Path, item.Spec.Name, item.Model, [.. found], item.Spec.IsFamily, item.Family, item.Members)
        {
            DeclaredIn = item.Spec.DeclaredIn,
            Written = item is { Model: { } model, Scope.Written: { } written } ? [new(model, written)] : item.Written,
        };
    }

    static Dictionary<string, Item> Named(List<Item> items)
    {
        var (models, folded) = (new Dictionary<string, Item>(StringComparer.Ordinal), new Dictionary<string, Item>(StringComparer.OrdinalIgnoreCase));
        foreach (var item in items.Where(item => item.Spec.Name is not null)
            .OrderBy(item => item.Spec.DeclaredIn is null).ThenBy(item => item.Spec.SortKey, StringComparer.Ordinal))
        {
            if (folded.TryGetValue(item.Spec.Name!, out var first))
            {
                item.Found.Add(Diagnostics.DuplicateModel.At(item.Spec.Path, item.Spec.Root?.Get(item.Spec.IsFamily ? "ablation" : "model")?.Span ?? Span.FileStart, Quote.Of(item.Spec.Name!), first.Spec.FileName, Kind(first)));
                continue;
            }
            folded.Add(item.Spec.Name!, item);
            models.Add(item.Spec.Name!, item);
        }
        return models;
    }

    /// <summary>Binds an item after its bases, nearest to the root first; a chain may be as long as there are files.</summary>
    static void Bind(Item item, Dictionary<string, Item> models, Func<string, string> instead, Action<Item> bind)
    {
        var chain = new List<Item>();
        for (var next = item; next is { Bound: false }; next = next.Base)
        {
            next.Bound = true;
            chain.Add(next);
            if (BaseName(next) is not { } name) continue;
            if (!models.TryGetValue(name.Text, out var low))
                next.Found.Add(Diagnostics.UnknownBase.At(next.Spec.Path, name.Span, Quote.Of(name.Text), instead(name.Text), Kind(next)));
            next.Base = low;
        }
        Cycle(chain);
        for (var i = chain.Count - 1; i >= 0; i--) bind(chain[i]);
    }

    static string Kind(Item item) => item.Spec.IsFamily ? "family" : "model";

    static ScalarNode? BaseName(Item item) =>
        item.Spec.Root?.Get("extends") is ScalarNode name && Scalars.Word(name) is not null ? name : null;

    /// <summary>Refuses a circle at each of its members, and opens it.</summary>
    static void Cycle(List<Item> chain)
    {
        if (chain.Count == 0 || chain[chain.Count - 1].Base is not { } again) return;
        var start = chain.IndexOf(again);
        if (start < 0) return;
        for (var i = start; i < chain.Count; i++)
        {
            var name = BaseName(chain[i])!;
            chain[i].Found.Add(Diagnostics.BaseCycle.At(chain[i].Spec.Path, name.Span, Quote.Of(chain[i].Spec.Name!), Quote.Of(name.Text)));
            chain[i].Base = null;
        }
    }

    static void Bind(Item item)
    {
        if (BrokenBase(item) || item.Spec.Root is not { } own || item.Found.Any(IsError)) return;
        var low = item.Base?.Attempted;
        var attempt = Attempts.Of(item.Spec, before => ReferenceEquals(before.Low, low), () =>
        {
            var scope = new Scope(item.Spec, own, low is null ? own : Overlay.Specs(low.Merged, own));
            OwnLines.Check(scope, low?.Merged, SpecShape.Root);
            var model = ModelBinder.Bind(scope);
            if (model is not null) scope.Written = new(scope.Merged, new(scope.Towers!), new(scope.Layers!), low?.Written);
            return new(low, scope, model);
        });
        (item.Attempted, item.Scope, item.Model, item.Broken) = (attempt.Scope, attempt.Scope.Fork(), attempt.Model, attempt.Model is null);
    }

    static void BindFamily(Item item, Func<KnownModels> tree)
    {
        if (BrokenBase(item) || item.Spec is not { Root: { } own, Name: not null } || item.Found.Any(IsError)) return;
        var low = item.Base?.Attempted;
        var attempt = FamilyAttempts.Of(item.Spec, before => ReferenceEquals(before.Low, low) && before.Asked.HoldIn(tree()), () =>
        {
            var asked = tree();
            var scope = new Scope(item.Spec, own, low is null ? own : Overlay.Families(low.Merged, own));
            OwnLines.Check(scope, low?.Merged, FamilyShape.Root);
            var outcome = new FamilyBinder(scope, asked).Bind();
            return new(low, asked.Answered, scope, outcome);
        });
        (item.Attempted, item.Scope, item.Broken) = (attempt.Scope, attempt.Scope.Fork(), !attempt.Outcome.InShape);
        (item.Family, item.Members, item.Written) = (attempt.Outcome.Family, attempt.Outcome.Names, attempt.Outcome.Written);
    }

    static bool BrokenBase(Item item)
    {
        if (item.Base is not { Broken: true } low || BaseName(item) is not { } name) return false;
        item.Found.Add(Diagnostics.BrokenBase.At(item.Spec.Path, name.Span, Quote.Of(name.Text), low.Spec.FileName));
        return true;
    }

    /// <summary>Holds models against their budgets, which only what they come to can tell.</summary>
    static void Budgets(List<Item> items, Resolutions resolutions)
    {
        foreach (var item in items)
            if (item is { Model: { Budget: { } budget } model, Scope: { } scope }) BudgetCheck.Check(scope, budget, resolutions.Of(model.Name));
    }

    static bool IsError(Diagnostic diagnostic) => diagnostic.Severity == Severity.Error;

    /// <summary>Holds students against their teachers, bases first, so that a base's mistake is not repeated.</summary>
    static void Teach(Item item, Dictionary<string, Item> models, Func<string, string> instead)
    {
        var chain = new List<Item>();
        for (var next = item; next is { Bound: false }; next = next.Base)
        {
            next.Bound = true;
            chain.Add(next);
        }
        for (var i = chain.Count - 1; i >= 0; i--)
        {
            var student = chain[i];
            if (student.Model is not { Teacher: { } teacher } || student.Scope is not { } scope) continue;
            if (BrokenBase(student)) (student.Model, student.Broken) = (null, true);
            else TeacherCheck.Check(scope, student.Model, teacher, models.TryGetValue(teacher, out var found) ? found.Model : null, found?.Spec.FileName, instead);
            if (scope.HasErrors) (student.Model, student.Broken) = (null, true);
        }
    }
}
