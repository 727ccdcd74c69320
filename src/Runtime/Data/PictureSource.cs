using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Data;

/// <summary>Small pictures by class: what mosaics are made of. Members may be called from several threads at once.</summary>
public interface IPictureSource
{
    /// <summary>Names of the classes as questions and answers use them, in a fixed order.</summary>
    IReadOnlyList<string> Classes { get; }

    /// <summary>Number of pictures of a class, at least 1.</summary>
    int Count(int classIndex);

    /// <summary>A square picture: the same one at every call.</summary>
    RgbImage Get(int classIndex, int index);

    /// <summary>The picture's name, unique over both splits of its set.</summary>
    string Name(int classIndex, int index);

    /// <summary>Whether a picture of the class, seen in a mirror, is still one of the class: not so for rendered words.</summary>
    bool Mirrors(int classIndex);
}

/// <summary>Two picture sources with the same classes and no picture in common.</summary>
/// <param name="Train">What models are trained on.</param>
/// <param name="Test">What they are judged on.</param>
public sealed record PictureSplits(IPictureSource Train, IPictureSource Test);
