using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>Binds what makes a student: teacher, seed and recipe.</summary>
static class DistillBinder
{
    public static (string? Teacher, SeedSpec? Seed, DistillSpec? Distill) Bind(Scope scope, List<Tower> towers, LayersSpec layers)
    {
        var root = scope.Merged;
        var (teacher, seed, distill) = (root.Get("teacher"), root.Get("seed"), root.Get("distill"));
        if (teacher is null)
        {
            foreach (var key in new[] { "seed", "distill" })
                if (root.Get(key) is not null) scope.Report(Diagnostics.NoTeacher, [root.Find(key)!.Key, root.Find("teacher")?.Value], key);
            return default;
        }
        if (seed is null) Incomplete(scope, "seed", "`scratch`, `inherit` or `mimic`");
        if (distill is null) Incomplete(scope, "distill", "optimizer, clip, schedule, stages and run");
        if (!layers.Converts)
            scope.Report(Diagnostics.NothingToDistil, [root.Find("layers")!.Value, root.Find("teacher")!.Value]);
        if (seed is null || distill is null || scope.HasErrors) return default;
        return (ModelBinder.Text(teacher), Seed(seed), Distill(scope, (MappingNode)distill, towers, layers));
    }

    static void Incomplete(Scope scope, string key, string expected) => scope.Report(
        Diagnostics.IncompleteStudent, [scope.Merged.Find(key)?.Value, scope.Merged.Find("teacher")!.Value], Quote.Of(key), expected);

    static SeedSpec Seed(Node seed)
    {
        var (name, entry) = Overlay.CaseOf(seed)!.Value;
        var kind = name switch { "scratch" => SeedKind.Scratch, "inherit" => SeedKind.Inherit, _ => SeedKind.Mimic };
        return new(kind, (entry?.Value as MappingNode)?.Get("decay_log") is { } decay ? ModelBinder.Number(decay) : 1m);
    }

    static DistillSpec Distill(Scope scope, MappingNode distill, List<Tower> towers, LayersSpec layers)
    {
        var stages = new List<StageSpec>();
        var declared = (MappingNode)distill.Get("stages")!;
        for (var i = 0; i < SpecShape.Stages.Count; i++)
            if (declared.Get(SpecShape.Stages[i]) is MappingNode stage)
                stages.Add(Stage(scope, SpecShape.Stages[i], (StageKind)i, stage, towers, layers));
        return new(
            Optimizer((MappingNode)distill.Get("optimizer")!), ModelBinder.Number(distill.Get("clip")!), Schedule(scope, distill.Get("schedule")!),
            [.. stages], Run(scope, (SequenceNode)distill.Get("run")!, declared));
    }

    static AdamWSpec Optimizer(MappingNode optimizer)
    {
        var adamw = (MappingNode)optimizer.Entries[0].Value;
        var betas = (SequenceNode)adamw.Get("betas")!;
        return new(ModelBinder.Number(betas.Items[0]), ModelBinder.Number(betas.Items[1]),
            adamw.Get("eps") is { } eps ? ModelBinder.Number(eps) : 1e-8m, ModelBinder.Number(adamw.Get("weight_decay")!));
    }

    static ScheduleSpec Schedule(Scope scope, Node schedule)
    {
        var (name, entry) = Overlay.CaseOf(schedule)!.Value;
        var shares = entry?.Value as MappingNode;
        decimal Share(string key) => shares?.Get(key) is { } node ? ModelBinder.Share(node) : 0;
        var (warmup, decay) = (Share("warmup"), Share("decay"));
        if (warmup + decay > 1) scope.Report(Diagnostics.ScheduleAboveWhole, [shares!.Get("decay"), shares.Get("warmup")]);
        var kind = name switch { "wsd" => ScheduleKind.Wsd, "cosine" => ScheduleKind.Cosine, "linear" => ScheduleKind.Linear, _ => ScheduleKind.Constant };
        return new(kind, warmup, decay);
    }

    static StageSpec Stage(Scope scope, string name, StageKind kind, MappingNode stage, List<Tower> towers, LayersSpec layers)
    {
        var (loss, entry) = Overlay.CaseOf(stage.Get("loss")!)!.Value;
        var fitting = kind == StageKind.EndToEnd ? "logits_kl" : "mixer_mse";
        if (loss != fitting)
            scope.Report(Diagnostics.LossOfStage, [entry?.Key ?? stage.Get("loss"), stage.Find("loss")!.Key], Quote.Of(name), Quote.Of(loss),
                fitting == "mixer_mse" ? "`loss: { mixer_mse: 1000 }`" : "`loss: { logits_kl: { temperature: 1 } }`");
        var value = entry?.Value switch
        {
            ScalarNode factor => ModelBinder.Number(factor),
            MappingNode settings when settings.Get("temperature") is { } temperature => ModelBinder.Number(temperature),
            _ => 1m,
        };
        var kl = entry?.Value as MappingNode;
        return new(kind, Train(scope, name, kind, (SequenceNode)stage.Get("train")!, towers, layers),
            loss == "logits_kl" ? LossKind.LogitsKl : LossKind.MixerMse, value,
            ModelBinder.Number(stage.Get("lr")!), ModelBinder.Integer(stage.Get("batch")!), ModelBinder.Integer(stage.Get("steps")!))
        {
            PerToken = kl?.Get("per") is { } per && ModelBinder.Text(per) == "token",
            PromptWeight = kl?.Get("prompt_weight") is { } weight ? ModelBinder.Number(weight) : 1m,
            PaddingCounts = stage.Get("padding") is { } padding && ModelBinder.Text(padding) == "counted",
        };
    }

    static EquatableArray<TensorGroup> Train(
        Scope scope, string stage, StageKind kind, SequenceNode train, List<Tower> towers, LayersSpec layers)
    {
        // The first two stages convert every layer, the last one those that the placement converts.
        var each = layers.Each();
        var mixers = towers.SelectMany(tower => tower.Spec.Each())
            .Where((_, layer) => kind != StageKind.EndToEnd || each[layer].Kind.Converts)
            .Select(layer => layer.Of<Mamba2Spec>()).Distinct().ToList();
        var groups = new SortedSet<TensorGroup>();
        foreach (var item in train.Items)
        {
            var word = ModelBinder.Text(item)!;
            if (word == SpecShape.Introduced)
            {
                for (var group = TensorGroup.Gate; group <= TensorGroup.QkNorm; group++)
                    if (mixers.Any(mixer => Has(mixer, group))) groups.Add(group);
                continue;
            }
            var named = (TensorGroup)SpecShape.Groups.ToList().IndexOf(word);
            if (!mixers.Any(mixer => Has(mixer, named)))
                scope.Report(Diagnostics.AbsentGroup, [item, (scope.Own.Get("mamba2") as MappingNode)?.Find(word)?.Value, scope.Own.Find("mamba2")?.Key], Quote.Of(word));
            else if (named == TensorGroup.Output && kind != StageKind.EndToEnd)
                scope.Report(Diagnostics.OutOfReach, item, Quote.Of(stage), Quote.Of(word));
            groups.Add(named);
        }
        return [.. groups];
    }

    static bool Has(Mamba2Spec mixer, TensorGroup group) => group switch
    {
        TensorGroup.Gate => mixer.Gate,
        TensorGroup.GateNorm => mixer.GateNorm,
        TensorGroup.Conv => mixer.Conv > 0,
        TensorGroup.Decay => mixer.Decay,
        TensorGroup.Skip => mixer.Skip,
        TensorGroup.QkNorm => mixer.QkNorm,
        _ => true,
    };

    static EquatableArray<StageKind> Run(Scope scope, SequenceNode run, MappingNode declared)
    {
        var kinds = new List<StageKind>();
        var last = -1;
        foreach (var item in run.Items)
        {
            var name = ModelBinder.Text(item)!;
            var order = SpecShape.Stages.ToList().IndexOf(name);
            if (declared.Get(name) is null) scope.Report(Diagnostics.UndeclaredStage, [item, declared.Find(name)?.Value], Quote.Of(name));
            if (order < last) scope.Report(Diagnostics.StageOrder, item, Quote.Of(name), Quote.Of(SpecShape.Stages[last]));
            last = Math.Max(last, order);
            kinds.Add((StageKind)order);
        }
        return [.. kinds];
    }
}
