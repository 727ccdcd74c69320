using MmMamba.Runtime.Data;
using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Generation;

/// <summary>What a sequence wrote.</summary>
/// <param name="Ids">Picked tokens; a stop token is the last one if it ended so. The last one of all is picked and not yet read by the model.</param>
/// <param name="Finish">Why it ended.</param>
public sealed record Continuation(IReadOnlyList<int> Ids, FinishReason Finish);

/// <summary>Told each token as it is picked.</summary>
/// <param name="sequence">Which sequence of the batch.</param>
/// <param name="id">The token.</param>
/// <returns>Whether the sequence goes on.</returns>
public delegate bool TokenPicked(int sequence, int id);

/// <summary>Reads prompts and writes on: prefill, then a token of each sequence at a time.</summary>
public static class TokenGenerator
{
    /// <summary>What each sequence writes behind its prompt. A sequence that has ended reads no more while the others go on.</summary>
    /// <param name="sequences">What was read before; changed in place.</param>
    /// <param name="prompts">What each sequence reads first; one that reads nothing writes nothing.</param>
    /// <param name="stopTokens">Ids that end an answer.</param>
    /// <param name="options">How to write.</param>
    /// <param name="onToken">Told each token, on this thread.</param>
    /// <param name="cancellation">Stops also while prompts are read, as <see cref="Sequences.Read"/> does; what was read before stays read.</param>
    /// <exception cref="InputException">A prompt does not fit the model or the room.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static IReadOnlyList<Continuation> Run(
        Sequences sequences, IReadOnlyList<Prompt> prompts, IReadOnlyCollection<int> stopTokens, GenerationOptions options,
        TokenPicked? onToken = null, CancellationToken cancellation = default)
    {
        var written = prompts.Select(_ => new List<int>()).ToArray();
        var finish = new FinishReason?[prompts.Count];
        for (var i = 0; i < prompts.Count; i++)
            if (prompts[i].Ids.Count == 0) finish[i] = FinishReason.Stop;
        var picked = new int[prompts.Count];
        Pick(sequences, prompts, finish, options, picked, cancellation);
        while (true)
        {
            var going = false;
            for (var i = 0; i < picked.Length; i++)
            {
                if (finish[i] is not null) continue;
                written[i].Add(picked[i]);
                var goesOn = onToken?.Invoke(i, picked[i]) ?? true;
                if (stopTokens.Contains(picked[i]) || !goesOn) finish[i] = FinishReason.Stop;
                else if (written[i].Count == options.MaxTokens || sequences.Room == 0) finish[i] = FinishReason.Length;
                going |= finish[i] is null;
            }
            if (!going) break;
            for (var i = 0; i < picked.Length; i++)
                if (finish[i] is not null) picked[i] = Sequences.Rests;
            if (options.Sampling is { Temperature: 0, RepetitionPenalty: 1 } && sequences.Next(picked, cancellation)) continue;
            Pick(sequences, [.. picked.Select((id, i) => new Prompt(finish[i] is null ? [id] : []))], finish, options, picked, cancellation);
        }
        return [.. written.Select((ids, i) => new Continuation(ids, finish[i]!.Value))];
    }

    // Reads, and picks what follows in every sequence that goes on.
    static void Pick(
        Sequences sequences, IReadOnlyList<Prompt> prompts, FinishReason?[] finish, GenerationOptions options, Span<int> picked, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var logits = sequences.Read(prompts, options.PrefillChunk, cancellation);
        // A picture's place is no word: a model that wrote it would ask for a tile that nobody gave.
        logits = logits.index_fill(-1, tensor([(long)sequences.ImageToken], device: logits.device), HeldNumber.Of(double.NegativeInfinity));
        if (options.Sampling is { Temperature: 0, RepetitionPenalty: 1 })
        {
            logits.argmax(-1).to_type(ScalarType.Int32).cpu().data<int>().CopyTo(picked);
            return;
        }
        var rows = logits.cpu();
        for (var i = 0; i < picked.Length; i++)
            if (finish[i] is null) picked[i] = Sampler.Pick(rows[i].data<float>().ToArray(), options.Sampling, sequences[i], i, sequences[i].Count);
    }
}
