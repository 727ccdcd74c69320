using MmMamba.Runtime.Data;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Tests.Data;

/// <summary>Pictures whose class and index are the red and the green of any pixel; blue is 10 at the left and 200 at the right, and 5 more in the upper half.</summary>
sealed class FlatPictures(int classes, int perClass = 5, int side = 16) : IPictureSource
{
    public IReadOnlyList<string> Classes { get; } = [.. Enumerable.Range(0, classes).Select(c => ((char)('p' + c)).ToString())];
    public int Count(int classIndex) => perClass;
    public string Name(int classIndex, int index) => $"{classIndex}/{index}";
    public bool Mirrors(int classIndex) => true;

    public RgbImage Get(int classIndex, int index)
    {
        var image = new RgbImage(side, side);
        for (var i = 0; i < side * side; i++)
        {
            image.Pixels[3 * i] = (byte)classIndex;
            image.Pixels[3 * i + 1] = (byte)index;
            image.Pixels[3 * i + 2] = (byte)((i % side < side / 2 ? 10 : 200) + (i / side < side / 2 ? 5 : 0));
        }
        return image;
    }
}
