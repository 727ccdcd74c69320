using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>
/// The weights of a checkpoint, open for reading: a safetensors file, or a folder with one, or with shards and their index. Safe for reads from
/// several threads.
/// </summary>
public sealed class CheckpointFiles : IDisposable
{
    readonly List<SafetensorsFile> _files = [];
    readonly Dictionary<string, SafetensorsFile> _places = new(StringComparer.Ordinal);
    readonly HashSet<string> _lost = new(StringComparer.Ordinal);
    readonly List<string> _faults = [];
    readonly bool _isFolder;

    CheckpointFiles(string path, bool isFolder) => (Path, _isFolder) = (path, isFolder);

    /// <summary>The file or folder.</summary>
    public string Path { get; }

    /// <summary>The files that hold the tensors.</summary>
    public IReadOnlyList<SafetensorsFile> Files => _files;

    /// <summary>Whether an index says which file holds which tensor.</summary>
    public bool HasIndex { get; private set; }

    /// <summary>All tensors, file by file in the order of their bytes.</summary>
    public IEnumerable<SafetensorsTensor> Tensors => _files.SelectMany(file => file.Tensors);

    /// <summary>What the checkpoint says that it is: the plan beside the weights, or in their header; null where it says nothing.</summary>
    public ModelPlan? Plan { get; private set; }

    /// <summary>How the tensors are named and joined.</summary>
    public CheckpointLayout Layout => Layouts.Detect(_places.Keys.Concat(_lost));

    /// <summary>The strings of the files' headers; of one that several have, the first.</summary>
    public IReadOnlyDictionary<string, string> Metadata => _files.SelectMany(file => file.Metadata)
        .GroupBy(entry => entry.Key, StringComparer.Ordinal).ToDictionary(group => group.Key, group => group.First().Value, StringComparer.Ordinal);

    /// <summary>Opens a checkpoint; its headers and its index are checked in full before any tensor can be read.</summary>
    /// <param name="path">A safetensors file, or a folder.</param>
    /// <param name="access">Whether tensors are read or mapped.</param>
    /// <exception cref="InputException">Something cannot be read, or contradicts itself: all that is wrong is named.</exception>
    public static CheckpointFiles Open(string path, WeightAccess access = WeightAccess.Read)
    {
        var files = Gather(path, access);
        if (files._faults.Count == 0) return files;
        files.Dispose();
        throw new InputException($"{path}: {Shown.Faults(files._faults)}");
    }

    /// <summary>What was found wrong so far; who knows the plan says it together with what does not fit.</summary>
    internal IReadOnlyList<string> Faults => _faults;

    /// <summary>Whether a tensor should be in a file that cannot be read, which is said already.</summary>
    internal bool IsLost(string name) => _lost.Contains(name);

    /// <summary>Opens what can be opened, and remembers what is wrong with the rest.</summary>
    internal static CheckpointFiles Gather(string path, WeightAccess access)
    {
        var files = new CheckpointFiles(path, Directory.Exists(path));
        try
        {
            if (!files._isFolder) files.Add(SafetensorsFile.Open(path, access));
            else if (File.Exists(files.At(ShardIndex.FileName))) files.AddShards(access);
            else files.Add(SafetensorsFile.Open(files.At(files.OnlyFile()), access));
            files.Plan = files.CarriedPlan();
            return files;
        }
        catch
        {
            files.Dispose();
            throw;
        }
    }

    string At(string name) => System.IO.Path.Combine(Path, name);

    void Add(SafetensorsFile file)
    {
        _files.Add(file);
        foreach (var tensor in file.Tensors) _places[tensor.Name] = file;
    }

    // Without an index there is one file of weights; what else could be meant is said.
    string OnlyFile()
    {
        string[] names = [.. Directory.EnumerateFiles(Path).Select(file => System.IO.Path.GetFileName(file)!).Order(StringComparer.Ordinal)];
        string[] weights = [.. names.Where(name => name.EndsWith(".safetensors", StringComparison.Ordinal))];
        if (weights.Contains(CheckpointFolder.Weights)) return CheckpointFolder.Weights;
        if (weights.Length == 1) return weights[0];
        if (weights.Length > 1)
            throw new InputException($"{Path}: holds {weights.Length} safetensors files and no {ShardIndex.FileName}: {Shown.Some([.. weights.Select(Shown.Text)])}; name the one that is meant");
        string[] pickles = [.. names.Where(name => System.IO.Path.GetExtension(name) is ".bin" or ".pt" or ".pth" or ".ckpt" or ".pkl")];
        throw new InputException(pickles.Length == 0
            ? $"{Path}: holds no safetensors file"
            : $"{Path}: holds no safetensors file; {Shown.Some([.. pickles.Select(Shown.Text)])} {(pickles.Length == 1 ? "is a pickle" : "are pickles")}, which can run code and is not read; convert to safetensors first");
    }

    void AddShards(WeightAccess access)
    {
        HasIndex = true;
        var index = ShardIndex.Read(At(ShardIndex.FileName), _faults);
        if (File.Exists(At(CheckpointFolder.Weights)) && !index.Files.Values.Contains(CheckpointFolder.Weights))
            _faults.Add($"{CheckpointFolder.Weights} is in the folder and not in its {ShardIndex.FileName}; remove the one that is not meant");
        foreach (var shard in index.Files.GroupBy(place => place.Value, place => place.Key).OrderBy(shard => shard.Key, StringComparer.Ordinal))
        {
            try { Add(SafetensorsFile.Open(At(shard.Key), access), shard.Key, shard.ToHashSet(StringComparer.Ordinal)); }
            catch (InputException refused)
            {
                _faults.Add(refused.Message);
                _lost.UnionWith(shard);
            }
        }
        // Of a checkpoint whose tensors are all there: what is not there is said already.
        var bytes = Tensors.Sum(tensor => tensor.ByteCount);
        if (_lost.Count == 0 && index.TotalSize is { } size && size != bytes)
            _faults.Add($"{ShardIndex.FileName}: total_size is {size}, and the tensors are {bytes} bytes");
    }

    void Add(SafetensorsFile shard, string name, HashSet<string> indexed)
    {
        _files.Add(shard);
        foreach (var tensor in shard.Tensors)
            if (!_places.TryAdd(tensor.Name, shard))
                _faults.Add($"{Shown.Text(tensor.Name)} is in {Shown.Text(name)} and in {Shown.Text(System.IO.Path.GetFileName(_places[tensor.Name].Path))}");
        Say("in the index and not in", indexed.Where(tensor => shard.Find(tensor) is null));
        Say("not in the index and in", shard.Tensors.Select(tensor => tensor.Name).Where(tensor => !indexed.Contains(tensor)));

        void Say(string what, IEnumerable<string> tensors)
        {
            string[] found = [.. tensors.Order(StringComparer.Ordinal)];
            _lost.UnionWith(found);
            if (found.Length > 0) _faults.Add($"{found.Length} {what} {Shown.Text(name)}: {Shown.Some([.. found.Select(Shown.Text)], most: 24)}");
        }
    }

    ModelPlan? CarriedPlan()
    {
        var plans = new List<(string Where, ModelPlan Plan)>();
        if (_isFolder && File.Exists(At(CheckpointFolder.Plan))) Carry(CheckpointFolder.Plan, () => CheckpointFolder.ReadText(At(CheckpointFolder.Plan)));
        foreach (var file in _files)
            if (file.Metadata.TryGetValue(Checkpoint.PlanKey, out var json)) Carry(_isFolder ? $"{System.IO.Path.GetFileName(file.Path)}, {Checkpoint.PlanKey}" : Checkpoint.PlanKey, () => json);
        foreach (var (where, plan) in plans.Skip(1).Where(other => other.Plan.Fingerprint != plans[0].Plan.Fingerprint))
            _faults.Add($"{where} is another architecture ({plan.Fingerprint}) than {plans[0].Where} ({plans[0].Plan.Fingerprint})");
        return plans.Count == 0 ? null : plans[0].Plan;

        void Carry(string where, Func<string> json)
        {
            try { plans.Add((where, PlanJson.Parse(json(), where))); }
            catch (InputException refused) { _faults.Add(refused.Message); }
        }
    }

    /// <summary>The tensor of a name, or null.</summary>
    public SafetensorsTensor? Find(string name) => _places.GetValueOrDefault(name)?.Find(name);

    /// <inheritdoc cref="SafetensorsFile.Read(string, ScalarType?, Device?)"/>
    /// <exception cref="InputException">The checkpoint has none, or its file cannot be read.</exception>
    public Tensor Read(string name, ScalarType? dtype = null, Device? device = null) => Place(name).Read(name, dtype, device);

    /// <inheritdoc cref="SafetensorsFile.ReadRows"/>
    /// <exception cref="InputException">The checkpoint has none, or its file cannot be read.</exception>
    public Tensor ReadRows(string name, long firstRow, long rows, ScalarType? dtype = null, Device? device = null) =>
        Place(name).ReadRows(name, firstRow, rows, dtype, device);

    SafetensorsFile Place(string name) =>
        _places.GetValueOrDefault(name) ?? throw new InputException($"{Path}: no tensor {Shown.Text(name)} among its {_places.Count}");

    /// <summary>Closes the files; tensors that were read or mapped stay.</summary>
    public void Dispose()
    {
        foreach (var file in _files) file.Dispose();
    }
}
