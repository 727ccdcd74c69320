using MmMamba.Runtime.Layers;

namespace MmMamba.Runtime.Plans;

/// <summary>What every plan keeps to, whoever wrote it: sizes within reason, indices that count up, counts that add up.</summary>
static class PlanRules
{
    public static void Check(ModelPlan plan, string source)
    {
        void Require(bool holds, string place, string expected)
        {
            if (!holds) throw new InputException($"{source}: {place} is out of range; expected was {expected}.");
        }

        Require(plan.HiddenSize > 0, "hidden_size", "a number above 0");
        Require(plan.Tokens.Vocab > 0 && plan.Tokens.Image >= 0 && plan.Tokens.Image < plan.Tokens.Vocab,
            "tokens", "an image id below the vocab");
        var vision = plan.Vision;
        Require(vision.Patch > 0 && vision.Image >= vision.Patch && vision.Image % vision.Patch == 0,
            "vision", "an image side that is a multiple of the patch's");
        Require(vision.MaxTiles > 0 && vision.PixelShuffle is > 0 and <= 1, "vision", "max_tiles above 0 and a pixel_shuffle above 0, at most 1");
        Layers(plan.Layers, "layers", Require);
        Require(Tensors(plan.Tensors, plan.Layers.Count, "tensors", Require) == plan.ParameterCount,
            "parameter_count", "the sum of the tensors' sizes");
        if (plan.Distillation is not { } recipe) return;

        Layers(recipe.ConvertedLayers, "distillation.converted_layers", Require);
        Require(recipe.ConvertedLayers.Count == plan.Layers.Count, "distillation.converted_layers", "as many as there are layers");
        Tensors(recipe.ConvertedTensors, plan.Layers.Count, "distillation.converted_tensors", Require);
        Require(recipe.Schedule is { Warmup: >= 0 and <= 1, Decay: >= 0 and <= 1 }, "distillation.schedule", "shares of the steps, 0 to 1");
        Require(recipe.Stages.Select(stage => stage.Kind).Distinct().Count() == recipe.Stages.Count,
            "distillation.stages", "each stage at most once");
        for (var i = 0; i < recipe.Run.Count; i++)
            Require(recipe.Stages.Any(stage => stage.Kind == recipe.Run[i]) && (i == 0 || recipe.Run[i - 1] < recipe.Run[i]),
                "distillation.run", "declared stages in their order, each at most once");
        for (var i = 0; i < recipe.Stages.Count; i++)
            Require(recipe.Stages[i] is { Batch: > 0, Steps: >= 0, LearningRate: >= 0, TrainedCount: >= 0 },
                $"distillation.stages[{i}]", "a batch above 0 and no negative number");
    }

    static void Layers(PlanList<LayerPlan> layers, string key, Action<bool, string, string> require)
    {
        require(layers.Count > 0, key, "at least one layer");
        for (var i = 0; i < layers.Count; i++)
        {
            var layer = layers[i];
            var local = i > 0 && layers[i - 1].Tower == layer.Tower ? layers[i - 1].LocalIndex + 1 : 0;
            require(layer.Index == i && layer.LocalIndex == local, $"{key}[{i}].index", "indices that count up from 0");
            require(layer.MlpHidden > 0 && layer.NormEps > 0, $"{key}[{i}]", "an MLP width and a norm's epsilon above 0");
            var mixer = layer.Mixer;
            require(mixer is { Heads: > 0, KvHeads: > 0, HeadDim: > 0 } && mixer.Heads % mixer.KvHeads == 0,
                $"{key}[{i}].mixer", "heads that are a multiple of kv_heads");
            require(MixerTypes.Of(mixer).Holds(mixer), $"{key}[{i}].mixer", "sizes above 0 and an even head_dim for attention");
        }
    }

    /// <summary>The sum of the sizes.</summary>
    static long Tensors(PlanList<TensorPlan> tensors, int layers, string key, Action<bool, string, string> require)
    {
        var names = new HashSet<string>(StringComparer.Ordinal);
        var sum = 0L;
        for (var i = 0; i < tensors.Count; i++)
        {
            var (tensor, place) = (tensors[i], $"{key}[{i}]");
            require(tensor.Name.Length > 0 && names.Add(tensor.Name), place + ".name", "a name of its own");
            require(tensor.Layer >= -1 && tensor.Layer < layers, place + ".layer", "a layer's index, or -1");
            require(tensor.Origin is not Sliced slice || (slice.First >= 0 && slice.Rows > 0 && (long)slice.First + slice.Rows <= slice.Stride),
                place + ".origin", "rows within one stride");
            var size = (Int128)1;
            foreach (var extent in tensor.Shape)
            {
                size *= extent;
                require(extent > 0 && size <= long.MaxValue - sum, place + ".shape", "extents above 0 of a size that can be counted");
            }
            sum += (long)size;
        }
        return sum;
    }
}
