using MmMamba.Runtime.Data;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Tests.Data;

/// <summary>What pictures show is known by their pixels, each picture once.</summary>
public class PictureContentsTests
{
    static ImageSource Picture(string name, byte shade) => new DrawnImage(name, () =>
    {
        var image = new RgbImage(2, 2);
        image.Pixels.AsSpan().Fill(shade);
        return image;
    });

    static Conversation About(params ImageSource[] pictures) => new("0", pictures, [new("<image>", "yes", "")]);

    [Fact]
    public void A_picture_stands_once_and_what_cannot_be_read_has_no_content()
    {
        var broken = new DrawnImage("c", () => throw new InputException("c: is no picture"));
        var source = new Listed(About(Picture("b", 1), Picture("a", 2)), About(Picture("b", 1), broken));
        var contents = PictureContents.Of(source, passesBy: true);
        Assert.Equal(["a", "b", "c"], contents.Pictures.Select(picture => picture.Name));
        Assert.Equal([32, 32, null], contents.Pictures.Select(picture => picture.Content?.Length));
        Assert.Equal("c: is no picture", Assert.Throws<InputException>(() => PictureContents.Of(source, passesBy: false)).Message);
    }

    [Fact]
    public void One_changed_pixel_is_another_content()
    {
        string? Content(byte shade) => PictureContents.Of(new Listed(About(Picture("a", shade))), passesBy: false).Pictures[0].Content;
        Assert.Equal(Content(1), Content(1));
        Assert.NotEqual(Content(1), Content(2));
    }
}
