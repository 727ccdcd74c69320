using System.Globalization;
using MmMamba.Runtime.Layers;
using MmMamba.Runtime.Plans;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>The kernels of a decoded token for the layers of a model, a module for each kind of layer.</summary>
sealed class DecodeKernels : IDisposable
{
    const int MostShared = 48 * 1024;

    readonly Dictionary<(MixerPlan Mixer, int Inner), IKernelModule> _modules = [];

    /// <param name="shape">How products of several sequences are cut; null for one sequence.</param>
    public DecodeKernels(VisionLanguageModel model, IKernelDevice device, BatchShape? shape)
    {
        var sources = shape is null ? KernelSource.Decode : KernelSource.DecodeBatch;
        try
        {
            foreach (var layer in model.Plan.Layers)
                if (!_modules.ContainsKey((layer.Mixer, layer.MlpHidden)))
                    _modules.Add((layer.Mixer, layer.MlpHidden), device.Load("the kernels of a decoded token", sources, Constants(model, layer, shape)));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <summary>The kernels that a layer needs.</summary>
    public IKernelModule this[LayerPlan layer] => _modules[(layer.Mixer, layer.MlpHidden)];

    /// <summary>Why a model can't be decoded with these kernels; null where it can.</summary>
    public static string? Refusal(VisionLanguageModel model)
    {
        if (model.Dtype is not (ScalarType.BFloat16 or ScalarType.Float32)) return "weights are neither bfloat16 nor float32";
        if (model.Tensors.Values.Any(tensor => tensor.dtype != model.Dtype)) return "weights are of several types";
        if (model.Layers.FirstOrDefault(layer => layer is not (AttentionLayer or Mamba2Layer) || layer.Plan.Mixer is Mamba2Plan { QkNorm: true }) is { } other)
            return $"layer {other.Plan.Index} is {(other.Plan.Mixer is Mamba2Plan ? "mamba2 with qk_norm" : other.Plan.Mixer.Word)}";
        var width = 16 / Bytes(model);
        foreach (var layer in model.Plan.Layers)
        {
            var (mixed, lanes) = (layer.Mixer.Heads * layer.Mixer.HeadDim, layer.Mixer.HeadDim / width);
            if (((int[])[model.Plan.HiddenSize, layer.MlpHidden, mixed]).Any(size => size % width != 0 || size * sizeof(float) > MostShared - 1024))
                return "its widths are no multiples of 16 bytes, or too large";
            if (layer.Mixer is Mamba2Plan { HeadDim: > 256 } || layer.Mixer is AttentionPlan && (lanes is 0 or > 32 || int.PopCount(lanes) != 1 || layer.Mixer.HeadDim % width != 0)) return "its heads are of an odd width";
        }
        return null;
    }

    static int Bytes(VisionLanguageModel model) => model.Dtype == ScalarType.BFloat16 ? 2 : 4;

    static Dictionary<string, string> Constants(VisionLanguageModel model, LayerPlan layer, BatchShape? shape)
    {
        static string Text(double value) => value.ToString("0.0###############", CultureInfo.InvariantCulture);
        static string Number(int value) => value.ToString(CultureInfo.InvariantCulture);
        static string Flag(bool value) => value ? "1" : "0";
        var constants = new Dictionary<string, string>
        {
            ["WEIGHT_BF16"] = Flag(model.Dtype == ScalarType.BFloat16), ["HIDDEN"] = Number(model.Plan.HiddenSize), ["INNER"] = Number(layer.MlpHidden),
            ["HEADS"] = Number(layer.Mixer.Heads), ["KV_HEADS"] = Number(layer.Mixer.KvHeads), ["HEAD_DIM"] = Number(layer.Mixer.HeadDim), ["TILES"] = Number(shape?.Tiles ?? 0),
        };
        if (shape is not null)
        {
            constants.Add("MIXER_SPLITS", Number(shape.Splits(layer.Mixer.Heads * layer.Mixer.HeadDim)));
            constants.Add("MLP_SPLITS", Number(shape.Splits(layer.MlpHidden)));
        }
        (string, string)[] own = layer.Mixer switch
        {
            Mamba2Plan mamba2 =>
            [
                ("TAPS", Number(mamba2.Conv)), ("GATE", Flag(mamba2.Gate)), ("GATE_NORM", Flag(mamba2.GateNorm)), ("DECAY", Flag(mamba2.Decay)), ("SKIP", Flag(mamba2.Skip)),
            ],
            AttentionPlan attention =>
            [
                ("ROPE_THETA", Text(attention.RopeTheta)), ("MAX_POSITIONS", Number(attention.MaxPositions)), ("DYNAMIC_FACTOR", Text(attention.DynamicFactor ?? 0)),
            ],
            _ => [],
        };
        foreach (var (name, value) in own) constants.Add(name, value);
        return constants;
    }

    /// <summary>Unloads all kernels.</summary>
    public void Dispose()
    {
        foreach (var module in _modules.Values) module.Dispose();
    }
}
