using MmMamba.Runtime.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Cli.Tests;

/// <summary>Inputs of <c>mmmamba forward</c> that don't fit the model or one another: one line, and nothing is written.</summary>
public sealed class ForwardInputsTests : IDisposable
{
    readonly TemporaryFolder _folder = new();
    readonly DisposeScope _scope = NewDisposeScope();

    public void Dispose()
    {
        _scope.Dispose();
        _folder.Dispose();
    }

    public static TheoryData<string, string> Mistakes => new()
    {
        { "none", "there is no tensor input_ids" },
        { "misspelled", "'pixel_vals' is no input; did you mean pixel_values?" },
        { "float ids", "input_ids is float32 (1, 4); expected int64 (batch, tokens)" },
        { "flat ids", "input_ids is int64 (4)" },
        { "no tokens", "input_ids is int64 (1, 0)" },
        { "high id", "input_ids holds 97 at (0, 2); the vocabulary has the ids 0 to 96" },
        { "low id", "input_ids holds -1 at (0, 0)" },
        { "no tiles", "input_ids holds 4 image tokens (id 90), and there is no pixel_values" },
        { "more tiles", "pixel_values has 2 tiles of 4 tokens, 8 in all, and input_ids holds 4 image tokens (id 90)" },
        { "odd tiles", "pixel_values has tiles of 16 x 12 pixels" },
        { "double tiles", "pixel_values is float64 (1, 3, 16, 16); expected float32" },
        { "grey tiles", "pixel_values is float32 (1, 1, 16, 16)" },
        { "nan", "pixel_values holds a value that is no finite number" },
        { "short mask", "attention_mask is int64 (1, 3); expected int64, int32, uint8 or bool (1, 4), as input_ids" },
        { "float mask", "attention_mask is float32 (1, 4)" },
        { "mask of twos", "attention_mask holds another value than 1" },
        { "empty row", "attention_mask has only pads in row 0" },
        { "positions", "position_ids holds -3" },
        { "flat positions", "position_ids is int64 (4)" },
    };

    [Theory, MemberData(nameof(Mistakes))]
    public void Inputs_that_don_t_fit_are_refused_in_one_line(string mistake, string gist)
    {
        var text = tensor(new long[] { 1, 2, 3, 4 }).unsqueeze(0);
        var image = full(1, 4, 90, ScalarType.Int64);
        (string, Tensor)[] inputs = mistake switch
        {
            "none" => [("attention_mask", text)],
            "misspelled" => [("input_ids", text), ("pixel_vals", zeros(1, 3, 16, 16))],
            "float ids" => [("input_ids", text.to(ScalarType.Float32))],
            "flat ids" => [("input_ids", text[0])],
            "no tokens" => [("input_ids", text[.., ..0])],
            "high id" => [("input_ids", tensor(new long[] { 1, 2, 97, 97 }).unsqueeze(0))],
            "low id" => [("input_ids", tensor(new long[] { -1, 2, 97, 97 }).unsqueeze(0))],
            "no tiles" => [("input_ids", image)],
            "more tiles" => [("input_ids", image), ("pixel_values", zeros(2, 3, 16, 16))],
            "odd tiles" => [("input_ids", image), ("pixel_values", zeros(1, 3, 16, 12))],
            "double tiles" => [("input_ids", image), ("pixel_values", zeros(1, 3, 16, 16).to(ScalarType.Float64))],
            "grey tiles" => [("input_ids", image), ("pixel_values", zeros(1, 1, 16, 16))],
            "nan" => [("input_ids", image), ("pixel_values", full(1, 3, 16, 16, float.NaN))],
            "short mask" => [("input_ids", text), ("attention_mask", text[.., ..3])],
            "float mask" => [("input_ids", text), ("attention_mask", ones(1, 4))],
            "mask of twos" => [("input_ids", text), ("attention_mask", text)],
            "empty row" => [("input_ids", text), ("attention_mask", zeros_like(text))],
            "positions" => [("input_ids", text), ("position_ids", text - 4)],
            _ => [("input_ids", text), ("position_ids", text[0])],
        };
        SafetensorsWriter.Write(_folder["i"], inputs);
        // The weights need not be there: inputs are looked at first.
        var (error, before) = (Console.Error, _folder.Entries);
        using var told = new StringWriter();
        Console.SetError(told);
        try
        {
            Assert.Equal(1, Program.Run(["forward", Golden.Spec("teacher"), "--weights", _folder["w"], "--inputs", _folder["i"], "--output", _folder["o"]]));
        }
        finally
        {
            Console.SetError(error);
        }
        Assert.StartsWith($"mmmamba: {_folder["i"]}: {gist}", told.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, told.ToString().Count(character => character == '\n'));
        Assert.Equal(before, _folder.Entries);
    }
}
