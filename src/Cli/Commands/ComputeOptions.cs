using System.CommandLine;
using System.Globalization;
using MmMamba.Cli.Jobs;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using static TorchSharp.torch;

namespace MmMamba.Cli.Commands;

/// <summary>Where a command computes and, where it runs a model's weights as they are, in which type: the same options in every command.</summary>
sealed class ComputeOptions
{
    readonly Option<string> _device = new("--device") { Description = "cpu or cuda.", DefaultValueFactory = _ => "cpu" };
    readonly Option<int> _threads = RunOptions.Range(new Option<int>("--threads") { Description = "CPU threads for tensors; 0 takes libtorch's own choice.", DefaultValueFactory = _ => 0 }, 0, 1024);
    readonly Option<string> _dtype = new("--dtype") { Description = "Type of weights and activations: float32 or bfloat16.", DefaultValueFactory = _ => "float32" };
    readonly Option<string> _stateDtype = new("--state-dtype")
    {
        Description = "Type in which states of Mamba-2 layers are held between tokens: float32, or bfloat16 as in the released code.", DefaultValueFactory = _ => "float32",
    };
    readonly Option<bool> _map = new("--map") { Description = "Map weights that are stored in the type and on the device that they are used in, instead of reading them." };
    readonly bool _readsWeights, _holdsStates;

    /// <param name="command">Receives the options.</param>
    /// <param name="readsWeights">Whether type and access of weights are the user's choice; they are float32 and read otherwise.</param>
    /// <param name="holdsStates">Whether the type of states between tokens is; they are float32 otherwise.</param>
    public ComputeOptions(Command command, bool readsWeights, bool holdsStates = false)
    {
        (_readsWeights, _holdsStates) = (readsWeights, holdsStates);
        _device.AcceptOnlyFromAmong("cpu", "cuda");
        _dtype.AcceptOnlyFromAmong("float32", "bfloat16");
        _stateDtype.AcceptOnlyFromAmong("float32", "bfloat16");
        foreach (var option in (Option[])[.. readsWeights ? (Option[])[_dtype] : [], .. holdsStates ? (Option[])[_stateDtype] : [], _device, _threads, .. readsWeights ? (Option[])[_map] : []]) command.Add(option);
    }

    /// <summary>What was asked for, with the device opened.</summary>
    /// <exception cref="InputException">There is no such device here.</exception>
    public ComputeSettings Open(ParseResult result)
    {
        var device = Compute.Use(result.GetRequiredValue(_device), result.GetValue(_threads));
        return _readsWeights
            ? new(
                device, Dtypes.Parse(result.GetRequiredValue(_dtype)), result.GetValue(_map) ? WeightAccess.Map : WeightAccess.Read,
                _holdsStates ? Dtypes.Parse(result.GetRequiredValue(_stateDtype)) : ScalarType.Float32)
            : new(device);
    }

    /// <summary>The options as they are written on a command line.</summary>
    public IEnumerable<string> Arguments(ParseResult result)
    {
        string[] always = [_device.Name, result.GetRequiredValue(_device), _threads.Name, result.GetValue(_threads).ToString(CultureInfo.InvariantCulture)];
        string[] states = _holdsStates ? [_stateDtype.Name, result.GetRequiredValue(_stateDtype)] : [];
        return _readsWeights ? [.. always, _dtype.Name, result.GetRequiredValue(_dtype), .. states, .. result.GetValue(_map) ? (string[])[_map.Name] : []] : always;
    }
}
