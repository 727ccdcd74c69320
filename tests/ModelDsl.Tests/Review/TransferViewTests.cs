using System.Text.Json;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Review;
using MmMamba.ModelDsl.Tests.Architecture;
using MmMamba.Testing;

namespace MmMamba.ModelDsl.Tests.Review;

/// <summary>The plan of a transfer, as a reviewer reads it.</summary>
public class TransferViewTests
{
    [Fact]
    public void Hybrid() => Snapshot.Verify(TransferView.Text(Published.Hybrid, Published.Hovle));

    [Fact]
    public void Hybrid_in_markdown() => Snapshot.Verify(TransferView.Markdown(Published.Hybrid, Published.Hovle), "md");

    [Fact]
    public void Scratch_drops_what_it_draws_anew()
    {
        var scratch = Published.HybridSpec with { Seed = new(Specs.SeedKind.Scratch, 1) };
        Snapshot.Verify(TransferView.Text(Resolver.Resolve(scratch, Published.Hovle), Published.Hovle));
    }

    [Fact]
    public void Every_tensor_of_the_tiny_hybrid() =>
        Snapshot.Verify(TransferView.Text(ModelSetTests.Model("TinyMmMambaHybrid"), ModelSetTests.Model("TinyHovle"), full: true));

    [Fact]
    public void Full_lists_every_tensor_of_both_sides_once()
    {
        var json = JsonDocument.Parse(TransferView.Json(Published.Hybrid, Published.Hovle, full: true)).RootElement;
        Assert.Equal(Published.Hybrid.Tensors.Select(tensor => tensor.Name), Names(json, "student_tensors"));
        Assert.Equal(Published.Hovle.Tensors.Select(tensor => tensor.Name), Names(json, "teacher_tensors"));
    }

    /// <summary>Collapsed rows, each as often as it has layers, are as many as there are tensors.</summary>
    [Fact]
    public void Collapsing_loses_no_tensor()
    {
        var json = JsonDocument.Parse(TransferView.Json(Published.Hybrid, Published.Hovle)).RootElement;
        Assert.Equal(Published.Hybrid.Tensors.Count, Rows(json, "student_tensors"));
        Assert.Equal(Published.Hovle.Tensors.Count, Rows(json, "teacher_tensors"));
    }

    static IEnumerable<string> Names(JsonElement json, string side) =>
        json.GetProperty(side).EnumerateArray().Select(row => row.GetProperty("name").GetString()!);

    static int Rows(JsonElement json, string side) => json.GetProperty(side).EnumerateArray()
        .Sum(row => row.TryGetProperty("layers", out var layers) ? layers.GetArrayLength() : 1);
}
