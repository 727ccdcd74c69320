using System.CommandLine;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Vision;
using static TorchSharp.torch;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba image</c>: a picture as a model is given it.</summary>
static class ImageCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("path") { Description = "A PNG, JPEG, WebP, BMP or GIF file." };
        var side = RunOptions.Range(new Option<int>("--image") { Description = "Side of a tile in pixels, 1 to 4096.", DefaultValueFactory = _ => 448 }, 1, 4096);
        var maxTiles = RunOptions.Range(new Option<int>("--max-tiles") { Description = "Most tiles of the grid, the thumbnail not counted; 1 to 1024.", DefaultValueFactory = _ => 12 }, 1, 1024);
        var output = RunOptions.NotEmpty(new Option<string>("--output") { Description = "The file to write (safetensors): pixel_values and grid.", Required = true });
        var command = new Command("image", "Cut a picture into the tiles that a model is given, as normalised numbers.") { path, side, maxTiles, output };
        command.SetAction(result => Write(result.GetRequiredValue(path), result.GetValue(side), result.GetValue(maxTiles), result.GetRequiredValue(output)));
        return command;
    }

    static int Write(string path, int side, int maxTiles, string output)
    {
        if ((long)side * side * maxTiles > ImageDecoder.MostPixels)
            throw new InputException($"{maxTiles} tiles of {side} x {side} pixels are more than {ImageDecoder.MostPixels} pixels; lower --image or --max-tiles.");
        if (Path.GetFullPath(path) == Path.GetFullPath(output)) throw new InputException($"{output}: is the picture itself; name another file to write.");
        Compute.Use("cpu", 0);
        var image = ImageDecoder.Decode(path);
        var grid = Tiling.Choose(image.Width, image.Height, side, maxTiles);
        var (values, tiles) = new ImagePreprocessor(new(side, side, maxTiles, 1, "gelu_mlp", "imagenet")).Process(image);
        using var scope = NewDisposeScope();
        SafetensorsWriter.Write(output,
        [
            ("pixel_values", tensor(values, [tiles, 3, side, side])),
            ("grid", tensor(new long[] { grid.Columns, grid.Rows })),
        ]);
        Console.WriteLine(Printable.Line(
            $"{output}: {image.Width} x {image.Height} pixels in {grid.Columns} x {grid.Rows} tiles{(tiles > 1 ? " and a thumbnail" : "")} of {side} x {side}"));
        return ExitCode.Ok;
    }
}
