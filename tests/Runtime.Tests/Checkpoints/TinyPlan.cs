using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Checkpoints;

/// <summary>The plan of the reference's tiny mixers: their names and shapes, with the group that each name tells.</summary>
static class TinyPlan
{
    public static string Golden(string name) => Path.Combine(AppContext.BaseDirectory, "goldens", name);

    /// <summary>A plan of all tensors of an unfused file.</summary>
    public static ModelPlan Of(SafetensorsFile file)
    {
        TensorPlan[] tensors = [.. file.Tensors.Select(tensor => new TensorPlan(
            tensor.Name, tensor.Shape, Group(tensor.Name), Layer(tensor.Name), new Drawn(Draw.Constant, 0, 0)))];
        return new()
        {
            Name = "TinyMixers", Summary = "Mixers alone.", Fingerprint = "0123456789abcdef", HiddenSize = 64, Checkpoint = "mmmamba",
            Tokens = new(97, 90, "internlm2_chat", null),
            Vision = new(16, 4, 1, 0.5, "gelu_mlp", "imagenet"),
            Layers = [.. Enumerable.Range(0, 6).Select(layer => new LayerPlan(
                layer, layer < 2 ? "embedding" : "decoder", layer < 2 ? layer : layer - 2,
                new Mamba2Plan(4, 2, 16, 2, 128, true, true, true, false, false, 1e-5), 1e-5, 128, "tiny:1"))],
            Tensors = [.. tensors],
            ParameterCount = tensors.Sum(tensor => tensor.Shape.Aggregate(1L, (product, extent) => product * extent)),
        };
    }

    static int Layer(string name)
    {
        var number = int.Parse(name.Split('.').First(part => int.TryParse(part, out _)), System.Globalization.CultureInfo.InvariantCulture);
        return name.StartsWith("embedding_model", StringComparison.Ordinal) ? number : number + 2;
    }

    static TensorGroup Group(string name) => name[(name.IndexOf(".attention.", StringComparison.Ordinal) + 11)..] switch
    {
        "v_proj.weight" => TensorGroup.Value,
        "k_proj.weight" => TensorGroup.Key,
        "q_proj.weight" => TensorGroup.Query,
        "g_proj.weight" => TensorGroup.Gate,
        "in_proj.weight" => TensorGroup.Dt,
        "g_norm.weight" => TensorGroup.GateNorm,
        "o_proj.weight" => TensorGroup.Output,
        "dt_bias" => TensorGroup.DtBias,
        "A_log_bias" => TensorGroup.Decay,
        _ => TensorGroup.Conv,
    };
}
