using MmMamba.Runtime.Checkpoints;

namespace MmMamba.Runtime.Data;

/// <summary>Keeps pictures that models are judged by apart from those that they were trained on.</summary>
public static class HeldOut
{
    /// <summary>Refuses a test that shows a training picture, by the pixels: two files may hold one picture.</summary>
    /// <param name="train">Pictures of the training conversations. What cannot be read there was not trained on.</param>
    /// <param name="test">Pictures of the test conversations.</param>
    /// <param name="name">What to call the set in a message.</param>
    /// <exception cref="InputException">A picture is in both.</exception>
    public static void Require(PictureContents train, PictureContents test, string name)
    {
        var tested = new Dictionary<string, string>();
        foreach (var (picture, content) in test.Pictures)
            if (content is not null) tested.TryAdd(content, picture);
        var both = train.Pictures.Where(picture => picture.Content is not null && tested.ContainsKey(picture.Content)).DistinctBy(picture => picture.Content).ToArray();
        if (both.Length == 0) return;
        var (test0, train0) = both.Select(one => (tested[one.Content!], one.Name)).Min();
        throw new InputException(
            $"{name}: {both.Length} of {tested.Count} test pictures are training pictures too, such as {Shown.Text(test0)}, which is {Shown.Text(train0)}; " +
            "a model is not judged by what it was trained on: take them out of one of the two.");
    }
}
