using System.Diagnostics;
using System.Globalization;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Generation;
using MmMamba.Runtime.Text;
using static TorchSharp.torch;

namespace MmMamba.Checkpoints.Benchmarks;

/// <summary>What a saved conversation weighs, after a short question and after a long one.</summary>
static class Conversations
{
    const string Sentence = "is there a cat in the picture, and what is it doing there? ";

    // Characters and merged pieces that the sentence gives; other ids are places that no text reaches.
    const int Learned = 110;

    public static void Measure(string path, ScalarType type)
    {
        using var model = Checkpoint.Load(null, path, dtype: type);
        var tokenizer = Tokenizer(model.Plan.Tokens.Vocab);
        var file = Path.Combine(Path.GetTempPath(), $"conversation-{Environment.ProcessId}.safetensors");
        Console.WriteLine($"{model.Plan.Name} in {type}");
        Console.WriteLine("tokens    state, bytes     file, bytes  file, MiB   save, s  resume, s");
        try
        {
            foreach (var words in (int[])[1, 150, 300])
            {
                using var session = new ChatSession(model, tokenizer, maxTokens: 1024, system: "");
                session.Ask(string.Join(' ', Enumerable.Repeat(Sentence, words).SelectMany(text => text.Split(' ')).Take(words)), options: new GenerationOptions { MaxTokens = 2 });
                var saving = Stopwatch.StartNew();
                session.Save(file);
                saving.Stop();
                var resuming = Stopwatch.StartNew();
                ChatSession.Resume(file, model, tokenizer, maxTokens: 1024).Dispose();
                var bytes = new FileInfo(file).Length;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture,
                    $"{session.Length,6} {session.StateBytes,15:#,0} {bytes,15:#,0} {bytes / 1048576.0,10:0.000} {saving.Elapsed.TotalSeconds,9:0.00} {resuming.Elapsed.TotalSeconds,10:0.00}"));
            }
        }
        finally
        {
            File.Delete(file);
        }
    }

    // The published tokenizer is not needed to count bytes: one of its size.
    static ChatTokenizer Tokenizer(int vocabulary)
    {
        var pieces = vocabulary - SpecialTokens.Added;
        var places = Enumerable.Range(0, pieces - 3 - 256 - Learned - 2).Select(i => string.Create(CultureInfo.InvariantCulture, $"[UNUSED_{i}]"));
        return ChatTokenizer.Load(new MemoryStream(SentencePieceTrainer.Train(Sentence, [], pieces, [.. places, "<|im_end|>", "<|im_start|>"])), vocabulary);
    }
}
