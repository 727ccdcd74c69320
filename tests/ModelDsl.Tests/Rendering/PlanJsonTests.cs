using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Rendering;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Tests.Architecture;
using RuntimePlan = MmMamba.Runtime.Plans;

namespace MmMamba.ModelDsl.Tests.Rendering;

/// <summary>A plan's text is the same from both sides, and holds all of it.</summary>
public class PlanJsonTests
{
    public static TheoryData<string> Models => ["Hovle", "Linear", "Hybrid", "Scratch", "EverySwitch", "NoConv", "OddTexts", "OddNumbers"];

    static ResolvedModel Model(string name)
    {
        var linear = Published.LinearSpec;
        return name switch
        {
            "Hovle" => Published.Hovle,
            "Linear" => Published.Linear,
            "Hybrid" => Published.Hybrid,
            "Scratch" => Resolver.Resolve(linear with { Seed = new(SeedKind.Scratch, 1) }, Published.Hovle),
            "EverySwitch" => Resolver.Resolve(Published.With(new(4, 64, false, false, false, true, true)), Published.Hovle),
            "NoConv" => Resolver.Resolve(Published.With(Published.MainMixer with { Conv = 0 }) with { Distill = null }, Published.Hovle),
            "OddTexts" => Resolver.Resolve(Published.HovleSpec with
            {
                Summary = "quote \" backslash \\ newline \n tab \t nul \0 next line \u0085 你好 😀 </script>",
                Tokens = Published.HovleSpec.Tokens with { System = "" },
            }),
            "OddNumbers" => Resolver.Resolve(linear with
            {
                Distill = linear.Distill! with
                {
                    Clip = 1_000_000_000_000_000_000_000m,
                    Optimizer = new(0.9000m, 0.1234567890123456789012345678m, 0.0000000000000000000000000001m, -0.0m),
                    Schedule = new(ScheduleKind.Cosine, 0.0123456789012345678901m, 0),
                },
            }, Published.Hovle),
            _ => throw new ArgumentOutOfRangeException(nameof(name)),
        };
    }

    [Theory, MemberData(nameof(Models))]
    public void Reading_and_writing_gives_the_same_bytes(string name)
    {
        var text = PlanJson.Render(Model(name));
        Assert.Equal(text, RuntimePlan.PlanJson.Write(RuntimePlan.PlanJson.Parse(text)));
    }

    [Theory, MemberData(nameof(Models))]
    public void What_is_read_is_what_was_resolved(string name)
    {
        var model = Model(name);
        var plan = RuntimePlan.PlanJson.Parse(PlanJson.Render(model));

        Assert.Equal(
            (model.Name, model.Summary, model.Teacher, model.Fingerprint, model.Hidden, model.Checkpoint, model.ParameterCount),
            (plan.Name, plan.Summary, plan.Teacher, plan.Fingerprint, plan.HiddenSize, plan.Checkpoint, plan.ParameterCount));
        Assert.Equal((model.Tokens.Vocab, model.Tokens.Image, model.Tokens.Template, model.Tokens.System),
            (plan.Tokens.Vocab, plan.Tokens.Image, plan.Tokens.Template, plan.Tokens.System));
        Assert.Equal(model.TokensPerTile, plan.Vision.TokensPerTile);
        Assert.Equal(model.DroppedFromTeacher, plan.DroppedFromTeacher);
        Assert.Equal(model.Layers.Select(Same), plan.Layers.Select(Same));
        Assert.Equal(model.Tensors.Select(Same), plan.Tensors.Select(Same));
        Assert.Equal(model.Distillation is null, plan.Distillation is null);
        if (model.Distillation is not { } recipe) return;
        Assert.Equal(recipe.ConvertedFingerprint, plan.Distillation!.ConvertedFingerprint);
        Assert.Equal(recipe.ConvertedLayers.Select(Same), plan.Distillation.ConvertedLayers.Select(Same));
        Assert.Equal(recipe.ConvertedTensors.Select(Same), plan.Distillation.ConvertedTensors.Select(Same));
        Assert.Equal(recipe.Stages.Select(stage => (stage.TrainedCount, stage.TotalCount)), plan.Distillation.Stages.Select(stage => (stage.TrainedCount, stage.TotalCount)));
        Assert.Equal(recipe.Run.Select(kind => (int)kind), plan.Distillation.Run.Select(kind => (int)kind));
    }

    static string Same(ResolvedLayer layer) => $"{layer.Index} {layer.Tower} {layer.LocalIndex} {layer.Source} {layer.MlpHidden} {(double)layer.NormEps} " + layer.Mixer switch
    {
        ResolvedAttention a => $"{a.Heads} {a.KvHeads} {a.HeadDim} {(double)a.RopeTheta} {a.MaxPositions} {(double?)a.DynamicFactor}",
        ResolvedMamba2 m => $"{m.Heads} {m.KvHeads} {m.HeadDim} {m.Conv} {m.Chunk} {m.Gate} {m.GateNorm} {m.Decay} {m.Skip} {m.QkNorm} {(double)m.NormEps}",
        _ => "",
    };

    static string Same(RuntimePlan.LayerPlan layer) => $"{layer.Index} {layer.Tower} {layer.LocalIndex} {layer.Source} {layer.MlpHidden} {layer.NormEps} " + layer.Mixer switch
    {
        RuntimePlan.AttentionPlan a => $"{a.Heads} {a.KvHeads} {a.HeadDim} {a.RopeTheta} {a.MaxPositions} {a.DynamicFactor}",
        RuntimePlan.Mamba2Plan m => $"{m.Heads} {m.KvHeads} {m.HeadDim} {m.Conv} {m.Chunk} {m.Gate} {m.GateNorm} {m.Decay} {m.Skip} {m.QkNorm} {m.NormEps}",
        _ => "",
    };

    static string Same(ResolvedTensor tensor) => $"{tensor.Name} {string.Join('x', tensor.Shape)} {tensor.Group} {tensor.Layer} " + tensor.Origin switch
    {
        Copied copied => $"copied {copied.From}",
        Sliced sliced => $"sliced {sliced.From} {sliced.First} {sliced.Rows} {sliced.Stride}",
        Drawn drawn => $"drawn {drawn.Draw} {(double)drawn.A:R} {(double)drawn.B:R}",
        _ => "",
    };

    static string Same(RuntimePlan.TensorPlan tensor) => $"{tensor.Name} {string.Join('x', tensor.Shape)} {tensor.Group} {tensor.Layer} " + tensor.Origin switch
    {
        RuntimePlan.Copied copied => $"copied {copied.From}",
        RuntimePlan.Sliced sliced => $"sliced {sliced.From} {sliced.First} {sliced.Rows} {sliced.Stride}",
        RuntimePlan.Drawn drawn => $"drawn {drawn.Draw} {drawn.A:R} {drawn.B:R}",
        _ => "",
    };
}
