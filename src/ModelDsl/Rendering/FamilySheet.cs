using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;
using static MmMamba.ModelDsl.Rendering.Figures;

namespace MmMamba.ModelDsl.Rendering;

/// <summary>The table of an ablation family: its members beside one another, what they share, and what a paper reports of them.</summary>
public static class FamilySheet
{
    const int StripWidth = 96;
    const string None = "-";

    /// <summary>Axes, members, layers, stage runs, reported figures and identities as text; lines end in <c>\n</c>.</summary>
    public static string Render(ResolvedFamily family) => DocumentText.Render(Of(family));

    /// <summary>The same in GitHub's Markdown, for a pull request.</summary>
    public static string Markdown(ResolvedFamily family) => DocumentMarkdown.Render(Of(family));

    static Document Of(ResolvedFamily family)
    {
        var sheet = new Document().Title($"{family.Name}  ablation of {family.Of.Name}  ({family.File})");
        if (family.Summary.Length > 0) sheet.Remark(family.Summary);
        if (family.Axes.Count > 0) Axes(sheet, family);
        Members(sheet, family);
        Strips(sheet, family);
        Runs(sheet, family);
        if (family.Reported is { } reported) Reported(sheet, reported);
        Identities(sheet, family);
        return sheet;
    }

    static void Axes(Document sheet, ResolvedFamily family)
    {
        var columns = new Columns("lll");
        foreach (var axis in family.Axes) columns.Row(axis.Name, axis.Set, string.Join(", ", axis.Values));
        sheet.Heading("axes").Table(columns);
    }

    static void Members(Document sheet, ResolvedFamily family)
    {
        var kinds = Kinds(family);
        var columns = new Columns("l" + new string('l', family.Axes.Count) + "l" + new string('r', kinds.Length) + "rrr");
        columns.Titled(["", .. family.Axes.Select(axis => axis.Name), "run", .. kinds.Select(kind => kind.Word), "parameters", "trained", "share"]);
        foreach (var member in family.Members) Row(columns, kinds, member.Name, Values(family, member.Values), member.Model);
        foreach (var reference in family.References) Row(columns, kinds, reference.Name, Values(family, []), reference);
        sheet.Heading($"members {Count(family.Members.Count)}" + (family.Control is { } control ? $", control {control}, which is {family.Of.Name}" : "")).Table(columns);
    }

    static IEnumerable<string> Values(ResolvedFamily family, EquatableArray<string> values) =>
        values.Count > 0 ? values : family.Axes.Select(_ => None);

    static MixerKind[] Kinds(ResolvedFamily family) =>
        [.. MixerKinds.Counted([.. family.Members.Select(member => member.Model).Concat(family.References).SelectMany(model => model.Layers)]).Select(mixers => mixers.Kind)];

    static void Row(Columns columns, MixerKind[] kinds, string name, IEnumerable<string> values, ResolvedModel model)
    {
        var recipe = model.Distillation;
        var last = recipe?.LastStage;
        columns.Row([
            name, .. values, recipe is null ? None : recipe.Run.Count == 0 ? "none" : string.Join(", ", recipe.Run.Select(Words.Of)),
            .. kinds.Select(kind => Count(model.Layers.Count(layer => layer.Mixer.Kind == kind))), Count(model.ParameterCount),
            last is null ? None : Count(last.TrainedCount), last is null ? None : Percent(last.Percent)]);
    }

    static void Strips(Document sheet, ResolvedFamily family)
    {
        var columns = new Columns("ll");
        foreach (var alike in family.Members.GroupBy(member => Strip(member.Model), StringComparer.Ordinal))
            for (var at = 0; at < alike.Key.Length; at += StripWidth)
                columns.Row(alike.Key.Substring(at, Math.Min(StripWidth, alike.Key.Length - at)), at == 0 ? Names(family, [.. alike.Select(member => member.Name)]) : "");
        sheet.Heading("layers: " + string.Join(", ", Kinds(family).Select(kind => $"{kind.Word} ({kind.Mark})"))).Strip(columns);
    }

    /// <summary>A mark a layer, the towers parted by a space.</summary>
    static string Strip(ResolvedModel model) => string.Join(" ", model.Towers.Select(tower =>
        string.Concat(model.Layers.Skip(tower.First).Take(tower.Layers).Select(layer => layer.Mixer.Kind.Mark))));

    static void Runs(Document sheet, ResolvedFamily family)
    {
        var runs = family.StageRuns;
        if (runs.Count == 0) return;
        var (columns, chains) = (new Columns("ll"), new Dictionary<string, string>(StringComparer.Ordinal));
        foreach (var run in runs)
        {
            var chain = (run.After is null ? "" : chains[run.After] + " > ") + Words.Of(run.Kind);
            chains.Add(run.Identity, chain);
            columns.Row(chain, Names(family, run.Members));
        }
        var alone = family.Members.Sum(member => member.Model.Distillation?.Run.Count ?? 0);
        sheet.Heading($"stage runs {Count(runs.Count)}; {Count(alone)} if nothing were shared").Table(columns);
    }

    static string Names(ResolvedFamily family, EquatableArray<string> names) =>
        names.Count == family.Members.Count ? "all members" : string.Join(", ", names);

    static void Reported(Document sheet, ReportedTable reported)
    {
        var columns = new Columns("l" + new string('r', reported.Metrics.Count)).Titled(["", .. reported.Metrics]);
        foreach (var row in reported.Rows)
            columns.Row([row.Name, .. row.Figures.Select(figure => figure is { } value ? CanonicalNumber.Of(value) : None)]);
        sheet.Heading($"reported in {reported.Source}").Table(columns);
    }

    static void Identities(Document sheet, ResolvedFamily family)
    {
        var columns = new Columns("lll").Titled("", "architecture", "with recipe");
        foreach (var member in family.Members) columns.Row(member.Name, member.Model.Fingerprint, member.Identity.Recipe);
        sheet.Heading("fingerprints").Table(columns);
    }
}
