using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>
/// Binds an ablation family: each member by the same binder as a model, then what is said of the members (control, references,
/// reported figures).
/// </summary>
sealed class FamilyBinder(Scope scope, KnownModels tree)
{
    /// <summary>What a family came to.</summary>
    /// <param name="Family">What it means; null where the scope has got errors.</param>
    /// <param name="Names">Names of the members, also of those with mistakes.</param>
    /// <param name="Written">What the members were bound from; none without a family.</param>
    /// <param name="InShape">Whether the axes and variants are in shape, so that a family that extends this one may build on them.</param>
    public sealed record Outcome(ResolvedFamily? Family, EquatableArray<string> Names, EquatableArray<WrittenModel> Written, bool InShape);

    readonly FamilyMembers _members = new(scope);
    readonly List<WrittenModel> _written = [];
    readonly List<Diagnostic> _excess = [];

    EquatableArray<string> Names => [.. _members.Members.Select(member => member.Name)];

    /// <summary>Binds the members, and what is said of them.</summary>
    public Outcome Bind()
    {
        Completeness.Mapping(scope, scope.Merged, FamilyShape.Root, "a family", [scope.Own.Get("ablation")]);
        if (scope.HasErrors) return new(null, [], [], InShape: false);
        _members.Read();
        var inShape = !scope.HasErrors;
        var family = Family(inShape);
        return new(family, Names, family is null ? [] : new(_written), inShape);
    }

    ResolvedFamily? Family(bool inShape)
    {
        // A declaration is there for others to extend; its members are the business of the assembly that has its registry.
        if (scope.Spec.DeclaredIn is not null) return null;

        var of = scope.Merged.Get("of")!;
        var low = Base(of);
        var control = inShape ? new FamilyControl(scope, _members).Find() : null;
        var references = References();
        var reported = inShape ? new ReportedBinder(scope, [.. Names, .. references], tree.Reports).Bind() : null;
        if (low is null || !inShape) return null;

        var bound = Members(low);
        if (bound.Count == _members.Members.Count) Distinct(bound, low.Model!, control);
        Bounded(bound);
        if (scope.HasErrors) return null;
        // A member over its budget is an error of the spec, and the family is whole.
        scope.Add(_excess);
        return new(
            scope.Spec.Name!, ModelBinder.Text(scope.Merged.Get("summary")) ?? "", scope.Spec.FileName, tree.Resolutions.Of(low.Model!.Name),
            [.. _members.Axes.Select(axis => axis.Spec)], new(bound), control, [.. references.Select(tree.Resolutions.Of)], reported);
    }

    KnownModel? Base(Node of)
    {
        var name = Scalars.Word(of)!;
        if (tree.Find(name) is not { } low) scope.Report(Diagnostics.UnknownBase, of, Quote.Of(name), tree.Instead(name), "model");
        else if (low.Model is null) scope.Report(Diagnostics.BrokenBase, of, Quote.Of(name), low.FileName);
        else return low;
        return null;
    }

    EquatableArray<string> References()
    {
        var names = new List<string>();
        foreach (var item in scope.Merged.Get("reference") is SequenceNode list ? list.Items : [])
        {
            var name = Scalars.Word(item)!;
            if (tree.Find(name) is not { } model) scope.Report(FamilyDiagnostics.UnknownReference, item, Quote.Of(name), tree.Instead(name));
            else if (model.Model is null) scope.Report(FamilyDiagnostics.BrokenReference, item, Quote.Of(name), model.FileName);
            names.Add(name);
        }
        return new(names);
    }

    /// <summary>The members, as far as they have no errors. A mistake that several members share is told once, with their names.</summary>
    List<ResolvedMember> Members(KnownModel low)
    {
        var (bound, mistakes, members) = (new List<ResolvedMember>(), new List<Diagnostic>(), new Dictionary<Diagnostic, List<string>>());
        foreach (var draft in _members.Members)
        {
            var (model, found) = Member(draft, low);
            if (model is not null) bound.Add(model);
            foreach (var mistake in found)
            {
                if (!members.TryGetValue(mistake, out var names))
                {
                    members.Add(mistake, names = []);
                    mistakes.Add(mistake);
                }
                names.Add(draft.Name);
            }
        }
        var told = mistakes.Select(mistake => mistake with { Message = $"{mistake.Message} (in {Listed(members[mistake])})" }).ToLookup(IsExcess);
        scope.Add(told[false]);
        _excess.AddRange(told[true]);
        return bound;
    }

    static bool IsExcess(Diagnostic diagnostic) => diagnostic.Id == Diagnostics.OverBudget.Id;

    (ResolvedMember? Member, IEnumerable<Diagnostic> Found) Member(MemberDraft draft, KnownModel low)
    {
        var spec = scope.Spec with { Name = $"{scope.Spec.Name}.{draft.Name}", Root = draft.Overlay, Diagnostics = [] };
        var member = new Scope(spec, draft.Overlay, Overlay.Specs(low.Merged!, draft.Overlay), scope.Wrote(draft.Cause) ? draft.Cause : scope.Origin);
        if (draft.ByHand) OwnLines.Check(member, low.Merged, FamilyShape.Variant);
        var model = ModelBinder.Bind(member);
        if (model is { Teacher: { } teacher })
        {
            var known = tree.Find(teacher);
            TeacherCheck.Check(member, model, teacher, known?.Model, known?.FileName, tree.Instead);
        }
        // An axis goes through the base's own value, and through ends where two words mean the same: neither is worth a word.
        var found = draft.ByHand ? member.Found : member.Found.Where(diagnostic => diagnostic.Severity == Severity.Error);
        if (model is null || member.HasErrors) return (null, found);
        var whole = model with { Extends = low.Model!.Name, Summary = model.Summary.Length > 0 ? model.Summary : Described(draft) };
        var resolved = tree.Resolutions.Of(whole);
        _written.Add(new(whole, MemberOrigin.Of(draft, scope.Merged, member, low.Written!)));
        if (model.Budget is { } budget) BudgetCheck.Check(member, budget, resolved);
        return (new(draft.Name, [.. draft.Values.Select(value => value.Text)], resolved, ModelIdentity.Of(resolved)), found);
    }

    string Described(MemberDraft draft) => draft.ByHand
        ? $"{draft.Name} of {scope.Spec.Name}"
        : string.Join(", ", _members.Axes.Zip(draft.Values, (axis, value) => $"{axis.Name} {value.Text}"));

    /// <summary>Holds the control against the base, and the members against one another.</summary>
    void Distinct(List<ResolvedMember> bound, ModelSpec low, string? control)
    {
        var (whole, same) = (ModelIdentity.Of(tree.Resolutions.Of(low.Name)), new Dictionary<string, string>(StringComparer.Ordinal));
        foreach (var (member, draft) in bound.Zip(_members.Members, (member, draft) => (member, draft)))
        {
            var recipe = member.Identity.Recipe;
            if (member.Name == control)
            {
                if (recipe == whole.Recipe) continue;
                var equal = bound.Find(other => other.Identity.Recipe == whole.Recipe);
                scope.Report(FamilyDiagnostics.ControlDiffers, scope.Merged.Get("control"), Quote.Of(member.Name), Quote.Of(low.Name),
                    member.Identity.Architecture == whole.Architecture ? "recipe" : "architecture",
                    equal is null ? "leave `control` out" : $"write `control: {equal.Name}`");
            }
            else if (same.TryGetValue(recipe, out var first))
                scope.Report(FamilyDiagnostics.SameMembers, draft.Cause, Quote.Of(member.Name), Quote.Of(first));
            else same.Add(recipe, member.Name);
        }
    }

    /// <summary>Counts layers that differ in anything but their place: in what they are, who placed them, and what decides their tensors.</summary>
    void Bounded(List<ResolvedMember> bound)
    {
        // A converted form has as many layers again.
        if (bound.Sum(member => 2 * member.Model.Layers.Count) <= FamilyShape.MaxLayers) return;
        var kinds = new HashSet<(ResolvedMixer, decimal, int, string, int, int, SeedSpec?, bool)>();
        foreach (var model in bound.Select(member => member.Model))
            foreach (var layer in model.Layers.Concat(model.Distillation?.ConvertedLayers ?? []))
                kinds.Add((layer.Mixer, layer.NormEps, layer.MlpHidden, layer.Source, model.Hidden, model.Layers.Count, model.Seed, model.Teacher is null));
        if (kinds.Count > FamilyShape.MaxLayers)
            scope.Report(FamilyDiagnostics.TooManyLayers, [.. _members.Axes.Select(axis => axis.Key), scope.Merged.Get("variants")], kinds.Count, FamilyShape.MaxLayers);
    }

    static string Listed(List<string> names) =>
        names.Count <= 3 ? string.Join(", ", names.Select(Quote.Of)) : $"{string.Join(", ", names.Take(2).Select(Quote.Of))} and {Quote.Number(names.Count - 2)} more";
}
