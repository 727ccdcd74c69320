using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using TorchSharp;

namespace MmMamba.Cli.Jobs;

/// <summary>The artefacts of a run's first two stages in its folder: a stage whose artefact is there is not run again.</summary>
static class StageFiles
{
    /// <summary>Where a stage's artefact lies.</summary>
    public static string PathOf(RunFolder folder, StageKind stage) => folder.At(Path.Combine("stages", stage.NameOf() + ".safetensors"));

    /// <summary>The stage that an artefact is of.</summary>
    /// <exception cref="InputException">The file is no artefact.</exception>
    public static StageKind KindOf(string path)
    {
        using var file = SafetensorsFile.Open(path);
        try
        {
            if (file.Metadata.TryGetValue(ArtefactChain.MetadataKey, out var chain) && ArtefactChain.Parse(chain).Stages is { Count: > 0 } stages
                && stages[^1].Stage is StageKind.Introduced or StageKind.Mixer) return stages[^1].Stage;
        }
        catch (FormatException)
        {
        }
        throw new InputException($"{path}: is no artefact of the introduced or the mixer stage; name a file of the folder 'stages' of a run.");
    }

    /// <summary>Makes sure that an artefact fits a student and its teacher; gives the hash of its mixers.</summary>
    /// <exception cref="InputException">It does not: what differs is named.</exception>
    public static string Check(string path, ModelPlan student, VisionLanguageModel teacher)
    {
        using var mixers = ConvertedMixers.Load(path, student, KindOf(path), torch.CPU);
        mixers.RequireTeacher(teacher);
        return mixers.Hash;
    }

    /// <summary>Makes an artefact the beginning of a run.</summary>
    public static void Take(string path, RunFolder folder)
    {
        var target = PathOf(folder, KindOf(path));
        if (File.Exists(target)) return;
        using var source = File.OpenRead(path);
        AtomicFile.Write(target, source.CopyTo, source.Length);
    }
}
