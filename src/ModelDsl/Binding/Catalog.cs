using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>What one spec came to, among the others.</summary>
/// <param name="Name">The model; null where the file names none.</param>
/// <param name="Model">The model's spec, complete; null where it has errors.</param>
/// <param name="Diagnostics">Everything found in this file, by place.</param>
public sealed record BoundSpec(string Path, string? Name, ModelSpec? Model, EquatableArray<Diagnostic> Diagnostics)
{
    /// <inheritdoc cref="ParsedSpec.DeclaredIn"/>
    public string? DeclaredIn { get; init; }

    /// <summary>What the model was bound from; null where there is none.</summary>
    public WrittenSpec? Written { get; init; }
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
        public Item? Base { get; set; }
        public bool Bound { get; set; }
        public bool Broken => Model is null;
    }

    /// <summary>
    /// Binds every spec, in the order given. A broken spec has no model and leaves the others as they are; what extends it says so
    /// in one diagnostic. Names are settled in the order of the paths, declarations first, so that the outcome doesn't hang on the order of the files.
    /// </summary>
    public static EquatableArray<BoundSpec> Bind(IReadOnlyList<ParsedSpec> specs)
    {
        var items = specs.Select(spec => new Item(spec)).ToList();
        var models = Named(items);
        foreach (var item in items) Bind(item, models);
        foreach (var item in items) item.Bound = false;
        foreach (var item in items) Teach(item, models);
        Budgets(items);
        return [.. items.Select(Result)];
    }

    static BoundSpec Result(Item item)
    {
        var found = Allowance.Apply(item.Spec, [.. item.Found, .. item.Scope?.Found ?? []])
            .OrderBy(diagnostic => diagnostic.Span.StartLine).ThenBy(diagnostic => diagnostic.Span.StartColumn)
            .ThenBy(diagnostic => diagnostic.Id, StringComparer.Ordinal);
        return new(item.Spec.Path, item.Spec.Name, item.Model, [.. found])
        {
            DeclaredIn = item.Spec.DeclaredIn,
            Written = item.Model is null ? null : item.Scope?.Written,
        };
    }

    static Dictionary<string, Item> Named(List<Item> items)
    {
        var (models, folded) = (new Dictionary<string, Item>(StringComparer.Ordinal), new Dictionary<string, Item>(StringComparer.OrdinalIgnoreCase));
        foreach (var item in items.Where(item => item.Spec.Name is not null)
            .OrderBy(item => item.Spec.DeclaredIn is null).ThenBy(item => item.Spec.Path, StringComparer.Ordinal))
        {
            if (folded.TryGetValue(item.Spec.Name!, out var first))
            {
                item.Found.Add(Diagnostics.DuplicateModel.At(item.Spec.Path, item.Spec.Root?.Get("model")?.Span ?? Span.FileStart, Quote.Of(item.Spec.Name!), first.Spec.FileName));
                continue;
            }
            folded.Add(item.Spec.Name!, item);
            models.Add(item.Spec.Name!, item);
        }
        return models;
    }

    /// <summary>Binds an item after its bases, nearest to the root first; a chain may be as long as there are files.</summary>
    static void Bind(Item item, Dictionary<string, Item> models)
    {
        var chain = new List<Item>();
        for (var next = item; next is { Bound: false }; next = next.Base)
        {
            next.Bound = true;
            chain.Add(next);
            if (BaseName(next) is not { } name) continue;
            if (!models.TryGetValue(name.Text, out var low))
                next.Found.Add(Diagnostics.UnknownBase.At(next.Spec.Path, name.Span, Quote.Of(name.Text), Suggestion.For(name.Text, [.. models.Keys.OrderBy(model => model, StringComparer.Ordinal)])));
            next.Base = low;
        }
        Cycle(chain);
        for (var i = chain.Count - 1; i >= 0; i--) Bind(chain[i]);
    }

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
        var scope = new Scope(item.Spec, own, item.Base is { Scope: { } low } ? Overlay.Specs(low.Merged, own) : own);
        item.Scope = scope;
        OwnLines.Check(scope, item.Base?.Scope?.Merged);
        item.Model = ModelBinder.Bind(scope);
        if (item.Model is not null) scope.Written = new(scope.Merged, new(scope.Towers!), new(scope.Layers!), item.Base?.Scope?.Written);
    }

    static bool BrokenBase(Item item)
    {
        if (item.Base is not { Broken: true } low || BaseName(item) is not { } name) return false;
        item.Found.Add(Diagnostics.BrokenBase.At(item.Spec.Path, name.Span, Quote.Of(name.Text), low.Spec.FileName));
        return true;
    }

    /// <summary>Holds models against their budgets, which only what they come to can tell.</summary>
    static void Budgets(List<Item> items)
    {
        if (!items.Any(item => item.Model?.Budget is not null)) return;
        var models = items.Where(item => item.Model is not null).ToDictionary(item => item.Model!.Name, item => item.Model!, StringComparer.Ordinal);
        var teachers = new Dictionary<string, ResolvedModel>(StringComparer.Ordinal);
        foreach (var item in items)
            if (item is { Model: { Budget: { } budget } model, Scope: { } scope })
                BudgetCheck.Check(scope, budget, Resolver.Resolve(model, model.Teacher is { } teacher ? Teacher(teacher) : null));

        ResolvedModel Teacher(string name) =>
            teachers.TryGetValue(name, out var known) ? known : teachers[name] = Resolver.Resolve(models[name]);
    }

    static bool IsError(Diagnostic diagnostic) => diagnostic.Severity == Severity.Error;

    /// <summary>Holds students against their teachers, bases first, so that a base's mistake is not repeated.</summary>
    static void Teach(Item item, Dictionary<string, Item> models)
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
            if (BrokenBase(student)) student.Model = null;
            else TeacherCheck.Check(scope, student.Model, teacher, models.TryGetValue(teacher, out var found) ? found.Model : null,
                found?.Spec.FileName, [.. models.Keys.OrderBy(model => model, StringComparer.Ordinal)]);
            if (scope.HasErrors) student.Model = null;
        }
    }
}
