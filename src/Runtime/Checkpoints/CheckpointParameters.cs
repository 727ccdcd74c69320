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
    readonly CheckpointFiles _files;
    readonly Dictionary<string, (StoredTensor Stored, long FirstRow)> _places = new(StringComparer.Ordinal);

    /// <param name="path">A safetensors file, or a folder with one or with shards and their index.</param>
    /// <param name="plan">What it must fit; null takes the plan that it carries.</param>
    /// <param name="device">Where the parameters live; null is the CPU.</param>
    /// <param name="dtype">Their type, whatever is stored.</param>
    /// <param name="access">Whether they are read or, where type and device are as stored, mapped.</param>
    /// <exception cref="InputException">
    /// It cannot be read, carries no plan where none is given, or does not fit: all missing, unexpected and mis-shaped tensors are named.
    /// </exception>
    public CheckpointParameters(
        string path, ModelPlan? plan = null, Device? device = null, ScalarType dtype = ScalarType.Float32, WeightAccess access = WeightAccess.Read)
        : base(device, dtype)
    {
        _files = CheckpointFiles.Gather(path, access);
        try
        {
            Plan = plan ?? _files.Plan ?? throw new InputException(_files.Faults.Count > 0
                ? $"{path}: {Shown.Faults(_files.Faults)}"
                : $"{path}: carries no plan ({Checkpoint.PlanKey}); name the model that it belongs to");
            var stored = Layouts.Of(Plan.Tensors, _files.Layout);
            CheckpointFit.Check(_files, Plan, stored);
            foreach (var tensor in stored) Place(tensor);
        }
        catch
        {
            _files.Dispose();
            throw;
        }
    }

    /// <summary>What the parameters make.</summary>
    public ModelPlan Plan { get; }

    /// <summary>The files that they are in, open as long as this is.</summary>
    public CheckpointFiles Files => _files;

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
        using var scope = NewDisposeScope();
        return Own(Read(tensor, Dtype, Device));
    }

    /// <summary>A tensor of the plan in the type that it is stored in, on the CPU; the caller disposes it.</summary>
    /// <exception cref="InputException">The plan has none, or its file cannot be read.</exception>
    public Tensor ReadAsStored(TensorPlan tensor) => Read(tensor, null, CPU);

    internal override Tensor TakeAsStored(TensorPlan tensor) => ReadAsStored(tensor);

    internal override ScalarType StoredType(TensorPlan tensor) => _files.Find(PlaceOf(tensor).Stored.Name)!.Type;

    Tensor Read(TensorPlan tensor, ScalarType? dtype, Device device)
    {
        var (stored, row) = PlaceOf(tensor);
        return stored.Parts.Count == 1 ? _files.Read(stored.Name, dtype, device) : _files.ReadRows(stored.Name, row, tensor.Shape[0], dtype, device);
    }

    (StoredTensor Stored, long FirstRow) PlaceOf(TensorPlan tensor) => _places.TryGetValue(tensor.Name, out var place)
        ? place
        : throw new InputException($"{_files.Path}: {Shown.Text(tensor.Name)} is not in the plan of {Plan.Name}");

    /// <summary>Closes the files; parameters that were taken stay.</summary>
    public void Dispose() => _files.Dispose();
}
