using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>
/// The parameters of a checkpoint, of either layout. That the file fits the plan is settled before the first one is taken; each is then
/// read when its turn comes, so that no more than one waits in memory. Dispose it once the model is made.
/// </summary>
public sealed class CheckpointParameters : ParameterSource, IDisposable
{
    readonly SafetensorsFile _file;
    readonly Dictionary<string, (StoredTensor Stored, long FirstRow)> _places = new(StringComparer.Ordinal);

    /// <param name="path">A safetensors file.</param>
    /// <param name="plan">What it must fit; null takes the plan that the file carries.</param>
    /// <param name="device">Where the parameters live; null is the CPU.</param>
    /// <param name="dtype">Their type, whatever is stored.</param>
    /// <exception cref="InputException">
    /// The file cannot be read, carries no plan where none is given, or does not fit: all missing, unexpected and mis-shaped tensors are named.
    /// </exception>
    public CheckpointParameters(string path, ModelPlan? plan = null, Device? device = null, ScalarType dtype = ScalarType.Float32)
        : base(device, dtype)
    {
        _file = SafetensorsFile.Open(path);
        try
        {
            var carried = Checkpoint.CarriedPlan(_file);
            Plan = plan ?? carried ?? throw new InputException($"{path}: carries no plan ({Checkpoint.PlanKey}); name the model that it belongs to");
            var stored = Layouts.Of(Plan.Tensors, Layouts.Detect(_file));
            CheckpointFit.Check(_file, Plan, carried, stored);
            foreach (var tensor in stored) Place(tensor);
        }
        catch
        {
            _file.Dispose();
            throw;
        }
    }

    /// <summary>What the parameters make.</summary>
    public ModelPlan Plan { get; }

    /// <summary>The file's strings, the plan among them.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _file.Metadata;

    void Place(StoredTensor stored)
    {
        long row = 0;
        foreach (var part in stored.Parts)
        {
            _places.Add(part.Name, (stored, row));
            row += stored.Parts.Count == 1 ? 0 : part.Shape[0];
        }
    }

    /// <inheritdoc/>
    public override Parameter Take(TensorPlan tensor)
    {
        if (!_places.TryGetValue(tensor.Name, out var place))
            throw new InputException($"{_file.Path}: {Shown.Text(tensor.Name)} is not in the plan of {Plan.Name}");
        using var scope = NewDisposeScope();
        return Own(place.Stored.Parts.Count == 1
            ? _file.Read(place.Stored.Name, Dtype, Device)
            : _file.ReadRows(place.Stored.Name, place.FirstRow, tensor.Shape[0], Dtype, Device));
    }

    /// <summary>Closes the file.</summary>
    public void Dispose() => _file.Dispose();
}
