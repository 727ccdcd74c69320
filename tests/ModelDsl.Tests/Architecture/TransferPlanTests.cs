using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Tests.Architecture;

/// <summary>The transfer seen from both sides; a gap on either is refused.</summary>
public class TransferPlanTests
{
    const string Attention = "embedding_model.encoder.1.attention.", Fused = Attention + "wqkv.weight";

    static readonly ResolvedModel Scratch = Resolver.Resolve(Published.HybridSpec with { Seed = new(SeedKind.Scratch, 1) }, Published.Hovle);

    static ResolvedModel Changed(Func<ResolvedTensor, ResolvedTensor?> change, ResolvedModel? student = null) =>
        (student ?? Published.Hybrid) with { Tensors = (student ?? Published.Hybrid).Tensors.Select(change).OfType<ResolvedTensor>().ToEquatableArray() };

    static string Refused(ResolvedModel student) => Assert.Throws<ArgumentException>(() => TransferPlan.Of(student, Published.Hovle)).Message;

    [Fact]
    public void Both_sides_are_listed_whole_and_in_order()
    {
        var plan = TransferPlan.Of(Published.Hybrid, Published.Hovle);
        Assert.Equal(("MmMambaHybrid", "Hovle"), (plan.Student, plan.Teacher));
        Assert.Equal(
            Published.Hybrid.Tensors.Select(tensor => (tensor.Name, tensor.Shape, tensor.Group, tensor.Layer, tensor.Origin)),
            plan.StudentRows.Select(row => (row.Name, row.Shape, row.Group, row.Layer, row.Origin)));
        Assert.Equal(Published.Hovle.Tensors.Select(tensor => (tensor.Name, tensor.Shape)), plan.TeacherRows.Select(row => (row.Name, row.Shape)));
        Assert.All(plan.TeacherRows, row => Assert.Equal(TeacherFate.Consumed, row.Fate));
        Assert.All(plan.TeacherRows, row => Assert.Null(row.Reason));
    }

    [Fact]
    public void A_row_tells_where_its_tensor_comes_from()
    {
        var plan = TransferPlan.Of(Published.Hybrid, Published.Hovle);
        StudentRow Row(string name) => plan.StudentRows.Single(row => row.Name == Attention + name);
        Assert.Equal((OriginKind.Sliced, Fused, new Sliced(Fused, 256, 128, 512)), (Row("k_proj.weight").Kind, Row("k_proj.weight").Source, Row("k_proj.weight").Rows));
        Assert.Equal((OriginKind.Copied, Attention + "wo.weight", null), (Row("o_proj.weight").Kind, Row("o_proj.weight").Source, Row("o_proj.weight").Rows));
        Assert.Equal((OriginKind.Drawn, null, null), (Row("dt_bias").Kind, Row("dt_bias").Source, Row("dt_bias").Rows));
        Assert.Equal(
            [Attention + "q_proj.weight", Attention + "k_proj.weight", Attention + "v_proj.weight"],
            plan.TeacherRows.Single(row => row.Name == Fused).Readers);
    }

    [Fact]
    public void Scratch_drops_the_fused_projections_of_converted_layers_and_says_why()
    {
        var plan = TransferPlan.Of(Scratch, Published.Hovle);
        var dropped = plan.TeacherRows.Where(row => row.Fate == TeacherFate.Dropped).ToArray();
        Assert.Equal(24, dropped.Length);
        Assert.Equal(Scratch.DroppedFromTeacher, plan.Dropped);
        Assert.All(dropped, row => Assert.Equal((TensorGroup.Qkv, 0), (row.Group, row.Readers.Count)));
        Assert.All(dropped, row => Assert.Equal("the layer becomes mamba2, and seed scratch draws its query, key and value", row.Reason));
        Assert.All(dropped, row => Assert.IsType<ResolvedMamba2>(Scratch.Layers[row.Layer].Mixer));
    }

    [Fact]
    public void A_tensor_of_the_teacher_that_nothing_reads_is_an_orphan()
    {
        var message = Refused(Changed(tensor => tensor.Name == "language_model.model.norm.weight" ? null : tensor));
        Assert.Contains("language_model.model.norm.weight is an orphan, and nothing reads it", message);
    }

    [Fact]
    public void Rows_that_nothing_reads_make_an_orphan()
    {
        var message = Refused(Changed(tensor => tensor.Name == Attention + "k_proj.weight" ? tensor with { Origin = Draws.Zero } : tensor));
        Assert.Contains($"{Fused} is an orphan, and {Attention}q_proj.weight, {Attention}v_proj.weight read rows of it", message);
    }

    [Fact]
    public void A_gap_is_found_wherever_it_lies_in_the_block()
    {
        foreach (var name in new[] { "q_proj.weight", "k_proj.weight", "v_proj.weight" })
            Assert.Contains("is an orphan", Refused(Changed(tensor => tensor.Name == Attention + name ? tensor with { Origin = Draws.Zero } : tensor)));
    }

    [Fact]
    public void What_is_dropped_is_not_read()
    {
        var message = Refused(Changed(
            tensor => tensor.Name == Attention + "q_proj.weight" ? tensor with { Origin = new Sliced(Fused, 0, 256, 512) } : tensor, Scratch));
        Assert.Contains($"{Fused} is dropped (the layer becomes mamba2, and seed scratch draws its query, key and value), and {Attention}q_proj.weight reads rows", message);
    }

    [Fact]
    public void A_tensor_of_the_student_without_its_source_is_refused()
    {
        var message = Refused(Changed(tensor => tensor.Name == Attention + "o_proj.weight" ? tensor with { Origin = new Copied("nowhere") } : tensor));
        Assert.Contains("o_proj.weight comes from nowhere, which Hovle does not have", message);
    }

    [Fact]
    public void A_plan_is_of_the_teacher_that_the_student_names()
    {
        Assert.Contains("is distilled from Hovle, not from MmMambaLinear", Assert.Throws<ArgumentException>(() => TransferPlan.Of(Published.Hybrid, Published.Linear)).Message);
        Assert.Contains("has no teacher", Assert.Throws<ArgumentException>(() => TransferPlan.Of(Published.Hovle, Published.Hovle)).Message);
    }
}
