using System.Text.Encodings.Web;
using System.Text.Json;
using MmMamba.Cli.Jobs;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Evaluation;

namespace MmMamba.Cli.Reports;

/// <summary>An evaluation for other programs: its figures as JSON, and every answer as a line of JSON. Written whole or not at all.</summary>
static class EvalFiles
{
    static readonly JavaScriptEncoder Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping;

    /// <summary>Writes all figures with what they were measured on.</summary>
    public static void WriteFigures(string path, EvalOutcome outcome, RunSettings settings, int resamples) => AtomicFile.Write(path, stream =>
    {
        using (var json = new Utf8JsonWriter(stream, new() { Indented = true, NewLine = "\n", Encoder = Encoder }))
        {
            var asked = outcome.Models[0].Answers.Answers;
            json.WriteStartObject();
            json.WriteString("data", settings.Data.Description);
            json.WriteNumber("conversations", asked.DistinctBy(answer => answer.Item).Count());
            json.WriteNumber("questions", asked.Count);
            json.WriteNumber("seed", settings.Seed);
            json.WriteNumber("resamples", resamples);
            json.WriteNumber("level", 0.95);
            json.WriteString("device", settings.Device.type.ToString().ToLowerInvariant());
            List("kinds", outcome.Figures.Kinds, kind =>
            {
                json.WriteString("kind", kind.Kind);
                json.WriteNumber("questions", kind.Accuracy.Trials);
                json.WriteNumber("answers", kind.Answers);
                json.WriteNumber("chance", kind.Chance);
            });
            List("models", [.. outcome.Models, .. outcome.Teacher is { } teacher ? [teacher] : (EvaluatedModel[])[]], model =>
            {
                json.WriteString("name", model.Answers.Name);
                json.WriteString("checkpoint", model.Checkpoint);
                json.WriteString("model", model.Plan.Name);
                json.WriteString("fingerprint", model.Plan.Fingerprint);
                json.WriteStartArray("trained_on");
                foreach (var data in model.TrainedOn) json.WriteStringValue(data);
                json.WriteEndArray();
                Figures(model.Answers);
            });
            List("seeded", outcome.Models.Select(model => model.Answers.Seeded).Append(outcome.Linear).OfType<ModelAnswers>().Distinct(), seeded =>
            {
                json.WriteString("name", seeded.Name);
                Figures(seeded);
            });
            List("differences", outcome.Differences, difference =>
            {
                json.WriteString("first", difference.First);
                json.WriteString("second", difference.Second);
                json.WriteString("kind", difference.Kind);
                json.WriteString("name", difference.Name);
                json.WriteNumber("value", difference.Value);
                Ends(difference.Interval);
                json.WriteBoolean("conclusive", difference.Conclusive);
            });
            List("notes", outcome.Notes, note => json.WriteString("note", note));
            json.WriteEndObject();

            void Figures(ModelAnswers answers) => List("figures", outcome.Figures.Of(answers), figure =>
            {
                json.WriteString("kind", figure.Kind);
                json.WriteString("name", figure.Name);
                if (figure.Value is { } value)
                {
                    json.WriteNumber("value", value);
                    Ends(figure.Interval);
                }
                else json.WriteString("missing", figure.Missing);
            });

            void Ends(Interval? interval)
            {
                if (interval is not { } ends) return;
                json.WriteNumber("low", ends.Low);
                json.WriteNumber("high", ends.High);
            }

            void List<T>(string name, IEnumerable<T> items, Action<T> write)
            {
                json.WriteStartArray(name);
                foreach (var item in items)
                {
                    json.WriteStartObject();
                    write(item);
                    json.WriteEndObject();
                }
                json.WriteEndArray();
            }
        }
        stream.WriteByte((byte)'\n');
    });

    /// <summary>Writes every answer of every model, the models one after the other.</summary>
    public static void WritePredictions(string path, EvalOutcome outcome, RunSettings settings) => AtomicFile.Write(path, stream =>
    {
        var source = settings.Data.Test(settings.TestConversations);
        var kinds = outcome.Figures.Kinds.ToDictionary(kind => kind.Kind);
        foreach (var model in outcome.Models)
            foreach (var answer in model.Answers.Answers)
            {
                var conversation = source.Get(answer.Item);
                using (var json = new Utf8JsonWriter(stream, new() { Encoder = Encoder }))
                {
                    json.WriteStartObject();
                    json.WriteString("model", model.Answers.Name);
                    json.WriteString("picture", conversation.Id);
                    json.WriteNumber("turn", answer.Turn);
                    json.WriteString("kind", answer.Kind);
                    json.WriteString("question", conversation.Turns[answer.Turn].Question);
                    json.WriteNumber("answers", kinds[answer.Kind].Answers);
                    json.WriteNumber("chance", kinds[answer.Kind].Chance);
                    json.WriteString("expected", conversation.Turns[answer.Turn].Answer);
                    json.WriteString("answer", Text(answer.Predicted));
                    json.WriteBoolean("right", answer.Right);
                    json.WriteNumber("probability", answer.Probability);
                    if (answer.Teacher is { } match)
                    {
                        json.WriteNumber("tokens", answer.Expected.Length);
                        json.WriteNumber("same_tokens", match.SameTokens);
                        json.WriteNumber("kl", match.Kl);
                    }
                    json.WriteEndObject();
                }
                stream.WriteByte((byte)'\n');
            }

        // Up to where the model would have stopped.
        string Text(int[] ids) => outcome.Tokenizer.Decode([.. ids.TakeWhile(id => !outcome.Tokenizer.StopTokens.Contains(id))]);
    });
}
