namespace MmMamba.Runtime.Data;

/// <summary>What a sequence takes in next: tokens, and the tiles of their image tokens.</summary>
/// <param name="Ids">Token ids, the image token's id where an image's tokens stand; may be empty.</param>
/// <param name="Pixels">Normalised pixels of all tiles, (tiles, 3, side, side); empty for text alone.</param>
/// <param name="Tiles">Number of tiles of all pictures.</param>
public sealed record Prompt(IReadOnlyList<int> Ids, float[] Pixels, int Tiles)
{
    /// <summary>Tokens alone.</summary>
    public Prompt(IReadOnlyList<int> ids) : this(ids, [], 0) { }
}
