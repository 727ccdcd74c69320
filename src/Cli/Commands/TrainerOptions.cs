using System.CommandLine;
using MmMamba.Cli.Jobs;

namespace MmMamba.Cli.Commands;

/// <summary>How stages are computed: the options of what distils.</summary>
sealed class TrainerOptions
{
    readonly Option<string> _dtype = new("--dtype") { Description = "Type of teacher, frozen tensors and activations: float32 or bfloat16. What is trained is float32.", DefaultValueFactory = _ => "float32" };
    readonly Option<int?> _microBatch = new("--micro-batch") { Description = "Most sequences that go forward and backward at a time; a step keeps the recipe's batch." };
    readonly Option<int?> _microBatchTokens = new("--micro-batch-tokens") { Description = "Most tokens that go forward and backward at a time; a longer sequence goes alone." };
    readonly Option<bool> _packing = new("--packing") { Description = "Put sequences into one row without padding." };
    readonly Option<bool> _checkpointing = new("--checkpointing") { Description = "Run the layers again for their gradients in the end-to-end stage, instead of keeping what they computed." };

    public TrainerOptions(Command command)
    {
        _dtype.AcceptOnlyFromAmong("float32", "bfloat16");
        foreach (var bound in new[] { _microBatch, _microBatchTokens })
            bound.Validators.Add(result =>
            {
                if (result.Tokens.Count > 0 && int.TryParse(result.Tokens[0].Value, out var value) && value < 1) result.AddError($"{bound.Name} is {value}; it is at least 1.");
            });
        foreach (var option in (Option[])[_dtype, _microBatch, _microBatchTokens, _packing, _checkpointing]) command.Add(option);
    }

    public TrainerSettings Read(ParseResult result) => new()
    {
        Dtype = Dtypes.Parse(result.GetRequiredValue(_dtype)),
        MicroBatch = result.GetValue(_microBatch),
        MicroBatchTokens = result.GetValue(_microBatchTokens),
        Packing = result.GetValue(_packing),
        Checkpointing = result.GetValue(_checkpointing),
    };
}
