using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Data;

/// <summary>A conversation's picture, decoded when it is asked for.</summary>
public abstract class ImageSource
{
    /// <summary>What to call the picture in messages, such as its path in the set.</summary>
    public abstract string Name { get; }

    /// <summary>The decoded picture.</summary>
    /// <exception cref="InputException">The picture is missing or doesn't decode; the message names the place that asked for it.</exception>
    public abstract RgbImage Load();
}

/// <summary>A picture that is already there.</summary>
/// <param name="name">What to call it in messages.</param>
/// <param name="image">The picture.</param>
public sealed class DrawnImage(string name, RgbImage image) : ImageSource
{
    /// <inheritdoc/>
    public override string Name => name;

    /// <inheritdoc/>
    public override RgbImage Load() => image;
}
