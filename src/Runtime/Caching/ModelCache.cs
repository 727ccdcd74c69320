using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Caching;

/// <summary>What a model remembers of a batch of sequences: one <see cref="LayerCache"/> a layer. Allocated once, then changed in place.</summary>
public class ModelCache : IReadOnlyList<LayerCache>, IDisposable
{
    readonly LayerCache[] _layers;
    readonly Device _device;
    Tensor? _marks;

    /// <param name="model">The model that will use it.</param>
    /// <param name="batch">Sequences.</param>
    /// <param name="maxTokens">Tokens of prompt and answer together that attention layers have room for.</param>
    public ModelCache(VisionLanguageModel model, int batch, int maxTokens)
    {
        if (batch < 1 || maxTokens < 1) throw new InputException($"A cache is for at least 1 sequence of 1 token; {batch} of {maxTokens} are asked for.");
        (Batch, MaxTokens, _device) = (batch, maxTokens, model.Device);
        var size = new CacheSize(batch, maxTokens, model.Device, model.Dtype, model.StateDtype);
        _layers = [.. model.Plan.Layers.Select(layer => MixerTypes.Of(layer.Mixer).Cache(layer.Mixer, size))];
    }

    /// <summary>Sequences.</summary>
    public int Batch { get; }

    /// <summary>Tokens that fit.</summary>
    public int MaxTokens { get; }

    /// <summary>Tokens seen so far, pads included.</summary>
    public long Length { get; private set; }

    /// <summary>Memory of all buffers in bytes.</summary>
    public long Bytes => _layers.Sum(layer => layer.Bytes);

    /// <summary>Number of layers.</summary>
    public int Count => _layers.Length;

    /// <summary>The cache of the layer at an index from 0.</summary>
    public LayerCache this[int index] => _layers[index];

    /// <summary>Why code of our own that reads states where they lie, in float32, takes no such cache; null where it does.</summary>
    internal string? Refusal => _layers.OfType<Mamba2State>().FirstOrDefault(state => !state.IsSingle) is { } other ? $"the states are {other.Ssm.dtype.ToString().ToLowerInvariant()}" : null;

    /// <summary>Whether some of the tokens seen so far are pads, as far as is known.</summary>
    internal bool HasPads { get; private set; }

    /// <summary>Which of the tokens seen so far are real (B, Length), boolean, a view for the caller to dispose; null while all are.</summary>
    internal Tensor? Real => HasPads ? Marks.narrow(1, 0, Length) : null;

    /// <summary>The buffer behind <see cref="Real"/> (B, MaxTokens), which says so of every token seen so far. It is there from when it is first asked for.</summary>
    internal Tensor Marks => _marks ??= ones([Batch, MaxTokens], ScalarType.Bool, _device).DetachFromDisposeScope();

    /// <summary>The cache of a layer as its type.</summary>
    protected T Layer<T>(int index) where T : LayerCache => (T)_layers[index];

    internal void Advance(long tokens, Tensor? mask)
    {
        if (mask is not null || _marks is not null)
        {
            using var now = Marks.narrow(1, Length, tokens);
            if (mask is null) now.fill_(HeldNumber.Of(true));
            else now.copy_(mask);
        }
        HasPads |= mask is not null;
        Length += tokens;
    }

    /// <summary>Counts one more token of each sequence, for which somebody else writes <see cref="Marks"/>.</summary>
    /// <param name="anyRests">Whether it is a pad of some sequence.</param>
    internal void Advance(bool anyRests)
    {
        HasPads |= anyRests;
        Length++;
    }

    /// <summary>Remembers this moment, to go back to it: attention layers keep a number, the others a copy of their state.</summary>
    internal CacheMark Mark()
    {
        var (length, pads, marks) = (Length, HasPads, _layers.Select(layer => layer.Mark()).ToArray());
        return new(
            () =>
            {
                foreach (var mark in marks) mark.Return();
                (Length, HasPads) = (length, pads); // what was marked since lies behind
            },
            marks);
    }

    /// <summary>Takes up what the layers' <see cref="LayerCache.Filled"/> gave after a number of tokens, all of them real.</summary>
    internal void Fill(long tokens, Func<int, StoredTensors> stored)
    {
        Reset();
        for (var i = 0; i < _layers.Length; i++) _layers[i].Fill(tokens, stored(i));
        Length = tokens;
    }

    /// <summary>Forgets all tokens, for another batch of as many sequences.</summary>
    public void Reset()
    {
        foreach (var layer in _layers) layer.Reset();
        (HasPads, Length) = (false, 0);
    }

    /// <inheritdoc/>
    public IEnumerator<LayerCache> GetEnumerator() => ((IEnumerable<LayerCache>)_layers).GetEnumerator();
    System.Collections.IEnumerator System.Collections.IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Frees all buffers.</summary>
    public void Dispose()
    {
        foreach (var layer in _layers) layer.Dispose();
        _marks?.Dispose();
        GC.SuppressFinalize(this);
    }
}
