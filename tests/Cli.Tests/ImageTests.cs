using System.Text.Json;
using MmMamba.Runtime.Vision;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Cli.Tests;

/// <summary><c>mmmamba image</c> writes what Pillow makes of a picture.</summary>
public sealed class ImageTests : IDisposable
{
    static readonly string Images = Path.Combine(AppContext.BaseDirectory, "images");

    readonly TemporaryFolder _folder = new();
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Every_golden_comes_out()
    {
        using var goldens = JsonDocument.Parse(File.ReadAllText(Path.Combine(Images, "index.json")));
        Assert.Equal(13, goldens.RootElement.GetArrayLength());
        foreach (var golden in goldens.RootElement.EnumerateArray())
        {
            using var scope = NewDisposeScope();
            var input = golden.GetProperty("input").GetString()!;
            Assert.Equal(0, Program.Run([
                "image", Path.Combine(Images, input), "--image", golden.GetProperty("image_size").ToString(), "--max-tiles", golden.GetProperty("max_tiles").ToString(),
                "--output", _folder["t.safetensors"]]));
            var found = Golden.Read(_folder["t.safetensors"]);
            Assert.Equal(["grid", "pixel_values"], found.Keys.Order(StringComparer.Ordinal));
            Assert.Equal(golden.GetProperty("grid").EnumerateArray().Select(side => side.GetInt64()), found["grid"].data<long>());
            var tiles = golden.GetProperty("tiles").EnumerateArray().Select(tile => Normalised(Path.Combine(Images, tile.GetString()!))).ToArray();
            Assert.True(stack(tiles).eq(found["pixel_values"]).all().item<bool>(), input);
        }
    }

    static Tensor Normalised(string tile)
    {
        var image = ImageDecoder.Decode(tile);
        var bytes = tensor(image.Pixels).view(image.Height, image.Width, 3).permute(2, 0, 1).to(ScalarType.Float32);
        return (bytes / 255f - tensor(new[] { 0.485f, 0.456f, 0.406f }).view(3, 1, 1)) / tensor(new[] { 0.229f, 0.224f, 0.225f }).view(3, 1, 1);
    }

    [Fact]
    public void The_published_sizes_are_the_defaults()
    {
        var run = Tool.Call(_folder.Path, "image", Path.Combine(Images, "in", "rgba.png"), "--output", "t.safetensors");
        Assert.Equal((0, "t.safetensors: 133 x 91 pixels in 3 x 2 tiles and a thumbnail of 448 x 448\n"), (run.ExitCode, run.Output));
        var found = Golden.Read(_folder["t.safetensors"]);
        Assert.Equal([7, 3, 448, 448], found["pixel_values"].shape);
        Assert.Equal((ScalarType.Float32, ScalarType.Int64), (found["pixel_values"].dtype, found["grid"].dtype));
    }

    [Fact]
    public void What_is_no_picture_is_refused()
    {
        File.WriteAllText(_folder["text.png"], "no picture");
        Refused("text.png: not a picture", 1, "text.png");
        Refused("none.png: no such picture", 1, "none.png");
        Refused("more than 67108864 pixels", 1, "text.png", "--image", "4096", "--max-tiles", "12");
        Refused("is the picture itself", 1, "text.png", "--output", "./text.png");
        Refused("--image is 0; it is 1 to 4096", 2, "text.png", "--image", "0");
    }

    void Refused(string gist, int exitCode, params string[] arguments)
    {
        var before = _folder.Entries;
        var run = Tool.Call(_folder.Path, ["image", .. arguments, .. arguments.Contains("--output") ? (string[])[] : ["--output", "t"]]);
        Assert.Contains(gist, run.Refusal);
        Assert.Equal(exitCode, run.ExitCode);
        Assert.Equal(before, _folder.Entries);
    }
}
