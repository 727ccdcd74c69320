using System.CommandLine;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;
using MmMamba.Cli.Verification;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba verify</c>: whether a checkpoint that somebody holds loads and works here, on a card that two people can compare.</summary>
static class VerifyCommand
{
    const string Json = "verification.json", Markdown = "verification.md";

    public static Command Create()
    {
        var path = new Argument<string>("checkpoint") { Description = "A checkpoint: a folder, as published or as 'import' made it, or a safetensors file." };
        var model = RunOptions.NotEmpty(new Option<string?>("--model") { Description = "The spec that it must fit, by name or file; without it, what the checkpoint says." });
        var tokenizer = RunOptions.NotEmpty(new Option<string?>("--tokenizer") { Description = "A SentencePiece tokenizer.model; without it, the one in the checkpoint's folder, or the tiny models'." });
        var against = RunOptions.NotEmpty(new Option<string?>("--against") { Description = "Another card, the verification.json of one: facts are compared exactly, numbers within rounding." });
        var output = RunOptions.NotEmpty(new Option<string?>("--output") { Description = $"The folder to make, with {Markdown} and {Json}; verification-<checkpoint> if none is named. Copies of the weights are made beside it meanwhile." });
        var command = new Command("verify", "Verify a checkpoint: tensors, digests, logits, decoding, an answer, out and in again. Writes a card.") { path, model, tokenizer, against, output };
        var compute = new ComputeOptions(command, readsWeights: true);
        command.SetAction((result, cancellation) =>
        {
            var checkpoint = result.GetRequiredValue(path);
            if (!File.Exists(checkpoint) && !Directory.Exists(checkpoint)) throw new InputException($"{checkpoint}: there is no such checkpoint; name a folder or a safetensors file.");
            var other = result.GetValue(against) is { } file ? new OtherCard(Path.GetFileName(file), CardJson.Read(file)) : null;
            var target = result.GetValue(output) ?? $"verification-{Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(checkpoint)))}";
            Refuse(checkpoint, target);
            var settings = compute.Open(result);
            using var folder = OutputFolder.Create(target);
            var request = new VerifyRequest(checkpoint, result.GetValue(model), result.GetValue(tokenizer), settings, folder.At("copies"));
            var card = new Verifier(request, FreeBytes, Told).Run(cancellation);
            if (other is not null) card = card with { Against = CardComparison.Compare(card, other.Card, other.Name) };
            CheckpointFolder.WriteText(folder.At(Json), CardJson.Write(card));
            CheckpointFolder.WriteText(folder.At(Markdown), CardDocument.Markdown(card));
            folder.Complete();
            Console.Write(CardDocument.Text(card));
            return Task.FromResult(card.Passed ? ExitCode.Ok : ExitCode.Refused);
        });
        return command;
    }

    sealed record OtherCard(string Name, Card Card);

    static void Refuse(string checkpoint, string target)
    {
        var (source, made) = (Path.TrimEndingDirectorySeparator(Path.GetFullPath(checkpoint)), Path.GetFullPath(target));
        if (Directory.Exists(source) && (made + Path.DirectorySeparatorChar).StartsWith(source + Path.DirectorySeparatorChar, StringComparison.Ordinal))
            throw new InputException($"{target}: lies in the checkpoint, which is read and not written to; name another folder with --output.");
    }

    // A large model takes minutes: who waits at a terminal sees how far it is. The card itself goes to the standard output.
    static void Told(CardCheck check)
    {
        if (!Console.IsErrorRedirected) Console.Error.WriteLine(Printable.Line(FormattableString.Invariant($"{check.Name}: {check.Outcome} ({check.Seconds:0.0} s)")));
    }

    static long FreeBytes(string folder) => new DriveInfo(OperatingSystem.IsWindows() ? Path.GetPathRoot(folder)! : folder).AvailableFreeSpace;
}
