using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Tests.Architecture;

/// <summary>The published models' sizes, exactly.</summary>
public class ParameterCountTests
{
    [Fact]
    public void Teacher()
    {
        Assert.Equal(2_606_327_808, Published.Hovle.ParameterCount);
        Assert.Equal(236, Published.Hovle.Tensors.Count);
    }

    [Fact]
    public void Linear()
    {
        Assert.Equal(2_741_992_448, Published.Linear.ParameterCount);
        Assert.Equal(236 + 32 * 9, Published.Linear.Tensors.Count);
    }

    [Fact]
    public void Hybrid()
    {
        Assert.Equal(2_708_076_288, Published.Hybrid.ParameterCount);
        Assert.Equal(236 + 24 * 9, Published.Hybrid.Tensors.Count);
    }

    [Theory]
    [InlineData(1, 2_737_752_928)]
    [InlineData(2, 2_733_513_408)]
    [InlineData(4, 2_725_034_368)]
    [InlineData(8, 2_708_076_288)]
    [InlineData(32, 2_606_327_808)]
    public void Retained_layers_cost_their_own(int retained, long parameters) =>
        Assert.Equal(parameters, Resolver.Resolve(Published.Keeping(Placement.Interleaved(32, retained, true)), Published.Hovle).ParameterCount);

    [Fact]
    public void Stages_one_and_two_train_the_fully_converted_form_whatever_the_placement()
    {
        foreach (var model in new[] { Published.Linear, Published.Hybrid })
        {
            var stages = model.Distillation!.Stages;
            Assert.Equal((135_664_640, 2_741_992_448), (stages[0].TrainedCount, stages[0].TotalCount));
            Assert.Equal((404_100_096, 2_741_992_448), (stages[1].TrainedCount, stages[1].TotalCount));
        }
    }

    [Fact]
    public void Stage_three_trains_the_converted_layers()
    {
        Assert.Equal(404_100_096, Published.Linear.Distillation!.Stages[2].TrainedCount);
        Assert.Equal(303_075_072, Published.Hybrid.Distillation!.Stages[2].TrainedCount);
        Assert.Equal(2_708_076_288, Published.Hybrid.Distillation!.Stages[2].TotalCount);
    }

    [Fact]
    public void Retained_output_projections_stay_frozen()
    {
        var spec = Published.HybridSpec;
        var stage = spec.Distill!.Stages[2] with { Train = [TensorGroup.Output] };
        var model = Resolver.Resolve(spec with { Distill = spec.Distill with { Stages = [stage] } }, Published.Hovle);
        Assert.Equal(24L * 2048 * 2048, model.Distillation!.Stages[0].TrainedCount);
    }
}
