using System.Text.Json;
using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Rendering;
using MmMamba.Runtime.Tests.Engine;

namespace MmMamba.Runtime.Tests.Checkpoints;

/// <summary>The reference's own configuration, read and written.</summary>
public class GoldenConfigTests
{
    static string Text => File.ReadAllText(Golden.PathOf("hovle_tiny_config.json"));

    static BoundSpec Read()
    {
        var read = PublishedConfigReader.Read("Golden", Text);
        Assert.Empty(read.Faults);
        return Catalog.Bind([SpecParser.Parse(new("golden.mmmodel.yaml", read.Spec!))]).Single();
    }

    [Fact]
    public void It_reads_to_the_model_of_the_goldens()
    {
        var bound = Read();
        Assert.Empty(bound.Diagnostics);
        Assert.Equal(GoldenModel.Hovle.Fingerprint, Resolver.Resolve(bound.Model!).Fingerprint);
    }

    [Fact]
    public void What_is_written_agrees_with_it()
    {
        // What transformers keeps for itself, and what only training reads.
        string[] others = ["output_hidden_states", "output_attentions", "return_dict", "architectures", "initializer_factor", "initializer_range", "pretraining_tp", "tie_word_embeddings"];
        using var reference = JsonDocument.Parse(Text);
        using var ours = JsonDocument.Parse(PublishedConfig.Render(Read().Model!, "float32"));
        Agrees(reference.RootElement, ours.RootElement, "");

        void Agrees(JsonElement expected, JsonElement actual, string at)
        {
            foreach (var property in expected.EnumerateObject().Where(property => !others.Contains(property.Name)))
            {
                Assert.True(actual.TryGetProperty(property.Name, out var value), at + property.Name);
                if (property.Value.ValueKind == JsonValueKind.Object && property.Value.EnumerateObject().Any()) Agrees(property.Value, value, property.Name + ".");
                else if (property.Value.ValueKind == JsonValueKind.Number) Assert.Equal(property.Value.GetDouble(), value.GetDouble());
                else Assert.Equal(property.Value.GetRawText(), value.GetRawText());
            }
        }
    }
}
