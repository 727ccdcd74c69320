using System.Text.Json;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Jobs;

/// <summary>A model's evaluation as a file of a run, so that no model is asked twice.</summary>
static class EvaluationFile
{
    /// <summary>Where the evaluation of a model lies.</summary>
    public static string PathOf(RunFolder folder, string model) => folder.At(Path.Combine("evaluations", model + ".json"));

    /// <summary>Writes an evaluation, whole or not at all.</summary>
    public static void Write(string path, EvaluationResult result) => AtomicFile.Write(path, JsonSerializer.SerializeToUtf8Bytes(result));

    /// <summary>Reads an evaluation; null when there is none.</summary>
    /// <exception cref="InputException">It is none.</exception>
    public static EvaluationResult? Read(string path)
    {
        if (!File.Exists(path)) return null;
        try
        {
            if (JsonSerializer.Deserialize<EvaluationResult>(File.ReadAllBytes(path)) is { Kinds.Count: > 0 } result) return result;
        }
        catch (JsonException)
        {
        }
        throw new InputException($"{path}: is no evaluation; remove it, and the model is asked again.");
    }
}
