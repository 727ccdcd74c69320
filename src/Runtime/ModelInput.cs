using TorchSharp;

namespace MmMamba.Runtime;

/// <summary>What a model reads. Tensors may be on any device; the model brings them to its own.</summary>
/// <param name="InputIds">Token ids (B, T), int64, the image token's id where an image's tokens stand.</param>
/// <param name="PixelValues">Tiles (tiles, 3, height, width), float32 and normalised, of all images in reading order; null or empty without images.</param>
/// <param name="AttentionMask">1 or true at real tokens, 0 at pads (B, T); pads stand on the right. Null where all are real. With a cache it covers the new tokens.</param>
/// <param name="PositionIds">Positions (B, T), int64; null counts the real tokens from 0, or from those in the cache.</param>
public sealed record ModelInput(torch.Tensor InputIds, torch.Tensor? PixelValues = null, torch.Tensor? AttentionMask = null, torch.Tensor? PositionIds = null)
{
    /// <summary>
    /// Where one sequence ends and the next begins, if several stand in the one row (1, R) of <see cref="InputIds"/>; null otherwise. It goes without mask, positions and cache, and
    /// all that the model gives for the input has that row, too.
    /// </summary>
    public Packing? Packing { get; init; }

    /// <summary>Sequences.</summary>
    internal long Sequences => Packing?.Sequences ?? InputIds.shape[0];

    /// <summary>Positions of the longest sequence.</summary>
    internal long Length => Packing?.Length ?? InputIds.shape[1];
}
