using MmMamba.Runtime.Vision;

namespace MmMamba.Runtime.Tests.Vision;

public class BitmapFontTests
{
    static string Glyph(char c) =>
        string.Join('\n', Enumerable.Range(0, BitmapFont.Height).Select(y =>
            string.Concat(Enumerable.Range(0, BitmapFont.Width).Select(x => BitmapFont.Pixel(c, x, y) ? '#' : '.'))));

    [Theory]
    [InlineData('F', "#####\n#....\n#....\n####.\n#....\n#....\n#....")]
    [InlineData('7', "#####\n....#\n...#.\n..#..\n.#...\n.#...\n.#...")]
    [InlineData('~', ".....\n.....\n.#...\n#.#.#\n...#.\n.....\n.....")]
    public void Glyphs_are_the_drawn_ones(char character, string expected) => Assert.Equal(expected, Glyph(character));

    [Fact]
    public void No_two_characters_look_the_same()
    {
        var glyphs = Enumerable.Range(' ', '~' - ' ' + 1).Select(c => Glyph((char)c)).ToList();
        Assert.Equal(95, glyphs.Count);
        Assert.Equal(95, glyphs.Distinct().Count());
    }

    [Fact]
    public void Characters_without_a_glyph_are_question_marks() => Assert.Equal(Glyph('?'), Glyph('é'));

    [Fact]
    public void A_row_outside_the_glyph_is_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => BitmapFont.Row('a', 7));
        Assert.Throws<ArgumentOutOfRangeException>(() => BitmapFont.Pixel('a', 5, 0));
    }
}
