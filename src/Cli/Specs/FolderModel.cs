using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Specs;

/// <summary>
/// A model as a checkpoint's folder tells of it: its spec in full with those of its teachers that do not come with the tool, and plan and sheet made
/// of these. The same whichever way the spec was written.
/// </summary>
/// <param name="Spec">What the spec says.</param>
/// <param name="Plan">What the engine runs.</param>
/// <param name="Texts">The folder's files by name.</param>
sealed record FolderModel(ModelSpec Spec, ModelPlan Plan, IReadOnlyDictionary<string, string> Texts)
{
    /// <summary>The model of a library as a folder has it. A member of a family becomes a model of its own: <c>Family.Member</c> is <c>FamilyMember</c>.</summary>
    public static FolderModel Of(SpecLibrary library, string name)
    {
        var model = library.Model(name);
        var spec = library.SpecOf(name) with { Name = name.Replace(".", "", StringComparison.Ordinal) };
        var files = new List<(string File, string Text)> { (CheckpointFolder.Spec, CanonicalSpec.Render(spec)) };
        for (var teacher = spec.Teacher; teacher is not null && library.IsOwn(teacher); teacher = library.SpecOf(teacher).Teacher)
            files.Add(($"teacher{(files.Count == 1 ? "" : $"-{files.Count}")}{SpecParser.Extension}", CanonicalSpec.Render(library.SpecOf(teacher))));

        var alone = Library(files);
        for (var i = 0; i < files.Count; i++) files[i] = (files[i].File, Allowed(files[i].Text, alone.Diagnostics.Where(found => found.Path == files[i].File)));
        var own = Library(files).Model(spec.Name);
        if (own.Plan.Fingerprint != model.Plan.Fingerprint)
            throw new InvalidOperationException($"the spec of {name} in full means {own.Plan.Fingerprint} and not {model.Plan.Fingerprint}");
        var texts = files.ToDictionary(file => file.File, file => file.Text);
        texts.Add(CheckpointFolder.Plan, Runtime.Plans.PlanJson.Write(own.Plan));
        texts.Add(CheckpointFolder.Sheet, Sheet.Render(own.Resolved));
        return new(spec, own.Plan, texts);
    }

    static SpecLibrary Library(List<(string File, string Text)> files) =>
        SpecLibrary.Among([.. files.Select(file => SpecParser.Parse(new(file.File, file.Text)))], []);

    // A spec in full says also what no layer reads. That is meant, and its lines say so.
    static string Allowed(string text, IEnumerable<Diagnostic> found)
    {
        var doubts = found.Where(one => one.Severity != Severity.Error).ToLookup(one => one.Span.StartLine, one => one.Id);
        return string.Join('\n', text.Split('\n').Select((line, i) =>
            doubts.Contains(i + 1) ? $"{line}  # mmmodel: allow {string.Join(", ", doubts[i + 1].Distinct())}, as this spec says all" : line));
    }
}
