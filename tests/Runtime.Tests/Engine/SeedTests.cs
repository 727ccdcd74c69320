using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>How a student begins: what it inherits bit for bit, what it draws by range and distribution.</summary>
public sealed class SeedTests : IDisposable
{
    const string At = "language_model.model.layers.0.attention.";
    readonly DisposeScope _scope = NewDisposeScope();
    readonly VisionLanguageModel _teacher;

    public SeedTests()
    {
        var weights = Golden.Read("mixer.safetensors", "teacher/").ToDictionary(pair => At + pair.Key, pair => pair.Value);
        _teacher = new(GoldenModel.Named("GoldenSeed"), new GoldenModel.Values(weights, new DrawnParameters(1)));
    }

    public void Dispose()
    {
        _teacher.Dispose();
        _scope.Dispose();
    }

    [Theory]
    [InlineData("mimic", "q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight", "conv1d.weight", "conv1d.bias", "in_proj.weight", "A_log_bias", "g_norm.weight")]
    [InlineData("inherit", "q_proj.weight", "k_proj.weight", "v_proj.weight", "o_proj.weight", "dt_bias", "g_norm.weight")]
    [InlineData("scratch", "o_proj.weight", "dt_bias", "g_norm.weight")]
    public void What_is_not_random_equals_the_reference(string strategy, params string[] names)
    {
        var golden = Golden.Read("mixer.safetensors", $"init_{strategy}/params/");
        using var student = Student(strategy, 7);
        foreach (var name in names) Assert.True(golden[name].equal(student.Tensors[At + name]).all().item<bool>(), name);
    }

    [Theory]
    [InlineData("mimic", "g_proj.weight", -0.0541266, 0.0541266)]
    [InlineData("mimic", "dt_bias", -6.9073, -2.2521)]
    [InlineData("inherit", "g_proj.weight", -0.0541266, 0.0541266)]
    [InlineData("inherit", "in_proj.weight", -0.1767767, 0.1767767)]
    [InlineData("inherit", "conv1d.weight", -0.7071068, 0.7071068)]
    [InlineData("inherit", "conv1d.bias", -0.7071068, 0.7071068)]
    [InlineData("inherit", "A_log_bias", 0, 2.7725888)]
    [InlineData("scratch", "q_proj.weight", -0.1767767, 0.1767767)]
    [InlineData("scratch", "k_proj.weight", -0.1767767, 0.1767767)]
    [InlineData("scratch", "v_proj.weight", -0.1767767, 0.1767767)]
    public void What_is_random_fills_the_reference_s_range(string strategy, string name, double least, double greatest)
    {
        // Many seeds together, so that also small tensors come near both ends.
        var all = cat([.. Enumerable.Range(0, 64).Select(seed =>
        {
            using var student = Student(strategy, (ulong)seed);
            return student.Tensors[At + name].flatten().clone();
        })]);
        var (low, high, margin) = (all.min().item<float>(), all.max().item<float>(), 0.1 * (greatest - least));
        Assert.InRange(low, least - 1e-4, least + margin);
        Assert.InRange(high, greatest - margin, greatest + 1e-4);
    }

    [Fact]
    public void Everything_outside_the_mixers_is_copied()
    {
        using var student = Student("mimic", 3);
        foreach (var (name, tensor) in student.Tensors.Where(pair => !pair.Key.Contains(".attention.", StringComparison.Ordinal)))
            Assert.True(tensor.equal(_teacher.Tensors[name]).all().item<bool>(), name);
    }

    [Fact]
    public void A_student_shares_no_memory_with_its_teacher()
    {
        using var student = Student("mimic", 3);
        using var guard = no_grad();
        foreach (var tensor in student.Tensors.Values) tensor.fill_(0);
        foreach (var (name, tensor) in _teacher.Tensors.Where(pair => pair.Key.EndsWith("wqkv.weight", StringComparison.Ordinal) || pair.Key.EndsWith("output.weight", StringComparison.Ordinal)))
            Assert.True(tensor.abs().sum().item<float>() > 0, name);
    }

    [Fact]
    public void A_foreign_teacher_is_refused_by_name()
    {
        using var foreign = GoldenModel.Load(GoldenModel.Hovle);
        var error = Assert.Throws<InputException>(() => new VisionLanguageModel(GoldenModel.Named("GoldenSeedMimic"), new SeededParameters(foreign, 1)));
        Assert.Contains("embedding_model.", error.Message, StringComparison.Ordinal);
        Assert.Contains("Give the teacher that the plan names", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Draws_depend_on_seed_and_name_alone()
    {
        var plans = GoldenModel.Named("GoldenSeed").Tensors.ToArray();
        var (forwards, backwards, other) = (new DrawnParameters(5), new DrawnParameters(5), new DrawnParameters(6));
        var first = plans.ToDictionary(plan => plan.Name, forwards.Take);
        var second = plans.Reverse().ToDictionary(plan => plan.Name, backwards.Take);
        foreach (var plan in plans) Assert.True(first[plan.Name].equal(second[plan.Name]).all().item<bool>(), plan.Name);
        var (one, two) = (plans.First(plan => plan.Name.EndsWith("w1.weight", StringComparison.Ordinal)), plans.First(plan => plan.Name.EndsWith("w3.weight", StringComparison.Ordinal)));
        Assert.False(first[one.Name].equal(first[two.Name]).any().item<bool>());
        Assert.False(first[one.Name].equal(other.Take(one)).any().item<bool>());
    }

    [Theory]
    [InlineData(Draw.Uniform, 2, 6, 4, 1.154700)]
    [InlineData(Draw.Normal, -1, 0.5, -1, 0.5)]
    [InlineData(Draw.LogOfUniform, 1, 16, 1.957361, 0.667213)]
    public void Mean_and_deviation(Draw draw, double a, double b, double mean, double deviation)
    {
        var values = SeededDraw.Values(new(draw, a, b), 11, "t", [200_000]).to(ScalarType.Float64);
        Assert.Equal(mean, values.mean().item<double>(), 0.01);
        Assert.Equal(deviation, values.std().item<double>(), 0.01);
    }

    [Fact]
    public void The_softplus_of_a_step_bias_is_log_uniform()
    {
        var bias = SeededDraw.Values(new(Draw.InverseSoftplusOfLogUniform, 0.001, 0.1), 11, "t", [200_000]);
        var logarithm = nn.functional.softplus(bias.to(ScalarType.Float64)).log();
        Assert.Equal((Math.Log(0.001) + Math.Log(0.1)) / 2, logarithm.mean().item<double>(), 0.02);
        Assert.Equal(Math.Log(100) / Math.Sqrt(12), logarithm.std().item<double>(), 0.02);
    }

    // A draw is a promise: weights of a seed are the same in every release. These are the values of its first one.
    [Fact]
    public void The_first_values_of_a_seed_stay() =>
        Assert.Equal(FirstValues, SeededDraw.Values(new(Draw.Uniform, 0, 1), 42, "layer.weight", [4]).data<float>().ToArray());

    static readonly float[] FirstValues = [0.143846765f, 0.431781709f, 0.15555793f, 0.609602869f];

    VisionLanguageModel Student(string strategy, ulong seed) =>
        new(GoldenModel.Named("GoldenSeed" + char.ToUpperInvariant(strategy[0]) + strategy[1..]), new SeededParameters(_teacher, seed));
}

public sealed class SeedTestsOnCuda
{
    [Fact]
    public void A_seed_gives_the_student_that_it_gives_on_the_cpu()
    {
        var device = TestDevice.Cuda;
        using var scope = NewDisposeScope();
        using var teacher = GoldenModel.Load(GoldenModel.Hovle);
        using var here = new VisionLanguageModel(GoldenModel.Linear, new SeededParameters(teacher, 5));
        using var there = new VisionLanguageModel(GoldenModel.Linear, new SeededParameters(teacher, 5, device));
        foreach (var (name, tensor) in here.Tensors) Assert.True(tensor.equal(there.Tensors[name].to(CPU)).all().item<bool>(), name);
    }
}
