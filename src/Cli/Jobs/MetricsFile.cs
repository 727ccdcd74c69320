using System.Text.Json;
using MmMamba.Runtime.Distillation;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Jobs;

/// <summary>A run's figures as lines of JSON: one an optimizer step, one a kind of question that a model was asked.</summary>
sealed class MetricsFile(string path) : IDisposable
{
    readonly FileStream _file = File.Create(path);

    public void Step(in StepReport step)
    {
        using (var json = new Utf8JsonWriter(_file))
        {
            json.WriteStartObject();
            json.WriteString("stage", step.Stage);
            json.WriteNumber("step", step.Step);
            json.WriteNumber("loss", step.Loss);
            json.WriteNumber("learning_rate", step.LearningRate);
            json.WriteNumber("gradient_norm", step.GradientNorm);
            json.WriteNumber("tokens", step.Tokens);
            json.WriteNumber("seconds", Math.Round(step.Elapsed.TotalSeconds, 3));
            json.WriteEndObject();
        }
        _file.WriteByte((byte)'\n');
    }

    public void Evaluation(string model, EvaluationResult result)
    {
        foreach (var kind in result.Kinds)
        {
            using (var json = new Utf8JsonWriter(_file))
            {
                json.WriteStartObject();
                json.WriteString("model", model);
                json.WriteString("kind", kind.Kind);
                json.WriteNumber("right", kind.Accuracy.Successes);
                json.WriteNumber("asked", kind.Accuracy.Trials);
                json.WriteNumber("low", kind.Accuracy.Low);
                json.WriteNumber("high", kind.Accuracy.High);
                json.WriteNumber("chance", kind.Chance);
                json.WriteEndObject();
            }
            _file.WriteByte((byte)'\n');
        }
    }

    public void Dispose() => _file.Dispose();
}
