using MmMamba.Runtime.Checkpoints;
using static TorchSharp.torch;

namespace MmMamba.Cli.Tests;

/// <summary>Numbers of the reference implementation, and checkpoints of the models that they belong to.</summary>
static class Golden
{
    static string PathOf(string file) => Path.Combine(AppContext.BaseDirectory, "goldens", file + ".safetensors");

    /// <summary>The spec of the golden teacher, or of its linear or hybrid student.</summary>
    public static string Spec(string model) => Path.Combine(AppContext.BaseDirectory, "specs", $"golden-{(model == "teacher" ? "hovle" : model)}.mmmodel.yaml");

    /// <summary>All tensors of a file whose names begin with a prefix, by the rest of the name.</summary>
    public static Dictionary<string, Tensor> Read(string path, string prefix = "")
    {
        using var tensors = SafetensorsFile.Open(File.Exists(path) ? path : PathOf(path));
        return tensors.Tensors.Where(tensor => tensor.Name.StartsWith(prefix, StringComparison.Ordinal))
            .ToDictionary(tensor => tensor.Name[prefix.Length..], tensor => tensors.Read(tensor.Name));
    }

    /// <summary>Writes a model's weights as the reference has them: the teacher's, with those of the mixers in the converted layers' attention.</summary>
    /// <param name="model">teacher, linear or hybrid.</param>
    /// <param name="mixers">The file of mixers, fused or not.</param>
    public static void WriteWeights(string path, string model, string mixers = "mmmamba_tiny_mixers")
    {
        int[] converted = model switch { "teacher" => [], "linear" => [0, 1, 2, 3, 4, 5], _ => [1, 2, 3, 5] };
        var places = converted.Select(i => (i < 2 ? $"embedding_model.encoder.{i}" : $"language_model.model.layers.{i - 2}") + ".attention.").ToArray();
        bool Converted(string tensor) => places.Any(place => tensor.StartsWith(place, StringComparison.Ordinal));
        SafetensorsWriter.Write(path, Read("hovle_tiny").Where(pair => !Converted(pair.Key)).Concat(Read(mixers).Where(pair => Converted(pair.Key)))
            .Select(pair => (pair.Key, pair.Value)));
    }

    /// <summary>Writes a case's inputs.</summary>
    public static void WriteInputs(string path, string input) =>
        SafetensorsWriter.Write(path, Read("hovle_tiny_io", input + "/").Where(pair => pair.Key is "input_ids" or "pixel_values").Select(pair => (pair.Key, pair.Value)));

    /// <summary>Fails where a tensor differs from the expected one by more than a share of the expected one's greatest value.</summary>
    public static void Close(Tensor expected, Tensor actual, double tolerance, string what)
    {
        Assert.Equal(expected.shape, actual.shape);
        var (scale, difference) = (expected.abs().max().item<float>(), (expected - actual).abs().max().item<float>());
        Assert.True(difference <= tolerance * scale, FormattableString.Invariant($"{what}: differs by {difference / scale:E2} of its greatest value; allowed are {tolerance:E0}"));
    }
}
