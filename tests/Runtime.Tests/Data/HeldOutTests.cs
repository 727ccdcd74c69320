using MmMamba.Runtime.Data;
using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Tests.Data;

/// <summary>Pictures are told apart by their pixels, whatever they are called.</summary>
public class HeldOutTests
{
    sealed class Pictures(string split, params (int Width, byte Shade)[] pictures) : IConversationSource
    {
        public long Count => pictures.Length;

        public Conversation Get(long index) => new($"{index}", [new DrawnImage($"{split}/{index}", () => Drawn(pictures[index]))], [new("<image>", "yes", "")]);

        static RgbImage Drawn((int Width, byte Shade) picture)
        {
            var image = new RgbImage(picture.Width, 12 / picture.Width);
            image.Pixels.AsSpan().Fill(picture.Shade);
            return image;
        }
    }

    static void Require(IConversationSource train, IConversationSource test, string name, CancellationToken cancellation = default) =>
        HeldOut.Require(PictureContents.Of(train, passesBy: true, cancellation), PictureContents.Of(test, passesBy: false, cancellation), name);

    [Fact]
    public void Splits_with_pictures_of_their_own_are_held_out() =>
        Require(new Pictures("train", (4, 1), (4, 1), (4, 2), (6, 3)), new Pictures("test", (4, 4), (4, 3), (2, 3)), "set"); // the same bytes in another shape are another picture

    [Fact]
    public void The_first_picture_that_is_in_both_is_named() => Assert.Equal(
        "set: 2 of 3 test pictures are training pictures too, such as 'test/1', which is 'train/2'; a model is not judged by what it was trained on: take them out of one of the two.",
        Assert.Throws<InputException>(() => Require(new Pictures("train", (4, 1), (4, 5), (4, 2)), new Pictures("test", (4, 9), (4, 2), (4, 5)), "set")).Message);

    [Fact]
    public void What_cannot_be_read_was_not_trained_on_and_cannot_be_judged_by()
    {
        var broken = new Listed(new Conversation("0", [new DrawnImage("broken", () => throw new InputException("broken: is no picture"))], [new("<image>", "yes", "")]));
        Require(broken, new Pictures("test", (4, 1)), "set");
        Assert.Equal("broken: is no picture", Assert.Throws<InputException>(() => Require(new Pictures("train", (4, 1)), broken, "set")).Message);
    }

    [Fact]
    public void It_can_be_stopped() => Assert.ThrowsAny<OperationCanceledException>(
        () => Require(new Pictures("train", (4, 1)), new Pictures("test", (4, 2)), "set", new CancellationToken(canceled: true)));
}
