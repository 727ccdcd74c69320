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
    public static string PathOf(RunFolder folder, StageKind stage) => PathOf(folder.At(""), stage);

    /// <inheritdoc cref="PathOf(RunFolder, StageKind)"/>
    public static string PathOf(string folder, StageKind stage) => Path.Combine(folder, "stages", stage.NameOf() + ".safetensors");

    /// <summary>The stage that an artefact is of.</summary>
    /// <exception cref="InputException">The file is no artefact.</exception>
    public static StageKind KindOf(string path) => ChainOf(path).Stages[^1].Stage;

    /// <summary>The seed of the mixers that a run's folder holds, its own or another run's; null while it holds none.</summary>
    /// <exception cref="InputException">A file is no artefact.</exception>
    public static ulong? SeedOf(RunFolder folder) =>
        new[] { StageKind.Mixer, StageKind.Introduced }.Select(stage => PathOf(folder, stage)).FirstOrDefault(File.Exists) is { } path ? ChainOf(path).Seed : null;

    static ArtefactChain ChainOf(string path)
    {
        using var file = SafetensorsFile.Open(path);
        try
        {
            if (file.Metadata.TryGetValue(ArtefactChain.MetadataKey, out var json) && ArtefactChain.Parse(json) is { Stages.Count: > 0 } chain
                && chain.Stages[^1].Stage is StageKind.Introduced or StageKind.Mixer) return chain;
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
