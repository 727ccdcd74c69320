using MmMamba.Cli.Jobs;
using MmMamba.Models;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Text.Tiny;

namespace MmMamba.Cli.Tests;

/// <summary>Which tokenizer a model has.</summary>
public sealed class TokenizersTests : IDisposable
{
    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void The_one_beside_the_weights_comes_before_the_tool_s()
    {
        var weights = _folder["w.safetensors"];
        Assert.Equal(TinyTokenizer.Vocabulary, Tokenizers.For(TinyHovle.Plan, weights, null).Vocabulary);
        Assert.Contains("there is no tokenizer.model beside the weights", Assert.Throws<InputException>(() => Tokenizers.For(Hovle.Plan, weights, null)).Message);
        CheckpointFolder.WriteText(_folder["tokenizer.model"], "pieces");
        Assert.Contains("no SentencePiece BPE model", Assert.Throws<InputException>(() => Tokenizers.For(TinyHovle.Plan, weights, null)).Message);
        AtomicFile.Write(_folder["mine"], TinyTokenizer.Model());
        Assert.Equal(TinyTokenizer.Vocabulary, Tokenizers.For(TinyHovle.Plan, weights, _folder["mine"]).Vocabulary);
        Assert.Equal(
            "Hovle: has 92553 ids, and the tokenizer that models are trained with here has 1024.", Assert.Throws<InputException>(() => Encoders.For(Hovle.Plan)).Message);
    }

    [Fact]
    public void A_folder_of_a_tiny_model_has_its_tokenizer_and_keeps_one_that_it_has()
    {
        int Run(params string[] arguments) => Program.Run(arguments);
        Assert.Equal(0, Run("export", "TinyHovle", "--random", "--output", _folder["out"]));
        Assert.Equal(TinyTokenizer.Model(), File.ReadAllBytes(_folder["out/tokenizer.model"]));
        File.WriteAllText(_folder["out/tokenizer.model"], "pieces");
        Assert.Equal(0, Run("import", _folder["out"], "--output", _folder["in"]));
        Assert.Equal(0, Run("export", _folder["in"], "--output", _folder["again"]));
        Assert.Equal("pieces", File.ReadAllText(_folder["again/tokenizer.model"]));
        File.Delete(_folder["in/tokenizer.model"]);
        Assert.Equal(0, Run("import", _folder["in"], "--output", _folder["taken"]));
        Assert.Equal(TinyTokenizer.Model(), File.ReadAllBytes(_folder["taken/tokenizer.model"]));
    }
}
