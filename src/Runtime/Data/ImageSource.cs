using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Data;

/// <summary>A conversation's picture, decoded when it is asked for.</summary>
public abstract class ImageSource
{
    /// <summary>What to call the picture in messages, such as its path in the set.</summary>
    public abstract string Name { get; }

    /// <summary>The decoded picture.</summary>
    /// <exception cref="InputException">The picture is missing or doesn't decode; the message names who asked for it.</exception>
    public abstract RgbImage Load();
}

/// <summary>A picture that is drawn when it is asked for, the same at every call.</summary>
/// <param name="name">What to call it in messages.</param>
/// <param name="draw">Draws it; may be called from several threads at once.</param>
public sealed class DrawnImage(string name, Func<RgbImage> draw) : ImageSource
{
    /// <inheritdoc/>
    public override string Name => name;

    /// <inheritdoc/>
    public override RgbImage Load() => draw();
}
