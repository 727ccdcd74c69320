using System.Text.Json;

namespace MmMamba.Cli.Tests;

/// <summary>Evaluations from the command line, with the teacher that comes with the tool and students that have learned nothing.</summary>
public sealed class EvalTests : IDisposable
{
    static readonly string Teacher = Path.Combine(AppContext.BaseDirectory, "checkpoints", "tiny-hovle.safetensors");

    readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    void Student(string model, string folder) => Assert.Equal(0, Tool.Call(_folder.Path, "export", model, "--random", "--output", folder).ExitCode);

    ToolRun Eval(params string[] arguments) => Tool.Call(_folder.Path, ["eval", .. arguments, "--threads", "1", "--test-conversations", "12", "--resamples", "200"]);

    static Dictionary<(string Kind, string Name), JsonElement> Figures(JsonElement model) => model.GetProperty("figures").EnumerateArray()
        .ToDictionary(figure => (figure.GetProperty("kind").GetString()!, figure.GetProperty("name").GetString()!));

    [Fact]
    public void Figures_follow_from_the_predictions()
    {
        Student("TinyMmMambaLinear", "linear");
        File.WriteAllText(_folder["linear/chain.json"], """
            {"teacher":{"name":"TinyHovle","fingerprint":"0","hash":"1"},"seed":0,"stages":[{"stage":"mixer","skipped":false,"parent":"2","train":[],"loss":"mixer_mse","loss_value":1,
            "learning_rate":1,"batch":1,"steps":1,"seed":0,"data":"photographs","first_loss":1,"last_loss":1}]}
            """);
        var run = Eval("linear", Teacher, "--teacher", Teacher, "--json", "out/figures.json", "--predictions", "out/answers.jsonl");
        Assert.Equal((0, ""), (run.ExitCode, run.Error));
        Assert.Equal(["linear", "out", "out/answers.jsonl", "out/figures.json"], _folder.Entries.Where(entry => !entry.StartsWith("linear/", StringComparison.Ordinal)));
        Assert.Contains("TinyHovle less TinyMmMambaLinear, paired by picture", run.Output);
        Assert.Contains("TinyMmMambaLinear says that it was trained on: photographs\nnote: TinyMmMambaLinear was trained on photographs, and is asked about drawn shapes and words: "
            + "whether it has seen these pictures is not known\nnote: TinyMmMambaLinear was made from another TinyHovle than the teacher that is named", run.Output);
        Assert.Contains("TinyHovle: left out, for the model is not one that is seeded from this teacher: KL closed from its own seeds, %", run.Output);

        using var json = JsonDocument.Parse(File.ReadAllText(_folder["out/figures.json"]));
        var models = json.RootElement.GetProperty("models").EnumerateArray().ToDictionary(model => model.GetProperty("name").GetString()!);
        Assert.Equal(["TinyMmMambaLinear", "TinyHovle", "teacher"], models.Keys);
        var answers = File.ReadLines(_folder["out/answers.jsonl"]).Select(line => JsonDocument.Parse(line).RootElement).ToArray();
        Assert.Equal(2 * json.RootElement.GetProperty("questions").GetInt32(), answers.Length);
        foreach (var model in answers.GroupBy(answer => answer.GetProperty("model").GetString()!))
        {
            var figures = Figures(models[model.Key]);
            foreach (var kind in model.GroupBy(answer => answer.GetProperty("kind").GetString()!))
            {
                Assert.Equal(kind.Average(answer => answer.GetProperty("right").GetBoolean() ? 1.0 : 0), figures[(kind.Key, "accuracy")].GetProperty("value").GetDouble(), 1e-12);
                Assert.Equal(Share(kind, "kl"), figures[(kind.Key, "kl")].GetProperty("value").GetDouble(), 1e-9);
            }
            Assert.Equal(Share(model, "same_tokens"), figures[("", "agreement")].GetProperty("value").GetDouble(), 1e-12);
            Assert.All(model.Where(answer => answer.GetProperty("right").GetBoolean()), answer => Assert.Equal(answer.GetProperty("expected").GetString(), answer.GetProperty("answer").GetString()));
        }
        var own = Figures(models["TinyHovle"]);
        Assert.Equal((1, 0, 1), (Value("agreement"), Value("kl"), Value("kl_closed")));
        // A student that is drawn knows nothing of the teacher, and the seeded one does.
        Assert.True(Figures(models["TinyMmMambaLinear"])[("", "kl_closed")].GetProperty("value").GetDouble() < 0);

        double Value(string name) => own[("", name)].GetProperty("value").GetDouble();
        static double Share(IEnumerable<JsonElement> some, string name) => some.Sum(answer => answer.GetProperty(name).GetDouble()) / some.Sum(answer => answer.GetProperty("tokens").GetInt32());
    }

    [Fact]
    public void Without_a_teacher_what_needs_one_is_left_out_and_a_model_does_not_differ_from_itself()
    {
        Student("TinyMmMambaHybrid", "one");
        Student("TinyMmMambaHybrid", "two");
        var run = Eval("one", "two", "--json", "figures.json");
        Assert.Equal(0, run.ExitCode);
        Assert.Contains("one: left out, for no teacher was asked: of the teacher above chance, %; same token as the teacher, %;", run.Output);
        using var json = JsonDocument.Parse(File.ReadAllText(_folder["figures.json"]));
        Assert.All(json.RootElement.GetProperty("differences").EnumerateArray(), difference =>
            Assert.Equal((0, false), (difference.GetProperty("value").GetDouble(), difference.GetProperty("conclusive").GetBoolean())));
        Assert.Contains("inconclusive", run.Output);
        Assert.False(Figures(json.RootElement.GetProperty("models")[0])[("", "kl")].TryGetProperty("value", out _));
    }

    [Fact]
    public void A_test_that_shows_training_pictures_is_refused()
    {
        Tool.Call(_folder.Path, "data", "--output", "set", "--train-conversations", "3", "--test-conversations", "2");
        Assert.Equal(0, Eval(Teacher, "--data", "set").ExitCode);
        File.Copy(_folder["set/images/train/000001.png"], _folder["set/images/test/000001.png"], overwrite: true);
        var run = Eval(Teacher, "--data", "set", "--json", "figures.json");
        Assert.Equal(1, run.ExitCode);
        Assert.Equal("mmmamba: set: 1 of 2 test pictures are training pictures too, such as 'images/test/000001.png', which is 'images/train/000001.png'; "
            + "a model is not judged by what it was trained on: take them out of one of the two.", run.Refusal);
        Assert.False(File.Exists(_folder["figures.json"]));

        // Nor is a student distilled on it.
        var distilled = Tool.Call(_folder.Path, "distill", "--data", "set", "--teacher", Teacher, "--output", "run");
        Assert.Equal((1, run.Refusal), (distilled.ExitCode, distilled.Refusal));
        Assert.False(Directory.Exists(_folder["run"]));
    }

    [Fact]
    public void Usage_and_unfit_models_are_one_line()
    {
        Assert.Equal("mmmamba: --linear needs --teacher. Try 'mmmamba eval --help'.", Refused(2, Teacher, "--linear", "TinyMmMambaLinear"));
        Assert.Equal("mmmamba: --json and --predictions name one file; they are two. Try 'mmmamba eval --help'.", Refused(2, Teacher, "--json", "x", "--predictions", "x"));
        Assert.StartsWith("mmmamba: TinyMmMambaHybrid: is no linear student of TinyHovle;", Refused(1, Teacher, "--teacher", Teacher, "--linear", "TinyMmMambaHybrid"));
        Assert.Contains("is a folder; expected the name of a file to write", Refused(1, Teacher, "--json", "."));

        string Refused(int code, params string[] arguments)
        {
            var run = Eval(arguments);
            Assert.Equal(code, run.ExitCode);
            return run.Refusal;
        }
    }
}
