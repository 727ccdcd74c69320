using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;
using MmMamba.Runtime;
using MmMamba.Runtime.Distillation;

namespace MmMamba.Cli.Ablations;

/// <summary>The families that were named, with their models.</summary>
sealed class AblationSource
{
    AblationSource(IReadOnlyList<NamedFamily> families, NamedModel teacher, NamedModel linear) => (Families, Teacher, Linear) = (families, teacher, linear);

    /// <param name="Family">What the family means.</param>
    /// <param name="Members">Its members as models, in order.</param>
    internal sealed record NamedFamily(ResolvedFamily Family, IReadOnlyList<NamedModel> Members);

    /// <summary>The families in the order in which they were named.</summary>
    public IReadOnlyList<NamedFamily> Families { get; }

    /// <summary>The one teacher of all members.</summary>
    public NamedModel Teacher { get; }

    /// <summary>The linear student whose seeds are the measure of what is closed, without any stage.</summary>
    public NamedModel Linear { get; }

    /// <summary>Finds families by their names or spec files.</summary>
    /// <param name="names">At least one.</param>
    /// <param name="linear">A linear student by its name or spec file; null takes one of the families' own, or of their teacher's.</param>
    /// <exception cref="InputException">One is no family, two have one name, or their students have no teacher in common.</exception>
    public static AblationSource Find(IReadOnlyList<string> names, string? linear)
    {
        var located = names.Select(SpecLibrary.Locate).ToArray();
        var families = located.Select((one, i) => new NamedFamily(
            one.Library.Family(one.Name) ?? throw new InputException($"{names[i]}: is no ablation family; a model is distilled by 'mmmamba distill'."), [])).ToArray();
        for (var i = 0; i < families.Length; i++)
        {
            if (families.Take(i).Any(other => other.Family.Name == families[i].Family.Name))
                throw new InputException($"{names[i]}: {families[i].Family.Name} was named before; name each family once.");
            var library = located[i].Library;
            families[i] = families[i] with { Members = [.. families[i].Family.Members.Select(member => library.Model(member.Model.Name))] };
        }
        var models = families.SelectMany(family => family.Members, (family, member) => (family.Family.Name, Member: member)).ToArray();
        foreach (var (family, member) in models)
            if (member.Plan.Teacher != models[0].Member.Plan.Teacher)
                throw new InputException($"{family}: its members learn from {member.Plan.Teacher ?? "nobody"} and those of {models[0].Name} from {models[0].Member.Plan.Teacher}; name families of one teacher.");
        if (models[0].Member.Plan.Teacher is not { } teacher) throw new InputException($"{models[0].Name}: its members have no teacher; name a family of students.");
        var teachers = located.Select(one => one.Library.Model(teacher)).ToArray();
        if (teachers.FirstOrDefault(other => other.Plan.Fingerprint != teachers[0].Plan.Fingerprint) is not null)
            throw new InputException($"{teacher}: the families have two different teachers of this name; name families of one teacher.");
        return new(families, teachers[0], Unstaged(LinearOf(linear, teacher, located[0].Library, [.. models.Select(model => model.Member)])));
    }

    static NamedModel LinearOf(string? named, string teacher, SpecLibrary library, IReadOnlyList<NamedModel> members)
    {
        if (named is not null)
        {
            var model = SpecLibrary.Find(named).Model;
            return IsLinear(model.Resolved) && model.Plan.Teacher == teacher ? model
                : throw new InputException($"{named}: is no linear student of {teacher}; --linear names a model whose layers are all Mamba-2 and whose teacher is {teacher}.");
        }
        // The members' own converted form, where it has a name.
        var measures = library.Models.Where(model => model.Teacher == teacher && IsMeasure(model)).ToArray();
        var converted = members[0].Resolved.Distillation!.ConvertedFingerprint;
        if ((measures.FirstOrDefault(model => model.Distillation!.ConvertedFingerprint == converted) ?? measures.FirstOrDefault()) is { } found) return library.Model(found.Name);
        return members.FirstOrDefault(member => IsMeasure(member.Resolved))
            ?? throw new InputException($"{teacher}: there is no linear student with mimic seeds to measure by; name one with --linear.");

        static bool IsMeasure(ResolvedModel model) => IsLinear(model) && model.Seed is { Kind: SeedKind.Mimic };
        static bool IsLinear(ResolvedModel model) => model.Layers.All(layer => layer.Mixer.Kind == MixerKinds.Mamba2);
    }

    static NamedModel Unstaged(NamedModel model) => new(
        WithStages(model.Resolved, []), model.Plan with { Distillation = model.Plan.RecipeOf() with { Run = [] } });

    static ResolvedModel WithStages(ResolvedModel model, EquatableArray<StageKind> run) => model with { Distillation = model.Distillation! with { Run = run } };

    /// <summary>What of it decides on contrasts and reports.</summary>
    public Ablation ToAblation(ulong firstSeed, int seeds) => new(
        firstSeed, seeds, Teacher.Plan.Name, Linear.Plan.Name, ModelIdentity.Of(Linear.Resolved).Recipe, [.. Families.Select(Of)]);

    static AblationFamily Of(NamedFamily named) => new(
        named.Family.Name, named.Family.Summary,
        [.. named.Family.Axes.Select(axis => new AblationAxis(axis.Name, axis.Set, [.. axis.Values]))],
        [.. named.Family.Members.Zip(named.Members, Of)], named.Family.Control, [.. named.Family.References.Select(reference => reference.Name)],
        named.Family.Reported is { } reported
            ? new(reported.Source, [.. reported.Metrics], reported.Rows.ToDictionary(row => row.Name, row => (IReadOnlyList<double?>)[.. row.Figures.Select(figure => (double?)figure)]))
            : null);

    static AblationMember Of(ResolvedMember member, NamedModel model)
    {
        var recipe = member.Model.Distillation!;
        return new(
            member.Name, [.. member.Values], [.. model.Plan.RecipeOf().Run.Select(kind => kind.NameOf())],
            member.Model.Layers.Count(layer => layer.Mixer.Kind == MixerKinds.Attention), member.Identity.Recipe,
            ModelIdentity.Of(WithStages(member.Model, [.. recipe.Stages.Select(stage => stage.Spec.Kind)])).Recipe);
    }
}
