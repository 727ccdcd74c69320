using System.CommandLine;
using MmMamba.Runtime.Generation;

namespace MmMamba.Cli.Commands;

/// <summary>The options on how an answer is written.</summary>
sealed class GenerationArguments
{
    readonly Option<int> _maxTokens = RunOptions.Range(new Option<int>("--max-tokens") { Description = "Most tokens of an answer.", DefaultValueFactory = _ => 256 }, 1, 1 << 20);
    readonly Option<double> _temperature = RunOptions.Range(new Option<double>("--temperature") { Description = "0 always takes the most likely token; 1 draws from the model's own distribution.", DefaultValueFactory = _ => 0 }, 0, 1000);
    readonly Option<int> _topK = RunOptions.Range(new Option<int>("--top-k") { Description = "Draw from that many most likely tokens; 0 is all.", DefaultValueFactory = _ => 0 }, 0, int.MaxValue);
    readonly Option<double> _topP = RunOptions.Range(new Option<double>("--top-p") { Description = "Draw from the fewest most likely tokens with this much of the probability.", DefaultValueFactory = _ => 1 }, 0.000001, 1);
    readonly Option<double> _penalty = RunOptions.Range(new Option<double>("--repetition-penalty") { Description = "Above 1 makes tokens of the conversation less likely.", DefaultValueFactory = _ => 1 }, 0.01, 100);
    readonly Option<ulong> _seed = new("--seed") { Description = "Keys the draws.", DefaultValueFactory = _ => 0 };
    readonly Option<string[]> _stop = new("--stop") { Description = "A text that ends an answer; may be given several times.", DefaultValueFactory = _ => [] };
    readonly Option<int> _chunk = RunOptions.Range(new Option<int>("--prefill-chunk") { Description = "Most tokens of a prompt that are read at once: bounds memory, not the answer; 0 is what suits the device.", DefaultValueFactory = _ => 0 }, 0, 1 << 20);

    public GenerationArguments(Command command)
    {
        foreach (var option in (Option[])[_maxTokens, _temperature, _topK, _topP, _penalty, _seed, _stop, _chunk]) command.Add(option);
    }

    /// <summary>What was asked for.</summary>
    public GenerationOptions Read(ParseResult result) => new()
    {
        MaxTokens = result.GetValue(_maxTokens),
        PrefillChunk = result.GetValue(_chunk) is > 0 and var chunk ? chunk : null,
        StopTexts = result.GetRequiredValue(_stop),
        Sampling = new()
        {
            Temperature = result.GetValue(_temperature),
            TopK = result.GetValue(_topK),
            TopP = result.GetValue(_topP),
            RepetitionPenalty = result.GetValue(_penalty),
            Seed = result.GetValue(_seed),
        },
    };
}
