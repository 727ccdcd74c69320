using MmMamba.Runtime.Caching;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Kernels.Simd;
using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Generation;

/// <summary>
/// A batch of sequences that a model has read and goes on with. Each of them may take in more tokens than another, or none: a pass is filled up with pads on
/// the right, which touch no state and are seen by nobody. A prompt is read in chunks, whose length bounds the memory.
/// </summary>
public sealed class Sequences : IDisposable
{
    /// <summary>Stands for the token of a sequence that reads none.</summary>
    internal const int Rests = CapturedStep.Rests;

    readonly VisionLanguageModel _model;
    readonly List<int>[] _ids;
    readonly int[] _reads, _lengths, _picked;
    CapturedStep? _captured;
    SimdToken? _simd;
    bool _broken;

    /// <param name="model">Reads and predicts.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="maxTokens">Tokens of all that is read in passes, pads included: what attention layers have room for.</param>
    /// <exception cref="InputException">Less than 1 sequence or token.</exception>
    public Sequences(VisionLanguageModel model, int batch, int maxTokens)
    {
        _model = model;
        Cache = model.CreateCache(batch, maxTokens);
        _ids = [.. Enumerable.Range(0, batch).Select(_ => new List<int>())];
        (_reads, _lengths, _picked) = (new int[batch], new int[batch], new int[batch]);
    }

    /// <summary>What the model remembers of them.</summary>
    public ModelCache Cache { get; }

    /// <summary>Number of sequences.</summary>
    public int Count => _ids.Length;

    /// <summary>Tokens that still fit.</summary>
    public long Room => Cache.MaxTokens - Cache.Length;

    /// <summary>The id that stands where visual tokens go.</summary>
    internal int ImageToken => _model.Plan.Tokens.Image;

    /// <summary>The most likely token of each sequence after the single ones that were read last, where what read them found it; null otherwise. Overwritten by the next ones.</summary>
    internal IReadOnlyList<int>? Picked { get; private set; }

    /// <summary>
    /// How single tokens are read: <c>captured CUDA graph</c>, <c>vector code on the CPU</c>, or why they take plain operations. Known once a first one was read, null before.
    /// </summary>
    public string? DecodePath { get; private set; }

    /// <summary>The tokens that a sequence has read.</summary>
    public IReadOnlyList<int> this[int sequence] => _ids[sequence];

    /// <summary>Reads on, and predicts what follows: logits (sequences, vocab), float32; rows of sequences that read nothing are 0.</summary>
    /// <param name="prompts">What each sequence reads, maybe nothing; at least one token in all.</param>
    /// <param name="chunk">
    /// Most tokens of a sequence in one pass; null is 512, on a GPU some 8,000 of all sequences together. The result depends on it only where states are rounded at the end of each pass
    /// (<see cref="VisionLanguageModel.StateDtype"/>), and where dynamic positions go beyond their most: keys keep the base of their pass's length.
    /// </param>
    /// <param name="cancellation">Stops between two passes, or between two layers of a pass over several tokens, which is undone; what was read before stays read.</param>
    /// <exception cref="InputException">A prompt does not fit the model or the room.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Tensor Read(IReadOnlyList<Prompt> prompts, int? chunk = null, CancellationToken cancellation = default)
    {
        if (chunk is { } most) ArgumentOutOfRangeException.ThrowIfLessThan(most, 1, nameof(chunk));
        if (_broken) throw new InvalidOperationException("A pass over these sequences failed halfway; begin them anew.");
        Check(prompts);
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        Picked = null;
        if (AreSingle(prompts))
        {
            cancellation.ThrowIfCancellationRequested();
            for (var i = 0; i < Count; i++) _reads[i] = prompts[i].Ids is [var id] ? id : Rests;
            var logits = Step();
            // A graph's logits are its own, and the next token's lie in the same place.
            return (_captured is null ? logits : logits.clone()).MoveToOuterDisposeScope();
        }
        var visual = prompts.Select(prompt => new VisualTokens(_model, prompt)).ToArray();
        try
        {
            var last = zeros([Count, _model.Plan.HiddenSize], _model.Dtype, _model.Device);
            var longest = prompts.Max(prompt => prompt.Ids.Count);
            var (ids, real) = Padded(prompts, longest);
            foreach (var (first, length) in Passes(_model.Device, Count, longest, chunk))
            {
                cancellation.ThrowIfCancellationRequested();
                Pass(prompts, visual, ids.narrow(1, first, length), real?.narrow(1, first, length), first, last, cancellation);
            }
            return _model.Logits(last).MoveToOuterDisposeScope();
        }
        finally
        {
            foreach (var tokens in visual) tokens.Dispose();
        }
    }

    /// <summary>How prompts are cut into passes: where each begins and how many tokens it has.</summary>
    /// <param name="longest">Tokens of the longest prompt.</param>
    /// <param name="chunk">Most tokens of a pass; null is what suits the device, and a quarter more in the last pass: a few tokens by themselves would not fill a GPU.</param>
    internal static IEnumerable<(int First, int Length)> Passes(Device device, int sequences, int longest, int? chunk)
    {
        var most = chunk ?? Suited(device, sequences);
        var last = chunk ?? most + most / 4;
        for (var first = 0; first < longest;)
        {
            var length = longest - first <= last ? longest - first : most;
            yield return (first, length);
            first += length;
        }
    }

    /// <summary>
    /// Tokens of a sequence in one pass: on a GPU enough to fill it, so many of each multiprocessor that the tiles of a product, of 128 tokens and 256 rows or alike, go round evenly; and few
    /// enough that what a pass holds beside weights and caches stays small.
    /// </summary>
    static int Suited(Device device, int sequences)
    {
        const int elsewhere = 512, ofMultiprocessor = 64, withoutKernels = 8192;
        if (device.type != DeviceType.CUDA) return elsewhere;
        return Math.Max((KernelDevice.Of(device, out _) is { } gpu ? ofMultiprocessor * gpu.Multiprocessors : withoutKernels) / sequences, 1);
    }

    /// <summary>
    /// Reads one more token of each sequence and picks the most likely next ones, no image token, where something faster than plain operations reads them: on a
    /// GPU without any tensor or list.
    /// </summary>
    /// <param name="ids">The tokens, or <see cref="Rests"/>; replaced by the next ones.</param>
    /// <returns>Whether that was done; otherwise nothing was, and <see cref="Read"/> reads them.</returns>
    /// <exception cref="OperationCanceledException">Cancelled before they were read.</exception>
    internal bool Next(Span<int> ids, CancellationToken cancellation)
    {
        if (_broken || Room == 0 || !StepsGoOn || ids.Contains(ImageToken)) return false;
        cancellation.ThrowIfCancellationRequested();
        using var scope = _captured is null ? NewDisposeScope() : null;
        ids.CopyTo(_reads);
        var logits = Step();
        for (var i = 0; i < Count; i++)
            if (ids[i] != Rests) ids[i] = _picked[i] == ImageToken ? Likeliest(logits, i) : _picked[i];
        return true;
    }

    // Whether what reads single tokens is known, and the cache is as it takes it.
    bool StepsGoOn => Cache.Length > 0 && (_captured is { } step ? step.TakesPads || !Cache.HasPads : _simd is not null && !Cache.HasPads);

    // Reads the tokens at hand: logits (sequences, vocab).
    Tensor Step()
    {
        _broken = true;
        Tensor logits;
        if (_captured is { } step)
        {
            for (var i = 0; i < Count; i++) _lengths[i] = _ids[i].Count;
            step.Read(_reads, _lengths, _picked);
            logits = step.Logits;
        }
        else
        {
            (var row, _picked[0]) = _simd!.Read(_reads[0]);
            logits = row.unsqueeze(0);
        }
        Picked = _picked;
        for (var i = 0; i < Count; i++)
            if (_reads[i] != Rests) _ids[i].Add(_reads[i]);
        _broken = false;
        return logits;
    }

    // The most likely id of a sequence that is no image token's.
    int Likeliest(Tensor logits, int sequence)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        return (int)logits[sequence].index_fill(-1, tensor([(long)ImageToken], device: logits.device), HeldNumber.Of(double.NegativeInfinity)).argmax(-1).item<long>();
    }

    /// <summary>Remembers this moment, to go back to it. What it keeps is freed with the mark.</summary>
    internal CacheMark Mark()
    {
        int[] lengths = [.. _ids.Select(ids => ids.Count)];
        var mark = Cache.Mark();
        return new(
            () =>
            {
                mark.Return();
                for (var i = 0; i < Count; i++) _ids[i].RemoveRange(lengths[i], _ids[i].Count - lengths[i]);
                _broken = false;
            },
            mark);
    }

    /// <summary>Takes up a single sequence as it was stored.</summary>
    internal void Fill(IReadOnlyList<int> ids, Func<int, StoredTensors> stored)
    {
        Reset();
        _broken = true;
        Cache.Fill(ids.Count, stored);
        _ids.Single().AddRange(ids);
        _broken = false;
    }

    /// <summary>Forgets everything.</summary>
    public void Reset()
    {
        Cache.Reset();
        foreach (var ids in _ids) ids.Clear();
        _broken = false;
    }

    // At most a token of text each behind what was read, where something faster than plain operations reads them.
    bool AreSingle(IReadOnlyList<Prompt> prompts)
    {
        if (prompts.Any(prompt => prompt.Ids.Count > 1 || prompt.Tiles > 0) || Cache.Length == 0) return false;
        if (DecodePath is null && (Count > 1 || !Cache.HasPads))
        {
            _captured = CapturedStep.Create(_model, Cache, out var reason);
            if (_captured is null && _model.Device.type == DeviceType.CPU) _simd = SimdToken.Create(_model, Cache, out reason);
            DecodePath = _captured is not null ? "captured CUDA graph" : _simd is not null ? "vector code on the CPU" : $"plain operations: {reason}";
        }
        return StepsGoOn;
    }

    // All ids (sequences, longest), and which are no pads', null where all are none: where the model computes, so that a pass need not wait for them.
    (Tensor Ids, Tensor? Real) Padded(IReadOnlyList<Prompt> prompts, int longest)
    {
        var (ids, real) = (new long[Count * longest], new bool[Count * longest]);
        for (var row = 0; row < Count; row++)
        {
            var prompt = prompts[row].Ids;
            for (var i = 0; i < prompt.Count; i++) ids[row * longest + i] = prompt[i];
            real.AsSpan(row * longest, prompt.Count).Fill(true);
            // A pad's id is any that is no image token's.
            ids.AsSpan(row * longest + prompt.Count, longest - prompt.Count).Fill(_model.Plan.Tokens.Image == 0 ? 1 : 0);
        }
        long[] shape = [Count, longest];
        return (tensor(ids, shape).to(_model.Device), real.AsSpan().Contains(false) ? tensor(real, shape).to(_model.Device) : null);
    }

    // One pass over the tokens from first on; writes the last hidden state of every sequence that ends in it.
    void Pass(IReadOnlyList<Prompt> prompts, VisualTokens[] visual, Tensor ids, Tensor? real, int first, Tensor last, CancellationToken cancellation)
    {
        using var scope = NewDisposeScope();
        var length = (int)ids.shape[1];
        var images = new List<Tensor>();
        var counts = new int[Count];
        for (var row = 0; row < Count; row++)
        {
            var prompt = prompts[row].Ids;
            counts[row] = Math.Clamp(prompt.Count - first, 0, length);
            var imageTokens = 0;
            for (var i = 0; i < counts[row]; i++)
                if (prompt[first + i] == _model.Plan.Tokens.Image) imageTokens++;
            if (imageTokens > 0) images.Add(visual[row].Take(imageTokens));
        }

        var input = new ModelInput(ids, AttentionMask: counts.All(count => count == length) ? null : real);
        var stream = _model.Embed(input.InputIds, images.Count == 0 ? null : cat(images, 0));
        // A single token takes less than the copy that undoes it.
        using var before = length > 1 && cancellation.CanBeCanceled ? Mark() : null;
        _broken = true;
        var (ended, ends) = Ends(prompts, counts, first, length);
        var positions = ended.Length == 0 ? null : tensor(ends).to(_model.Device);
        try
        {
            // Nobody reads what the last layer would do with the other positions.
            var hidden = _model.Read(stream, input, Cache, positions, before is null ? default : cancellation);
            for (var i = 0; i < ended.Length; i++) last[ended[i]].copy_(hidden![i]);
        }
        catch (OperationCanceledException)
        {
            before!.Return();
            throw;
        }
        for (var row = 0; row < Count; row++) _ids[row].AddRange(prompts[row].Ids.Skip(first).Take(counts[row]));
        _broken = false;
    }

    // The sequences that end in a pass, and where their last tokens stand among those of all.
    static (int[] Sequences, long[] Positions) Ends(IReadOnlyList<Prompt> prompts, int[] counts, int first, int length)
    {
        int[] ended = [.. Enumerable.Range(0, counts.Length).Where(row => counts[row] > 0 && first + counts[row] == prompts[row].Ids.Count)];
        return (ended, [.. ended.Select(row => (long)row * length + counts[row] - 1)]);
    }

    void Check(IReadOnlyList<Prompt> prompts)
    {
        if (prompts.Count != Count) throw new ArgumentException($"There are {Count} sequences and {prompts.Count} prompts.", nameof(prompts));
        var longest = 0;
        for (var row = 0; row < Count; row++)
        {
            var (prompt, imageTokens) = (prompts[row], 0);
            longest = Math.Max(longest, prompt.Ids.Count);
            foreach (var id in prompt.Ids)
            {
                if (id < 0 || id >= _model.Plan.Tokens.Vocab)
                    throw new InputException($"Token id {id} of sequence {row} is outside the vocabulary of {_model.Plan.Tokens.Vocab}. The tokenizer is another model's.");
                if (id == _model.Plan.Tokens.Image) imageTokens++;
            }
            var vision = _model.Plan.Vision;
            if (imageTokens != prompt.Tiles * vision.TokensPerTile)
                throw new InputException(
                    $"Sequence {row} has {imageTokens} image tokens (id {_model.Plan.Tokens.Image}), and its {prompt.Tiles} tiles are {prompt.Tiles * vision.TokensPerTile}. Their numbers must be equal.");
            if (prompt.Pixels.Length != (long)prompt.Tiles * 3 * vision.Image * vision.Image)
                throw new ArgumentException($"Sequence {row} has {prompt.Pixels.Length} pixel values for {prompt.Tiles} tiles of 3 x {vision.Image} x {vision.Image}.", nameof(prompts));
        }
        if (longest == 0) throw new ArgumentException("No sequence reads anything.", nameof(prompts));
        if (longest > Room)
            throw new InputException($"A prompt of {longest} tokens does not fit: {Room} of {Cache.MaxTokens} tokens are left. Give more room, or a shorter prompt.");
    }

    /// <summary>Frees the cache.</summary>
    public void Dispose()
    {
        _captured?.Dispose();
        Cache.Dispose();
    }
}
