using System.Text.Json;

namespace MmMamba.Runtime.Tests.Vision;

/// <summary>Pictures and the tiles that Pillow makes of them.</summary>
/// <param name="Input">The picture's file.</param>
/// <param name="Width">Its columns.</param>
/// <param name="Height">Its rows.</param>
/// <param name="Side">Side of a tile.</param>
/// <param name="MaxTiles">Most tiles.</param>
/// <param name="Columns">Columns of the grid.</param>
/// <param name="Rows">Rows of the grid.</param>
/// <param name="Tiles">The tiles' files, thumbnail last.</param>
public sealed record ImageGolden(string Input, int Width, int Height, int Side, int MaxTiles, int Columns, int Rows, string[] Tiles)
{
    static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "images");

    public static string File(string name) => Path.Combine(Folder, name);

    public static IReadOnlyList<ImageGolden> All { get; } = Read();

    static ImageGolden[] Read()
    {
        using var json = JsonDocument.Parse(System.IO.File.ReadAllText(File("index.json")));
        return [.. json.RootElement.EnumerateArray().Select(golden => new ImageGolden(
            golden.GetProperty("input").GetString()!,
            golden.GetProperty("size")[0].GetInt32(), golden.GetProperty("size")[1].GetInt32(),
            golden.GetProperty("image_size").GetInt32(), golden.GetProperty("max_tiles").GetInt32(),
            golden.GetProperty("grid")[0].GetInt32(), golden.GetProperty("grid")[1].GetInt32(),
            [.. golden.GetProperty("tiles").EnumerateArray().Select(tile => tile.GetString()!)]))];
    }

    public override string ToString() => Input;
}
