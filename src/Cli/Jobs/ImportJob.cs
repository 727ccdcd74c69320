using System.Runtime.InteropServices;
using MmMamba.Cli.Specs;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Distillation;

namespace MmMamba.Cli.Jobs;

/// <summary>
/// Takes a checkpoint over into a folder of its own that says what it is: spec, plan, sheet, chain, and the weights as they are. Nothing is written unless
/// the weights fit.
/// </summary>
static partial class ImportJob
{
    // What belongs to a model besides its weights, where a published folder has it.
    static readonly string[] Companions =
    [
        "tokenizer.model", "tokenizer.json", "tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "generation_config.json", "preprocessor_config.json",
    ];

    /// <summary>Imports a checkpoint.</summary>
    /// <param name="source">A folder or a safetensors file.</param>
    /// <param name="target">The folder to make.</param>
    /// <param name="name">What a model is called that has no name yet.</param>
    /// <exception cref="InputException">The checkpoint cannot be read, does not fit its description, or the folder cannot be made.</exception>
    public static FolderModel Run(string source, string target, string? name, CancellationToken cancellation)
    {
        var (library, model) = CheckpointSpec.Locate(source, name);
        if (name is not null && name != model) throw new InputException($"{source}: its spec calls it {model}; leave --name out.");
        var folder = FolderModel.Of(library, model);
        using var parameters = new CheckpointParameters(source, folder.Plan); // all that does not fit is said before anything is written
        var files = parameters.Files;
        using var output = OutputFolder.Create(target);
        foreach (var file in files.Files)
        {
            cancellation.ThrowIfCancellationRequested();
            Take(file.Path, output.At(files.HasIndex ? Path.GetFileName(file.Path) : CheckpointFolder.Weights));
        }
        if (files.HasIndex) AtomicFile.Write(output.At(CheckpointFolder.Index), File.ReadAllBytes(Path.Combine(source, CheckpointFolder.Index)));
        foreach (var (file, text) in folder.Texts) CheckpointFolder.WriteText(output.At(file), text);
        if (ChainOf(source, files) is { } chain) CheckpointFolder.WriteText(output.At(CheckpointFolder.Chain), chain);
        if (Directory.Exists(source)) TakeCompanions(source, output, [CheckpointFolder.Config, .. Companions]);
        Tokenizers.Complete(folder.Plan, output);
        output.Complete();
        return folder;
    }

    /// <summary>What belongs to the model besides its weights, from one folder to another.</summary>
    public static void TakeCompanions(string source, OutputFolder output, params IEnumerable<string> names)
    {
        foreach (var companion in names.Where(name => File.Exists(Path.Combine(source, name))))
        {
            var path = Path.Combine(source, companion);
            RegularFile.Require(path);
            AtomicFile.Write(output.At(companion), File.ReadAllBytes(path));
        }
    }

    /// <summary>The same for those that every checkpoint may have.</summary>
    public static void TakeCompanions(string source, OutputFolder output) => TakeCompanions(source, output, Companions);

    /// <summary>The chain of artefacts that a checkpoint carries, as JSON; null where it carries none.</summary>
    /// <exception cref="InputException">What it carries is none.</exception>
    public static string? ChainOf(string source, CheckpointFiles files)
    {
        var path = Path.Combine(source, CheckpointFolder.Chain);
        var (where, chain) = Directory.Exists(source) && File.Exists(path)
            ? (path, CheckpointFolder.ReadText(path))
            : ($"{source}, {ArtefactChain.MetadataKey}", files.Metadata.GetValueOrDefault(ArtefactChain.MetadataKey));
        if (chain is null) return null;
        try
        {
            return ArtefactChain.Parse(chain).ToJson();
        }
        catch (FormatException error)
        {
            throw new InputException($"{where}: {error.Message}", error);
        }
    }

    // Weights are never changed in place, so one file can stand in two folders; where the file system has no such links, it is copied.
    static void Take(string source, string target)
    {
        var file = new FileInfo(source).ResolveLinkTarget(returnFinalTarget: true)?.FullName ?? Path.GetFullPath(source);
        if (!OperatingSystem.IsWindows() && Link(file, target) == 0) return;
        using var stored = File.OpenRead(file);
        AtomicFile.Write(target, stored.CopyTo, stored.Length);
    }

    [LibraryImport("libc", EntryPoint = "link", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string source, string target);
}
