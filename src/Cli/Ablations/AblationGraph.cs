using System.Globalization;
using MmMamba.Cli.Specs;
using MmMamba.ModelDsl.Architecture;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;

namespace MmMamba.Cli.Ablations;

/// <summary>A piece of work that is done once, whoever needs it: a stage's run, or the questions that a model is asked.</summary>
/// <param name="Path">Its place in the run's folder: a folder for a stage, a file for answers.</param>
/// <param name="Stage">The stage; null asks questions.</param>
/// <param name="Identity">What it begins from and how it trains, as a digest; the model's with its recipe for questions.</param>
/// <param name="Seed">Keys its draws.</param>
/// <param name="Model">The model; null for the teacher.</param>
/// <param name="After">What has to be done before; null begins from the seeds.</param>
sealed record AblationJob(string Path, StageKind? Stage, string Identity, ulong Seed, NamedModel? Model, AblationJob? After)
{
    /// <summary>Members that need it.</summary>
    public List<string> Members { get; } = [];

    /// <summary>The file that says that it is done.</summary>
    public string Result => Stage is { } stage ? System.IO.Path.Combine(Path, FileOf(stage)) : Path;

    /// <summary>The file that a stage leaves.</summary>
    public static string FileOf(StageKind stage) => stage == StageKind.EndToEnd ? "student.safetensors" : "mixers.safetensors";

    /// <summary>What it is, in a few words.</summary>
    public string Title => Stage is null ? $"ask {System.IO.Path.GetFileNameWithoutExtension(Path)}" : System.IO.Path.GetFileName(Path);

    /// <inheritdoc/>
    public override string ToString() => Title;
}

/// <summary>The work of an ablation, each piece once: stages are shared by what they begin from and how they train, questions by model and recipe.</summary>
static class AblationGraph
{
    /// <summary>All work, what others wait for before them.</summary>
    public static IReadOnlyList<AblationJob> Build(AblationSource source, Ablation ablation)
    {
        var jobs = new Dictionary<string, AblationJob>(StringComparer.Ordinal);
        Add(new(Ablation.TeacherAnswers, null, "teacher", 0, null, null), ablation.Teacher);
        foreach (var seed in ablation.AllSeeds)
        {
            Ask(source.Linear, ModelIdentity.Of(source.Linear.Resolved), seed, source.Linear.Plan.Name, null);
            foreach (var family in source.Families)
                foreach (var (member, model) in family.Family.Members.Zip(family.Members))
                {
                    var name = $"{family.Family.Name}.{member.Name}";
                    AblationJob? after = null;
                    var run = model.Plan.RecipeOf().Run;
                    for (var i = 0; i < run.Count; i++)
                        after = Add(new(Place(run[i], member.Identity.Stages[i], name, seed), run[i], member.Identity.Stages[i], seed, model, after), name);
                    Ask(model, member.Identity, seed, name, after);
                }
        }
        return [.. jobs.Values];

        void Ask(NamedModel model, ModelIdentity identity, ulong seed, string name, AblationJob? after) =>
            Add(new(ablation.AnswersOf(identity.Recipe, seed), null, identity.Recipe, seed, model, after), name);

        // Under the first member that needs it.
        string Place(StageKind stage, string identity, string member, ulong seed) =>
            jobs.Values.FirstOrDefault(job => job.Stage == stage && job.Identity == identity && job.Seed == seed)?.Path
            ?? string.Create(CultureInfo.InvariantCulture, $"stages/{stage.NameOf()}-{member}-seed{seed}");

        AblationJob Add(AblationJob job, string member)
        {
            if (!jobs.TryGetValue(job.Path, out var known)) jobs[job.Path] = known = job;
            if (!known.Members.Contains(member)) known.Members.Add(member);
            return known;
        }
    }
}
