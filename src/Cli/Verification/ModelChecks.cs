using MmMamba.Cli.Jobs;
using MmMamba.Runtime;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Cli.Verification;

/// <summary>The checks that run a model: it is loaded for them, and let go behind them.</summary>
sealed class ModelChecks : IDisposable
{
    // Tokens that are decoded one by one, and tokens of the answer.
    const int Decoded = 8, Written = 16;

    readonly CheckList _checks;
    readonly VerifyRequest _request;
    readonly Prompt? _prompt;
    readonly ChatTokenizer? _tokenizer;
    readonly double _tolerance;
    VisionLanguageModel? _model;
    Tensor? _last; // logits (1, Decoded, vocab) of the last tokens, by one pass
    double _greatest;

    ModelChecks(CheckList checks, VerifyRequest request, ModelPlan? plan, Prompt? prompt, ChatTokenizer? tokenizer)
    {
        (_checks, _request, _prompt, _tokenizer) = (checks, request, prompt, tokenizer);
        _tolerance = Tolerance.Of(Dtypes.NameOf(request.Compute.Dtype), plan?.ParameterCount ?? 0);
    }

    /// <param name="obstacle">Why the model cannot be run; null where it can.</param>
    public static void Run(
        CheckList checks, VerifyRequest request, ModelPlan? plan, Prompt? prompt, ChatTokenizer? tokenizer, string? obstacle, CancellationToken cancellation)
    {
        using var model = new ModelChecks(checks, request, plan, prompt, tokenizer);
        var dtype = Dtypes.NameOf(request.Compute.Dtype);
        var unloaded = checks.Run(CheckNames.Load, $"a model in {dtype}", obstacle, () => model.Load(plan!)) ? null : obstacle ?? "the model was not loaded";
        checks.Run(CheckNames.Forward, "finite logits", unloaded, () => model.Forward(cancellation));
        var without = model._last is null ? unloaded ?? "there is no forward pass to compare with" : null;
        var most = FormattableString.Invariant($"at most {model._tolerance} of the greatest logit apart");
        checks.Run(CheckNames.Decode, $"{most}, the last {Decoded} one by one", without, () => model.Decode(cancellation));
        checks.Run(CheckNames.Answer, "begins with the most likely token", without, () => model.Answer(cancellation));
    }

    Seen Load(ModelPlan plan)
    {
        _model = _request.Compute.Load(plan, _request.Path);
        return new($"{(_request.Compute.Access == Runtime.Checkpoints.WeightAccess.Map ? "mapped" : "read")}, {Machine.Gigabytes(Machine.PeakBytes)} of memory at most until here", null);
    }

    Seen Forward(CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var pass = ForwardPass.Run(_model!, FixedInput.InputOf(_prompt!, _model!.Plan), cancellation: cancellation);
        var (findings, finite, greatest) = LogitsFingerprint.Of(pass.Logits);
        var length = pass.Logits.shape[1];
        (_greatest, _last) = (greatest, pass.Logits.narrow(1, length - Decoded, Decoded).clone().DetachFromDisposeScope());
        return new(FormattableString.Invariant($"{length} x {_model.Plan.Tokens.Vocab}, the greatest {greatest:G5}"), finite ? null : "there are NaNs or infinities among the logits", findings);
    }

    Seen Decode(CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var pass = ForwardPass.Run(_model!, FixedInput.InputOf(_prompt!, _model!.Plan), Decoded, cancellation: cancellation);
        var found = pass.Logits.narrow(1, pass.Logits.shape[1] - Decoded, Decoded);
        var apart = (found - _last!).abs().max().item<float>() / _greatest;
        return new(FormattableString.Invariant($"{apart:0.0e+0}"), apart <= _tolerance ? null : "the caches do not give what one pass gives");
    }

    Seen Answer(CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        using var sequences = new Sequences(_model!, 1, _prompt!.Ids.Count + Written);
        var stops = _tokenizer?.StopTokens ?? [];
        var written = new List<WrittenToken>();
        for (var next = _prompt; written.Count < Written; next = new([written[^1].Id]))
        {
            using var inner = NewDisposeScope();
            var (logits, ids) = sequences.Read([next], cancellation: cancellation).cpu()[0].topk(2);
            written.Add(new((int)ids[0].item<long>(), Finding.Rounded((logits[0] - logits[1]).item<float>())));
            if (stops.Contains(written[^1].Id)) break;
        }
        var finding = new WrittenTokens("ids", written, Finding.Rounded(_greatest));
        var said = _tokenizer is null ? "" : $": '{_tokenizer.Decode([.. written.Select(token => token.Id)], keepSpecials: true)}'";
        return new(
            FormattableString.Invariant($"{written.Count} tokens{said}"),
            IsMostLikely(written[0].Id) ? null : FormattableString.Invariant($"{written[0].Id} is not the most likely token of the forward pass"), finding);
    }

    // Within the tolerance: rounding may take another of two that are equally likely.
    bool IsMostLikely(int id)
    {
        using var scope = NewDisposeScope();
        var logits = _last![0, Decoded - 1];
        return (logits.max() - logits[id]).item<float>() <= 2 * _tolerance * _greatest;
    }

    public void Dispose()
    {
        _last?.Dispose();
        _model?.Dispose();
    }
}
