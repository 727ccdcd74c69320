using System.Text.Json;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Distillation;

/// <summary>What the reference implementation computed for a stage: loss, gradients and losses along three steps.</summary>
sealed class StageGoldens : IDisposable
{
    readonly JsonDocument _json = JsonDocument.Parse(File.ReadAllText(Golden.PathOf("stage_losses.json")));
    readonly JsonElement _stage;
    readonly string _name;

    public StageGoldens(string name) => (_name, _stage) = (name, _json.RootElement.GetProperty(name));

    public double Loss => _stage.GetProperty("loss").GetDouble();
    public double TotalNorm => _stage.GetProperty("total_grad_norm").GetDouble();
    public double LearningRate => _stage.GetProperty("optimizer").GetProperty("lr").GetDouble();
    public double[] Losses => [.. _stage.GetProperty("loss_trajectory_adamw").EnumerateArray().Select(loss => loss.GetDouble())];
    public string[] Trained => [.. Names("trainable")];
    public string[] NotDecayed => [.. _stage.GetProperty("optimizer").GetProperty("no_decay").EnumerateArray().Select(name => name.GetString()!).Order(StringComparer.Ordinal)];
    public Dictionary<string, double> Norms => _stage.GetProperty("grad_norm").EnumerateObject().ToDictionary(norm => norm.Name, norm => norm.Value.GetDouble());
    public Dictionary<string, Tensor> Gradients => Golden.Read("stage_grads.safetensors", $"{_name}/grad/");

    /// <summary>AdamW as the reference ran it: a constant rate, no clipping.</summary>
    public TrainingOptions Options(int steps) => new()
    {
        Steps = steps, Batch = 2, LearningRate = LearningRate, Schedule = new(ScheduleKind.Constant, 0, 0),
        Optimizer = new(0.9, 0.999, 1e-8, 0.05), Clip = double.PositiveInfinity,
    };

    IEnumerable<string> Names(string property) => _stage.GetProperty(property).EnumerateArray().Select(name => name.GetString()!).Order(StringComparer.Ordinal);

    public void Dispose() => _json.Dispose();

    /// <summary>The batch of all stages, as often as it is asked for.</summary>
    public static IEnumerable<Batch> Batches()
    {
        var data = Golden.Read("stage_grads.safetensors", "data/");
        var batch = new Batch(new ModelInput(data["input_ids"], data["pixel_values"]), []);
        while (true) yield return batch;
    }

    /// <summary>Mixers with the goldens' values.</summary>
    /// <param name="inherited">Query, key and value are the teacher's, as at the beginning of stage 1.</param>
    public static ConvertedMixers Mixers(VisionLanguageModel teacher, ModelPlan student, bool inherited) => new(
        student, new Values(teacher, inherited), new ArtefactChain(TeacherIdentity.Of(teacher), 0, []));

    sealed class Values(VisionLanguageModel teacher, bool inherited) : ParameterSource(teacher.Device)
    {
        readonly Dictionary<string, Tensor> _mixers = Golden.Read("mmmamba_tiny_mixers.safetensors");
        readonly SeededParameters _teacher = new(teacher, 0);

        public override Parameter Take(TensorPlan tensor) =>
            inherited && tensor.Origin is not Drawn ? _teacher.Take(tensor) : Own(_mixers[tensor.Name].clone());
    }
}

/// <summary>Keeps every report.</summary>
sealed class Reports : IProgress<StepReport>
{
    public List<StepReport> All { get; } = [];
    public double[] Losses => [.. All.Select(report => report.Loss)];
    public void Report(StepReport value) => All.Add(value);
}
