using System.Runtime.CompilerServices;
using MmMamba.Runtime.Text;
using MmMamba.Runtime.Text.Tiny;

namespace MmMamba.Runtime.Tests.Text;

public class TinyTokenizerTests
{
    static readonly ChatTokenizer Tokenizer = TinyTokenizer.Load();

    /// <summary>When it fails, move <c>tokenizer.received.model</c> over <c>tokenizer.model</c>, and train the tiny models anew.</summary>
    [Fact]
    public void The_model_is_what_its_corpus_gives()
    {
        var model = Path.Combine(Source(), "../../../src/Runtime/Text/Tiny/tokenizer.model");
        var received = Path.ChangeExtension(model, ".received.model");
        var trained = TinyTokenizer.Train();
        File.Delete(received);
        if (!trained.AsSpan().SequenceEqual(File.ReadAllBytes(model)))
        {
            File.WriteAllBytes(received, trained);
            Assert.Fail($"The corpus gives another model; it was written to {Path.GetFullPath(received)}");
        }
    }

    static string Source([CallerFilePath] string path = "") => Path.GetDirectoryName(path)!;
}
