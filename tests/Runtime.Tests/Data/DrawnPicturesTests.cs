using System.Security.Cryptography;
using MmMamba.Runtime.Data;

namespace MmMamba.Runtime.Tests.Data;

public class DrawnPicturesTests
{
    [Fact]
    public void The_same_seed_draws_the_same_bytes_in_any_order()
    {
        var (first, second) = (DrawnPictures.Splits(5, 6, 3), DrawnPictures.Splits(5, 6, 3));
        for (var c = first.Train.Classes.Count - 1; c >= 0; c--)
            for (var i = 5; i >= 0; i--) second.Train.Get(c, i);
        for (var c = 0; c < first.Train.Classes.Count; c++)
        {
            for (var i = 0; i < 6; i++) Assert.Equal(first.Train.Get(c, i).Pixels, second.Train.Get(c, i).Pixels);
            for (var i = 0; i < 3; i++) Assert.Equal(first.Test.Get(c, i).Pixels, second.Test.Get(c, i).Pixels);
        }
    }

    [Fact]
    public void No_two_pictures_are_the_same_within_or_across_splits_and_seeds()
    {
        var seen = new HashSet<string>();
        var names = new HashSet<string>();
        foreach (var seed in (ulong[])[0, 1])
        {
            names.Clear();
            var splits = DrawnPictures.Splits(seed, 30, 10);
            foreach (var source in (IPictureSource[])[splits.Train, splits.Test])
                for (var c = 0; c < source.Classes.Count; c++)
                    for (var i = 0; i < source.Count(c); i++)
                    {
                        Assert.True(seen.Add(Convert.ToHexString(SHA256.HashData(source.Get(c, i).Pixels))), source.Name(c, i));
                        Assert.True(names.Add(source.Name(c, i)));
                    }
        }
    }

    [Fact]
    public void There_are_twelve_classes_of_32_by_32_pixels()
    {
        var (train, test) = DrawnPictures.Splits();
        Assert.Equal(12, train.Classes.Count);
        Assert.Equal(train.Classes, test.Classes);
        var picture = test.Get(11, 299);
        Assert.Equal((32, 32), (picture.Width, picture.Height));
    }

    /// <summary>The nearest mean silhouette, learned from the training pictures, names most test pictures: the classes can be told apart.</summary>
    [Fact]
    public void A_crude_classifier_tells_the_classes_apart()
    {
        var (train, test) = DrawnPictures.Splits(0, 150, 25);
        var means = Enumerable.Range(0, 12).Select(c =>
            Enumerable.Range(0, 150).Select(i => Silhouette(train.Get(c, i).Pixels)).Aggregate((a, b) => [.. a.Zip(b, (x, y) => x + y)])
                .Select(value => value / 150).ToArray()).ToArray();
        var right = 0;
        for (var c = 0; c < 12; c++)
            for (var i = 0; i < 25; i++)
            {
                var silhouette = Silhouette(test.Get(c, i).Pixels);
                if (c == Enumerable.Range(0, 12).MinBy(k => means[k].Zip(silhouette, (a, b) => (a - b) * (a - b)).Sum())) right++;
            }
        Assert.True(right > 300 * 3 / 12, $"{right} of 300");
    }

    // Distance of each pixel's brightness from that of the border, scaled to at most 1.
    static double[] Silhouette(byte[] pixels)
    {
        var luma = Enumerable.Range(0, 32 * 32).Select(i => 0.3 * pixels[3 * i] + 0.6 * pixels[3 * i + 1] + 0.1 * pixels[3 * i + 2]).ToArray();
        var border = Enumerable.Range(0, 32).Average(i => luma[i]);
        var away = luma.Select(value => Math.Abs(value - border)).ToArray();
        var most = away.Max();
        return [.. away.Select(value => value / most)];
    }
}
