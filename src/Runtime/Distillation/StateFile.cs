using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using MmMamba.Runtime.Checkpoints;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>A state on disk, read in full and found to be what was written.</summary>
sealed class StateFile : IDisposable
{
    const string StateKey = "mmmamba.state", OptionsKey = "mmmamba.options";

    readonly SafetensorsFile _file;

    StateFile(SafetensorsFile file, TrainingState state) => (_file, State) = (file, state);

    /// <summary>How far the run had come.</summary>
    public TrainingState State { get; }

    /// <summary>Writes a state, whole or not at all.</summary>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public static void Write(string path, TrainingState state, TrainingOptions options, AdamW optimizer) => FileDigest.Write(
        path, [.. optimizer.Tensors], new Dictionary<string, string>
        {
            [StateKey] = JsonSerializer.Serialize(state, StateJson.Default.TrainingState),
            [OptionsKey] = JsonSerializer.Serialize(options, StateJson.Default.TrainingOptions),
        });

    /// <summary>Opens a state and reads all of it once.</summary>
    /// <exception cref="InputException">It is torn, changed, or no state.</exception>
    public static StateFile Open(string path)
    {
        var file = SafetensorsFile.Open(path);
        try
        {
            FileDigest.Verify(file);
            return new(file, ReadState(file));
        }
        catch
        {
            file.Dispose();
            throw;
        }
    }

    /// <summary>How far the run of a file had come, by its header alone.</summary>
    /// <exception cref="InputException">It is no state.</exception>
    public static TrainingState ReadState(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return ReadState(file);
    }

    /// <summary>How far the run of a file had come and what it was told, by its header alone.</summary>
    /// <exception cref="InputException">It is no state.</exception>
    public static (TrainingState State, TrainingOptions Options) ReadHeader(string path)
    {
        using var file = SafetensorsFile.Open(path);
        return (ReadState(file), Read(file, OptionsKey, StateJson.Default.TrainingOptions));
    }

    static TrainingState ReadState(SafetensorsFile file) => Read(file, StateKey, StateJson.Default.TrainingState);

    static T Read<T>(SafetensorsFile file, string key, JsonTypeInfo<T> type)
    {
        try
        {
            if (file.Metadata.TryGetValue(key, out var json) && JsonSerializer.Deserialize(json, type) is { } value) return value;
        }
        catch (JsonException error)
        {
            throw new InputException($"{file.Path}: its {key} is not that of a state: {error.Message}", error);
        }
        throw new InputException($"{file.Path}: is no state of a training: its header has no {key}");
    }

    /// <summary>Reads a state in full and puts its tensors in their places.</summary>
    /// <exception cref="InputException">It is damaged, or of another run.</exception>
    public static TrainingState Take(string path, TrainingOptions options, AdamW optimizer)
    {
        using var file = Open(path);
        file.Restore(options, optimizer);
        return file.State;
    }

    /// <summary>Puts the tensors in their places.</summary>
    /// <exception cref="InputException">The state is of a run with other options or other tensors; nothing was changed.</exception>
    public void Restore(TrainingOptions options, AdamW optimizer)
    {
        var asked = JsonSerializer.Serialize(options, StateJson.Default.TrainingOptions);
        var differences = JsonDifference.Of(_file.Metadata.GetValueOrDefault(OptionsKey, "{}"), asked);
        if (differences.Count > 0)
            throw new InputException($"{_file.Path}: is of a run with other options: {Shown.Faults(differences)}; go on with those, or begin in another folder");
        (string Name, Tensor Tensor)[] tensors = [.. optimizer.Tensors];
        foreach (var (name, tensor) in tensors)
            if (_file.Find(name) is not { } stored || !stored.Shape.AsSpan().SequenceEqual(tensor.shape) || stored.Type != tensor.dtype)
                throw new InputException($"{_file.Path}: is of a run that trains other tensors: {Shown.Text(name)} does not fit");
        if (_file.Tensors.Count != tensors.Length)
            throw new InputException($"{_file.Path}: is of a run that trains other tensors: it has {_file.Tensors.Count} and {tensors.Length} are needed");
        using var noGrad = no_grad();
        foreach (var (name, tensor) in tensors)
        {
            using var scope = NewDisposeScope();
            tensor.copy_(_file.Read(name));
        }
    }

    public void Dispose() => _file.Dispose();
}
