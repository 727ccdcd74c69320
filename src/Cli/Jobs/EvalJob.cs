using MmMamba.Cli.Specs;
using MmMamba.Models;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Evaluation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Text;

namespace MmMamba.Cli.Jobs;

/// <summary>What is to be evaluated.</summary>
/// <param name="Checkpoints">The models' checkpoints, at least one.</param>
/// <param name="Model">The spec that they must fit; null takes what they say.</param>
/// <param name="Teacher">The teacher's checkpoint; null leaves out what needs one.</param>
/// <param name="Linear">The linear model whose beginning is the measure of what is closed; null takes the built-in one of the teacher.</param>
/// <param name="Tokenizer">A tokenizer.model; null takes the one beside the first checkpoint, or the tiny models'.</param>
/// <param name="Resamples">How often the conversations are drawn again.</param>
sealed record EvalRequest(IReadOnlyList<string> Checkpoints, string? Model, string? Teacher, string? Linear, string? Tokenizer, int Resamples);

/// <summary>A checkpoint that was asked.</summary>
/// <param name="Checkpoint">Its path.</param>
/// <param name="Plan">The model that it is.</param>
/// <param name="Chain">Where its weights come from; null where it is not told.</param>
/// <param name="Answers">Its answers.</param>
sealed record EvaluatedModel(string Checkpoint, ModelPlan Plan, ArtefactChain? Chain, ModelAnswers Answers)
{
    /// <summary>What the checkpoint says that it was trained on; empty where it says nothing.</summary>
    public IReadOnlyList<string> TrainedOn => Chain is null ? [] : [.. Chain.Stages.Where(stage => !stage.Skipped).Select(stage => stage.Data).Distinct()];
}

/// <summary>What an evaluation came to.</summary>
/// <param name="Models">The models in the order in which they were named.</param>
/// <param name="Teacher">The teacher; null if none was named.</param>
/// <param name="Linear">The seeded linear model's answers; null if there is none.</param>
/// <param name="Tokenizer">The models'.</param>
/// <param name="Figures">All figures.</param>
/// <param name="Notes">What a reader should know, a line each.</param>
sealed record EvalOutcome(
    IReadOnlyList<EvaluatedModel> Models, EvaluatedModel? Teacher, ModelAnswers? Linear, ChatTokenizer Tokenizer, EvaluationFigures Figures, IReadOnlyList<string> Notes)
{
    /// <summary>Each later model against the first one.</summary>
    public IEnumerable<EvaluationDifference> Differences => Models.Skip(1).SelectMany(model => Figures.Differences(Models[0].Answers, model.Answers));
}

/// <summary>Asks models the same questions about pictures that no training shows, one model after the other beside the teacher.</summary>
sealed class EvalJob(EvalRequest request, RunSettings settings, CancellationToken cancellation)
{
    readonly List<(ModelPlan Plan, ulong Seed, ModelAnswers Answers)> _seeded = [];
    readonly List<string> _notes = [];

    public EvalOutcome Run()
    {
        // What can be refused is, before anything is computed.
        var plans = request.Checkpoints.Select(PlanOf).ToArray();
        var names = plans.Select(plan => plan.Name).Distinct().Count() == plans.Length ? plans.Select(plan => plan.Name).ToArray() : [.. request.Checkpoints];
        var tokenizer = Tokenizers.For(plans[0], request.Checkpoints[0], request.Tokenizer);
        var chains = request.Checkpoints.Select(ChainOf).ToArray();
        var teacherPlan = request.Teacher is { } path ? CheckpointSpec.PlanOf(path) : null;
        var linearPlan = teacherPlan is null ? null : LinearOf(teacherPlan);
        foreach (var plan in (IEnumerable<ModelPlan?>)[.. plans, teacherPlan, linearPlan])
            if (plan is not null) _ = new Runtime.Data.ConversationEncoder(plan, tokenizer);
        settings.Data.RequireHeldOut(settings.TestConversations, cancellation);

        using var teacher = teacherPlan is null ? null : Checkpoint.Load(teacherPlan, request.Teacher!, settings.Device);
        var asked = teacher is null ? null : new EvaluatedModel(request.Teacher!, teacherPlan!, null, Answers("teacher", teacher, teacher, tokenizer));
        var linear = linearPlan is null ? null : Seeded(linearPlan, settings.Seed, teacher!, tokenizer);
        var models = new List<EvaluatedModel>();
        for (var i = 0; i < plans.Length; i++)
        {
            using var model = Checkpoint.Load(plans[i], request.Checkpoints[i], settings.Device);
            var answers = Answers(names[i], model, teacher, tokenizer);
            if (teacher is not null && plans[i].Teacher == teacherPlan!.Name) answers = answers with { Seeded = Seeded(plans[i], chains[i]?.Seed ?? settings.Seed, teacher, tokenizer) };
            models.Add(new(request.Checkpoints[i], plans[i], chains[i], answers));
            NoteOtherData(names[i], models[i]);
        }
        if (teacher is not null && chains.OfType<ArtefactChain>().Any()) NoteOtherTeachers(TeacherIdentity.Of(teacher).Hash, names, chains);
        var figures = new EvaluationFigures([.. models.Select(model => model.Answers)], tokenizer, asked?.Answers, linear, request.Resamples, settings.Seed);
        return new(models, asked, linear, tokenizer, figures, _notes);
    }

    ModelPlan PlanOf(string checkpoint)
    {
        var plan = request.Model is { } spec ? SpecLibrary.Find(spec).Model.Plan : CheckpointSpec.PlanOf(checkpoint);
        using var fits = new CheckpointParameters(checkpoint, plan);
        return plan;
    }

    static ArtefactChain? ChainOf(string checkpoint)
    {
        using var files = CheckpointFiles.Open(checkpoint);
        return ImportJob.ChainOf(checkpoint, files) is { } chain ? ArtefactChain.Parse(chain) : null;
    }

    ModelPlan? LinearOf(ModelPlan teacher)
    {
        if (request.Linear is { } spec)
        {
            var named = SpecLibrary.Find(spec).Model.Plan;
            return IsLinearOf(named) ? named : throw new InputException($"{spec}: is no linear student of {teacher.Name}; --linear names a model whose layers are all Mamba-2 and whose teacher is {teacher.Name}.");
        }
        return PublishedModels.Find(teacher.Name)?.Plan.Fingerprint == teacher.Fingerprint
            ? PublishedModels.All.Select(model => model.Plan).FirstOrDefault(IsLinearOf)
            : null;

        bool IsLinearOf(ModelPlan plan) => plan.Teacher == teacher.Name && plan.Layers.All(layer => layer.Mixer is Mamba2Plan);
    }

    ModelAnswers Answers(string name, VisionLanguageModel model, VisionLanguageModel? teacher, ChatTokenizer tokenizer) =>
        new(name, Evaluator.Answer(model, Judge.Questions(new(model.Plan, tokenizer), settings, cancellation), teacher, cancellation: cancellation));

    // Models of one plan and seed begin alike.
    ModelAnswers Seeded(ModelPlan plan, ulong seed, VisionLanguageModel teacher, ChatTokenizer tokenizer)
    {
        if (_seeded.FirstOrDefault(one => one.Plan == plan && one.Seed == seed).Answers is { } known) return known;
        using var model = new VisionLanguageModel(plan, new SeededParameters(teacher, seed));
        var answers = Answers($"{plan.Name}, seeded", model, teacher, tokenizer);
        _seeded.Add((plan, seed, answers));
        return answers;
    }

    // The names of data sets are all that a checkpoint tells.
    void NoteOtherData(string name, EvaluatedModel model)
    {
        var others = model.TrainedOn.Where(data => data != settings.Data.Description).ToArray();
        if (others.Length > 0)
            _notes.Add($"{name} was trained on {string.Join(", ", others)}, and is asked about {settings.Data.Description}: whether it has seen these pictures is not known");
    }

    void NoteOtherTeachers(string hash, string[] names, ArtefactChain?[] chains)
    {
        for (var i = 0; i < names.Length; i++)
            if (chains[i] is { } chain && chain.Teacher.Hash != hash)
                _notes.Add($"{names[i]} was made from another {chain.Teacher.Name} than the teacher that is named: what it is compared with is not what it learned");
    }
}
