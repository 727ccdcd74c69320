using MmMamba.Runtime.Data;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Generation;

/// <summary>
/// The visual tokens of a prompt, handed out in order as the prompt is read. Tiles are encoded when they are needed, so that a prompt of
/// many pictures takes no more memory than one chunk of it.
/// </summary>
/// <param name="model">Encodes the tiles.</param>
/// <param name="prompt">Has the tiles.</param>
sealed class VisualTokens(VisionLanguageModel model, Prompt prompt) : IDisposable
{
    readonly int _perTile = model.Plan.Vision.TokensPerTile;
    int _encoded;
    Tensor? _left; // of the last tile that was encoded, what wasn't handed out

    /// <summary>The next visual tokens (count, H), for the caller to dispose.</summary>
    public Tensor Take(int count)
    {
        using var scope = NewDisposeScope();
        var have = (int)(_left?.shape[0] ?? 0);
        var tiles = Math.Max(0, (count - have + _perTile - 1) / _perTile);
        var all = tiles == 0 ? _left! : _left is null ? Encode(tiles) : cat([_left, Encode(tiles)], 0);
        var taken = all.narrow(0, 0, count).clone().MoveToOuterDisposeScope();
        var rest = all.shape[0] - count;
        var left = rest == 0 ? null : all.narrow(0, count, rest).clone().DetachFromDisposeScope();
        _left?.Dispose();
        _left = left;
        return taken;
    }

    Tensor Encode(int tiles)
    {
        var side = model.Plan.Vision.Image;
        var values = 3 * side * side;
        var pixels = tensor(prompt.Pixels.AsMemory(_encoded * values, tiles * values), [tiles, 3, side, side], ScalarType.Float32);
        _encoded += tiles;
        return model.Vision.Forward(pixels.to(model.Device)).flatten(0, 1);
    }

    /// <summary>Frees what was not handed out.</summary>
    public void Dispose() => _left?.Dispose();
}
