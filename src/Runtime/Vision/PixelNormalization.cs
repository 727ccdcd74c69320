namespace MmMamba.Runtime.Vision;

/// <summary>Bytes to floats: divided by 255, less the channel's mean, divided by its deviation, in float32 throughout.</summary>
public sealed class PixelNormalization
{
    // The 256 values of each channel, so that a pixel costs a look-up.
    readonly float[] _red, _green, _blue;

    PixelNormalization((float Mean, float Deviation) red, (float, float) green, (float, float) blue) =>
        (_red, _green, _blue) = (Table(red), Table(green), Table(blue));

    /// <summary>Means and deviations of ImageNet's training set.</summary>
    public static PixelNormalization ImageNet { get; } = new((0.485f, 0.229f), (0.456f, 0.224f), (0.406f, 0.225f));

    /// <summary>The normalisation of a name in a plan.</summary>
    /// <exception cref="InputException">No normalisation has that name.</exception>
    public static PixelNormalization Of(string name) => name == "imagenet"
        ? ImageNet
        : throw new InputException($"vision.normalize: no normalisation is called '{name}'; expected imagenet");

    /// <summary>Writes a square of a picture as (3, side, side).</summary>
    /// <param name="image">The picture.</param>
    /// <param name="x">Left column of the square.</param>
    /// <param name="y">Upper row of the square.</param>
    /// <param name="side">Its side.</param>
    /// <param name="destination">3 * side * side values, channel by channel.</param>
    public void Write(RgbImage image, int x, int y, int side, Span<float> destination)
    {
        var plane = side * side;
        for (var row = 0; row < side; row++)
        {
            var pixels = image.Row(y + row).Slice(x * 3, side * 3);
            var red = destination.Slice(row * side, side);
            var green = destination.Slice(plane + row * side, side);
            var blue = destination.Slice(2 * plane + row * side, side);
            for (var column = 0; column < side; column++)
            {
                red[column] = _red[pixels[column * 3]];
                green[column] = _green[pixels[column * 3 + 1]];
                blue[column] = _blue[pixels[column * 3 + 2]];
            }
        }
    }

    static float[] Table((float Mean, float Deviation) channel)
    {
        var table = new float[256];
        for (var level = 0; level < 256; level++) table[level] = (level / 255f - channel.Mean) / channel.Deviation;
        return table;
    }
}
