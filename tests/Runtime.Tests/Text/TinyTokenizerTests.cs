using System.Runtime.CompilerServices;
using MmMamba.Runtime.Text;
using MmMamba.Runtime.Text.Tiny;
using MmMamba.Testing;

namespace MmMamba.Runtime.Tests.Text;

public class TinyTokenizerTests
{
    static readonly ChatTokenizer Tokenizer = TinyTokenizer.Load();

    /// <summary>When it fails, move <c>tokenizer.received.model</c> over <c>tokenizer.model</c>, and train the tiny models anew.</summary>
    [Fact]
    public void The_model_is_what_its_corpus_gives()
    {
        var model = Path.Combine(SourceTree.OnThisMachine(Here()), "../../../../src/Runtime/Text/Tiny/tokenizer.model");
        var received = Path.ChangeExtension(model, ".received.model");
        var trained = TinyTokenizer.Train();
        File.Delete(received);
        if (!trained.AsSpan().SequenceEqual(File.ReadAllBytes(model)))
        {
            File.WriteAllBytes(received, trained);
            Assert.Fail($"The corpus gives another model; it was written to {Path.GetFullPath(received)}");
        }
    }

    static string Here([CallerFilePath] string path = "") => path;

    [Fact]
    public void Words_of_questions_and_answers_are_one_token_each()
    {
        foreach (var word in "yes no user assistant system is there what at row column beside tag how many which circle moon sun airplane truck".Split(' '))
        {
            Assert.Equal(word, Tokenizer.Piece(Assert.Single(Tokenizer.Encode(word))));
            Assert.Equal("▁" + word, Tokenizer.Piece(Assert.Single(Tokenizer.Encode(" " + word))));
        }
    }

    [Fact]
    public void Digits_and_capitals_are_one_token_each_and_never_merge()
    {
        foreach (var character in "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ\n")
            Assert.Single(Tokenizer.Encode(character.ToString()));
        Assert.Equal("▁ 4 2 ▁ 2 0 2 5 ▁ K", string.Join(' ', Tokenizer.Encode(" 42 2025 K").Select(Tokenizer.Piece)));
    }

    [Fact]
    public void Names_of_a_hundred_common_classes_are_short()
    {
        var names = ("apple bear beaver bed bee beetle bicycle bottle bowl boy bridge bus butterfly camel can castle caterpillar cattle chair chimpanzee clock "
            + "cloud cockroach couch crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo keyboard lamp leopard "
            + "lion lizard lobster man motorcycle mountain mouse mushroom orange orchid otter pear plain plate poppy porcupine possum rabbit raccoon ray road "
            + "rocket rose sea seal shark shrew skunk skyscraper snail snake spider squirrel streetcar sunflower table tank telephone television tiger tractor "
            + "train trout tulip turtle wardrobe whale wolf woman worm").Split(' ');
        Assert.True(names.Average(name => Tokenizer.Encode(name).Length) < 2.5);
        Assert.True(names.Average(name => Tokenizer.Encode(" " + name).Length) < 3);
        Assert.All(names, name => Assert.InRange(Tokenizer.Encode(name).Length, 1, 5));
    }
}
