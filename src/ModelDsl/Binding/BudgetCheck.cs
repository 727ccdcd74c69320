using System.Globalization;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>Holds what a model comes to against what its spec allows. An excess is an error of the spec, and the model is whole.</summary>
static class BudgetCheck
{
    const int BFloat16 = 2;

    public static void Check(Scope scope, BudgetSpec budget, ResolvedModel model)
    {
        var max = (MappingNode)((MappingNode)scope.Merged.Get("budget")!).Get("max")!;
        void Over(Node place, string what, string found, string allowed, (string Name, string Figure) largest) =>
            scope.Report(Diagnostics.OverBudget, [place, max], what, found, allowed, largest.Name, largest.Figure);

        if (budget.Parameters is { } parameters && model.ParameterCount > parameters)
            Over(max.Get("parameters")!, "the model has", Figures.Count(model.ParameterCount) + " parameters",
                parameters.ToString("#,0.##", CultureInfo.InvariantCulture), Largest(Parts(Census.Of(model))));
        if (budget.Trainable is { } share && model.Distillation?.LastStage is { } stage && stage.TrainedCount > share * stage.TotalCount)
            Over(max.Get("trainable")!, $"the stage {Quote.Of(Words.Of(stage.Spec.Kind))} trains",
                $"{Figures.Percent(stage.Percent)} ({Figures.Count(stage.TrainedCount)} of {Figures.Count(stage.TotalCount)} parameters)",
                Figures.Percent(100 * share), Largest(Groups(model, stage)));
        if (budget.Cache is { } cache)
        {
            var costs = Costs.Of(model);
            var found = costs.CacheBytes(cache.Tokens, BFloat16);
            if (found > cache.Bytes)
                Over(((MappingNode)max.Get("cache")!).Get("size")!, $"one sequence of {Figures.Count(cache.Tokens)} tokens keeps", Bytes(found), Bytes(cache.Bytes),
                    Largest([("the KV caches", costs.KvBytes(cache.Tokens, BFloat16)), ("the Mamba-2 states", costs.StateBytes(BFloat16))], Bytes));
        }
    }

    static IEnumerable<(string, decimal)> Parts(Census census) =>
    [
        ("vision", census.Vision.Parameters), ("embeddings and head", census.Embeddings.Parameters),
        .. census.Mixers.Select(mixers => (mixers.Kind.Word, (decimal)mixers.Tally.Parameters)),
        ("mlp", census.Mlp.Parameters), ("norms", census.Norms.Parameters),
    ];

    static IEnumerable<(string, decimal)> Groups(ResolvedModel model, ResolvedStage stage)
    {
        // The first two stages train the mixers of every layer, the last one those that the placement converts.
        var end = stage.Spec.Kind == StageKind.EndToEnd;
        var tensors = end ? model.Tensors.Where(tensor => tensor.Layer >= 0 && model.Layers[tensor.Layer].Mixer.Kind.Converts) : model.Distillation!.ConvertedTensors;
        return tensors.Where(tensor => stage.Spec.Train.Contains(tensor.Group)).GroupBy(tensor => tensor.Group)
            .Select(group => (Quote.Of(Words.Of(group.Key)), (decimal)group.Sum(tensor => tensor.Size)));
    }

    static (string, string) Largest(IEnumerable<(string Name, decimal Size)> terms, Func<decimal, string>? figure = null)
    {
        var (name, size) = terms.OrderByDescending(term => term.Size).First();
        return (name, (figure ?? Figures.Count)(size));
    }

    static string Bytes(decimal bytes) => bytes < 1024 ? Figures.Bytes(bytes) : $"{Figures.Bytes(bytes)} ({Figures.Count(bytes)} B)";
}
