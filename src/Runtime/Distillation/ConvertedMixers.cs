using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>
/// A Mamba-2 mixer for every layer of a teacher: what stages 1 and 2 train, and what a student of any placement takes its mixers from.
/// Knows the chain that made it.
/// </summary>
public sealed class ConvertedMixers : IDisposable
{
    const string ConvertedKey = "mmmamba.converted";

    readonly ModelPlan _plan;
    readonly DistillationPlan _recipe;
    readonly Dictionary<string, Parameter> _tensors = new(StringComparer.Ordinal);

    internal ConvertedMixers(ModelPlan student, ParameterSource source, ArtefactChain chain)
    {
        _plan = student;
        _recipe = student.RecipeOf();
        Chain = chain;
        try
        {
            foreach (var tensor in _recipe.ConvertedTensors) _tensors.Add(tensor.Name, source.Take(tensor));
        }
        catch
        {
            Dispose();
            throw;
        }

        Layers =
        [
            .. _recipe.ConvertedLayers.Select(layer => new Mamba2Mixer(
                (Mamba2Plan)layer.Mixer, new LayerTensors(_recipe.ConvertedTensors, layer.Index, _tensors, $"The mixer of layer {layer.Index}"))),
        ];
    }

    /// <summary>Teacher, seed and stages so far.</summary>
    public ArtefactChain Chain { get; private set; }

    /// <summary>One mixer a layer, input side first.</summary>
    public IReadOnlyList<Mamba2Mixer> Layers { get; }

    /// <summary>All tensors by checkpoint name.</summary>
    public IReadOnlyDictionary<string, Parameter> Tensors => _tensors;

    /// <summary>SHA-256 of the tensors as they are now (<see cref="TensorHash"/>).</summary>
    public string Hash => TensorHash.Of(_tensors.Select(entry => (entry.Key, (Tensor)entry.Value)));

    /// <summary>Mixers as they begin: sliced from the teacher and drawn, in float32 whatever the teacher is.</summary>
    /// <param name="teacher">The teacher.</param>
    /// <param name="student">A student of that teacher, of any placement.</param>
    /// <param name="seed">Keys the draws.</param>
    /// <exception cref="InputException">The plan has no recipe, or the teacher is another one.</exception>
    public static ConvertedMixers Seed(VisionLanguageModel teacher, ModelPlan student, ulong seed) =>
        new(student, new SeededParameters(teacher, seed, dtype: ScalarType.Float32), new ArtefactChain(TeacherIdentity.Of(teacher), seed, []));

    /// <summary>The same mixers in memory of their own, frozen.</summary>
    public ConvertedMixers Copy() => new(_plan, new CopiedParameters(this), Chain);

    /// <summary>Freezes the tensors and adds a stage to the chain.</summary>
    internal ConvertedMixers After(StageRecord stage)
    {
        foreach (var tensor in _tensors.Values) tensor.requires_grad = false;
        Chain = Chain.With(stage);
        return this;
    }

    /// <summary>Makes sure that a student can take these mixers.</summary>
    /// <exception cref="InputException">Its converted form is another one.</exception>
    public void RequireFit(ModelPlan student)
    {
        var wanted = student.RecipeOf().ConvertedFingerprint;
        if (wanted != _recipe.ConvertedFingerprint)
            throw new InputException(
                $"the mixers are those of converted form {_recipe.ConvertedFingerprint} and {student.Name} converts to {wanted}{ConvertedForm.Difference(ConvertedForm.Of(_plan), student)}; use mixers that were trained for its teacher and mamba2 settings");
    }

    /// <summary>Makes sure that the mixers were made from a teacher.</summary>
    /// <exception cref="InputException">They come from another one, or from other weights.</exception>
    public void RequireTeacher(VisionLanguageModel teacher)
    {
        var identity = TeacherIdentity.Of(teacher);
        if (identity with { Fingerprint = Chain.Teacher.Fingerprint } == Chain.Teacher && identity != Chain.Teacher)
            throw new InputException($"the mixers were made from {identity.Name} when it was {Chain.Teacher.Fingerprint}, and it is {identity.Fingerprint}: its spec has changed since");
        if (identity != Chain.Teacher)
            throw new InputException(
                $"the mixers were made from {Chain.Teacher.Name} with weights {Chain.Teacher.Hash[..12]} and the teacher is {identity.Name} with weights {identity.Hash[..12]}; give that teacher");
    }

    /// <summary>Writes the mixers, their chain and a digest of both to a safetensors file, whole or not at all.</summary>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public void Save(string path) => FileDigest.Write(
        path,
        [.. _recipe.ConvertedTensors.Select(tensor => (tensor.Name, (Tensor)_tensors[tensor.Name]))],
        new Dictionary<string, string>
        {
            [ArtefactChain.MetadataKey] = Chain.ToJson(), [ConvertedKey] = _recipe.ConvertedFingerprint, [ConvertedForm.MetadataKey] = ConvertedForm.Of(_plan),
        });

    /// <summary>Reads mixers and their chain.</summary>
    /// <param name="path">What <see cref="Save"/> wrote.</param>
    /// <param name="student">A student that they have to fit.</param>
    /// <param name="after">The stage that has to be the chain's last.</param>
    /// <param name="device">Where the tensors are needed; null is the CPU.</param>
    /// <exception cref="InputException">The file holds no such mixers, they fit no student of that plan, or it is damaged.</exception>
    public static ConvertedMixers Load(string path, ModelPlan student, StageKind after, Device? device = null)
    {
        using var file = SafetensorsFile.Open(path);
        if (!file.Metadata.TryGetValue(ArtefactChain.MetadataKey, out var json) || !file.Metadata.TryGetValue(ConvertedKey, out var converted))
            throw new InputException($"{path}: not an artefact of distillation: its header has no {ArtefactChain.MetadataKey} and {ConvertedKey}");
        ArtefactChain chain;
        try
        {
            chain = ArtefactChain.Parse(json);
        }
        catch (FormatException error)
        {
            throw new InputException($"{path}: its header's {ArtefactChain.MetadataKey} is {error.Message}", error);
        }

        var wanted = student.RecipeOf().ConvertedFingerprint;
        if (converted != wanted)
            throw new InputException($"{path}: its mixers are those of converted form {Shown.Text(converted)} and {student.Name} converts to '{wanted}'{ConvertedForm.Difference(file.Metadata.GetValueOrDefault(ConvertedForm.MetadataKey), student)}; use mixers that were trained for its teacher and mamba2 settings");
        if (chain.Stages.Count == 0 || chain.Stages[^1].Stage != after)
            throw new InputException($"{path}: expected mixers after the {after.NameOf()} stage, found them after {(chain.Stages.Count == 0 ? "no stage" : $"the {chain.Stages[^1].Stage.NameOf()} stage")}");
        var mixers = new ConvertedMixers(student, new StoredParameters(file, device), chain);
        try
        {
            FileDigest.Verify(file);
            return mixers;
        }
        catch
        {
            mixers.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var tensor in _tensors.Values) tensor.Dispose();
    }

    sealed class CopiedParameters(ConvertedMixers mixers) : ParameterSource(mixers._tensors.Values.First().device, mixers._tensors.Values.First().dtype)
    {
        public override Parameter Take(TensorPlan tensor)
        {
            using var scope = NewDisposeScope();
            using var noGrad = no_grad();
            return Own(mixers._tensors[tensor.Name].detach().clone());
        }
    }

    sealed class StoredParameters(SafetensorsFile file, Device? device) : ParameterSource(device, file.Tensors.Count > 0 ? file.Tensors[0].Type : ScalarType.Float32)
    {
        public override Parameter Take(TensorPlan tensor)
        {
            var stored = file[tensor.Name];
            if (!stored.Shape.Equals(tensor.Shape))
                throw new InputException($"{file.Path}: tensor {Shown.Text(tensor.Name)} is {Shown.Shape(stored.Shape.AsSpan())}, expected {Shown.Shape(tensor.Shape.AsSpan())}");
            using var scope = NewDisposeScope();
            return Own(file.Read(tensor.Name));
        }
    }
}
