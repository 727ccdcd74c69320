using System.Globalization;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Specs;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Text;
using TorchSharp;

namespace MmMamba.Cli.Verification;

/// <summary>What is to be verified.</summary>
/// <param name="Path">A checkpoint: a folder or a safetensors file.</param>
/// <param name="Model">The spec that it must fit, by name or file; null takes what the checkpoint says.</param>
/// <param name="Tokenizer">Its tokenizer; null looks beside the weights.</param>
/// <param name="Compute">How it is run.</param>
/// <param name="Scratch">A folder for copies of the weights; it is made, and removed.</param>
sealed record VerifyRequest(string Path, string? Model, string? Tokenizer, ComputeSettings Compute, string Scratch);

/// <summary>
/// Verifies a checkpoint from its headers to what it answers. A check that fails is a row of the card; checks that need what it would have given are told
/// as not done. One copy of the model is in memory, and beside it no more than a tensor, or the logits of the fixed question.
/// </summary>
/// <param name="request">What is to be verified.</param>
/// <param name="freeBytes">Bytes that are free where a folder is.</param>
/// <param name="onCheck">Told each check when it is through.</param>
sealed class Verifier(VerifyRequest request, Func<string, long> freeBytes, Action<CardCheck> onCheck)
{
    readonly CheckList _checks = new(onCheck);
    ModelPlan? _plan;
    Inspection? _stored;
    string? _digest;
    ChatTokenizer? _tokenizer;
    Prompt? _prompt;

    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Card Run(CancellationToken cancellation)
    {
        var unknown = _checks.Run(CheckNames.Model, "the checkpoint says which model it is", null, Model) ? null : "the model is not known";
        var misfit = _checks.Run(CheckNames.Tensors, Expected.Tensors(_plan), unknown, Tensors) ? null : unknown ?? "the tensors are not the model's";
        _checks.Run(CheckNames.Files, Expected.Bytes(_plan, _stored), misfit, () => Files(cancellation));
        _checks.Run(CheckNames.Weights, "no NaN, no infinity", misfit, () => Weights(cancellation));
        _checks.Run(CheckNames.Tokenizer, "texts come back from their ids", unknown ?? WithoutTokenizer(), Tokenizer);
        var unasked = _checks.Run(CheckNames.Input, "the fixed question and picture", unknown, Input) ? null : "the question could not be made";
        ModelChecks.Run(_checks, request, _plan, _prompt, _tokenizer, misfit ?? unasked, cancellation);
        RoundTripCheck(misfit, cancellation);
        return new(
            Card.CurrentVersion, Path.GetFileName(Path.TrimEndingDirectorySeparator(Path.GetFullPath(request.Path))), _plan?.Name, _plan?.ParameterCount ?? 0,
            DateTime.UtcNow.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture),
            new(Dtypes.NameOf(request.Compute.Dtype), request.Compute.Device.type.ToString().ToLowerInvariant(), torch.get_num_threads(), request.Compute.Access.ToString().ToLowerInvariant()),
            Machine.Describe(request.Compute.Device).Concat(Machine.Peaks(request.Compute.Device)).ToDictionary(), Machine.Versions, _checks.Checks, null);
    }

    Seen Model()
    {
        (_plan, var told) = request.Model is { } named ? (CheckpointSpec.PlanOf(named), "as named") : Inspection.ModelOf(request.Path);
        if (_plan is null) return new("unknown", $"{told} which model it is; name it with --model");
        var layers = string.Join(", ", _plan.Layers.GroupBy(layer => layer.Mixer.Word).Select(kind => FormattableString.Invariant($"{kind.Count()} {kind.Key}")));
        return new($"{_plan.Name}, {(request.Model is null ? "by " : "")}{told}", null, new Fact("fingerprint", _plan.Fingerprint), new Fact("layers", layers), new Fact("names", _plan.Checkpoint));
    }

    Seen Tensors()
    {
        // All that does not fit is one error.
        using (var parameters = new CheckpointParameters(request.Path, _plan)) _stored = Inspection.Of(request.Path, parameters.Files);
        return new(Expected.Of(_stored.Tensors, _stored.Elements, _stored.Layout), null,
            new Fact("layout", RoundTrip.Word(_stored.Layout)), new Fact("tensors", Invariant($"{_stored.Tensors}")), new Fact("parameters", Invariant($"{_stored.Elements}")));
    }

    Seen Files(CancellationToken cancellation)
    {
        using var files = CheckpointFiles.Open(request.Path);
        var findings = new List<Finding> { new Fact("types", string.Join(", ", _stored!.Types.Select(type => $"{type.Name}: {type.Tensors} tensors, {type.Bytes} bytes"))) };
        foreach (var file in files.Files) findings.Add(new Fact($"sha256 of {Path.GetFileName(file.Path)}", StoredWeights.Digest(file.Path, cancellation)));
        return new(Invariant($"{_stored.Bytes:#,0} bytes in {files.Files.Count} file{(files.Files.Count == 1 ? "" : "s")}, {string.Join(", ", _stored.Types.Select(type => type.Name))}"), null, findings);
    }

    Seen Weights(CancellationToken cancellation)
    {
        using var weights = new CheckpointParameters(request.Path, _plan);
        var (digest, notFinite) = StoredWeights.Look(weights, cancellation);
        _digest = digest;
        return StoredWeights.Report(_plan!, digest, notFinite);
    }

    string? WithoutTokenizer() => Tokenizers.Place(_plan!, request.Path, request.Tokenizer) is null ? "there is no tokenizer.model beside the weights; the question is fixed ids" : null;

    Seen Tokenizer()
    {
        var tokenizer = Tokenizers.For(_plan!, request.Path, request.Tokenizer);
        // Settled here, so that what is wrong with it is told here.
        _ = new ConversationEncoder(_plan!, tokenizer);
        var ids = FixedInput.Texts.Select(text => tokenizer.Encode(text)).ToArray();
        Finding[] findings = [.. ids.Select((found, i) => new Fact($"ids of text {i + 1}", string.Join(' ', found)))];
        var lost = FixedInput.Texts.Zip(ids).FirstOrDefault(text => tokenizer.Decode(text.Second) != text.First);
        if (lost.First is not null) return new("another text", $"'{lost.First}' comes back as '{tokenizer.Decode(lost.Second)}'", findings);
        _tokenizer = tokenizer;
        return new($"{ids.Length} texts come back, {Tokenizers.Place(_plan!, request.Path, request.Tokenizer)}", null, findings);
    }

    Seen Input()
    {
        _prompt = FixedInput.Make(_plan!, _tokenizer);
        return new(
            Invariant($"{_prompt.Ids.Count} tokens, {_prompt.Tiles} tile{(_prompt.Tiles == 1 ? "" : "s")}{(_tokenizer is null ? ", fixed ids" : "")}"), null,
            FixedInput.Findings(_prompt));
    }

    void RoundTripCheck(string? misfit, CancellationToken cancellation)
    {
        FolderModel? model = null;
        var obstacle = misfit ?? (_digest is null ? "the weights could not be read" : null);
        try
        {
            if (obstacle is null)
            {
                var (library, name) = request.Model is { } named ? SpecLibrary.Locate(named) : CheckpointSpec.Locate(request.Path);
                model = FolderModel.Of(library, name);
                obstacle = RoundTrip.Obstacle(model) ?? Lack(RoundTrip.Needs(_stored!.Bytes));
            }
        }
        catch (InputException unknown)
        {
            obstacle = unknown.Message;
        }
        _checks.Run(CheckNames.RoundTrip, "out, in and out again changes no bit", obstacle, () =>
        {
            try
            {
                return new RoundTrip(request.Path, model!, request.Scratch).Run(_stored!.Layout, _digest!, cancellation);
            }
            catch (InputException refused)
            {
                // A card goes to others: it does not say where somebody's folders are.
                throw new InputException(refused.Message.Replace(Path.GetFullPath(request.Scratch), "the copy", StringComparison.Ordinal), refused);
            }
        });
    }

    string? Lack(long needed)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(request.Scratch))!;
        return freeBytes(folder) is var free && free < needed ? $"needs {Machine.Gigabytes(needed)} on the disk of the card, and {Machine.Gigabytes(free)} are free; name another with --output" : null;
    }

    static string Invariant(FormattableString text) => FormattableString.Invariant(text);
}
