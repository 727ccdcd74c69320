using System.Globalization;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;

namespace MmMamba.Generators.Benchmarks;

/// <summary>
/// What a build or a keystroke costs in the generator: HoVLE, its linear student, and hybrids that each place their attention
/// otherwise. A driver is immutable, so every call starts from the same warm state. The compiler parses whatever a generator adds, inside of what is
/// measured here; the two floors are that alone.
/// </summary>
[Config(typeof(Short)), MemoryDiagnoser(displayGenColumns: false)]
public class GeneratorBenchmarks
{
    sealed class Short : ManualConfig
    {
        public Short() => AddJob(Job.Default.WithToolchain(InProcessEmitToolchain.Instance).WithWarmupCount(6).WithIterationCount(12));
    }

    static readonly CSharpParseOptions ParseOptions = new(LanguageVersion.Latest);

    readonly CSharpCompilation _compilation = CSharpCompilation.Create("Consumer", [CSharpSyntaxTree.ParseText("class A;", ParseOptions)]);
    readonly CSharpCompilation _edited = CSharpCompilation.Create("Consumer", [CSharpSyntaxTree.ParseText("class B;", ParseOptions)]);
    SpecText[] _specs = [];
    SpecText _editedSpec = null!, _editedBase = null!, _added = null!;
    SourceText[] _generated = [];
    GeneratorDriver _cold = null!, _warm = null!;

    /// <summary>Specs in the project.</summary>
    [Params(1, 100, 1000)]
    public int Specs { get; set; }

    [GlobalSetup]
    public void Setup()
    {
        string[] bases = ["hovle.mmmodel.yaml", "mmmamba-linear.mmmodel.yaml"];
        _specs = [.. bases.Take(Specs).Select(Shipped), .. Enumerable.Range(0, Math.Max(0, Specs - bases.Length)).Select(i => Hybrid(i, from: "head"))];
        _editedBase = _specs[0].With(_specs[0].GetText().ToString().Replace("summary: HoVLE", "hidden: 1024\nsummary: HoVLE").Replace("hidden: 2048\n", ""));
        _editedSpec = Specs > bases.Length ? Hybrid(Specs - bases.Length - 1, from: "tail") : _editedBase;
        _added = Hybrid(Specs, from: "head");
        _cold = CSharpGeneratorDriver.Create([new ModelGenerator().AsSourceGenerator()], _specs, ParseOptions);
        _warm = _cold.RunGenerators(_compilation);
        _generated = [.. _warm.GetRunResult().GeneratedTrees.Select(tree => tree.GetText())];
        if (_generated.Length != Specs) throw new InvalidOperationException($"{_generated.Length} models are generated of {Specs} specs.");
    }

    [Benchmark(Baseline = true)]
    public GeneratorDriver Cold() => _cold.RunGenerators(_compilation);

    [Benchmark]
    public GeneratorDriver UnrelatedCSharpEdit() => _warm.RunGenerators(_edited);

    [Benchmark]
    public GeneratorDriver EditOfOneSpec() => _warm.ReplaceAdditionalText(_specs[^1], _editedSpec).RunGenerators(_compilation);

    [Benchmark]
    public GeneratorDriver EditOfTheBase() => _warm.ReplaceAdditionalText(_specs[0], _editedBase).RunGenerators(_compilation);

    [Benchmark]
    public GeneratorDriver AnAddedSpec() => _warm.AddAdditionalTexts([_added]).RunGenerators(_compilation);

    /// <summary>The floor of <see cref="Cold"/>: the compiler's own parsing of what is generated.</summary>
    [Benchmark]
    public int ParsingOfAllThatIsGenerated() => _generated.Sum(text => Parsed(text));

    /// <summary>The floor of <see cref="EditOfOneSpec"/>.</summary>
    [Benchmark]
    public int ParsingOfOneGeneratedFile() => Parsed(_generated[^1]);

    static int Parsed(SourceText text) => CSharpSyntaxTree.ParseText(text, ParseOptions).GetRoot().FullSpan.Length;

    static SpecText Shipped(string file)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "models", file);
        return new(file, File.ReadAllText(path));
    }

    static SpecText Hybrid(int index, string from)
    {
        var name = index.ToString("D4", CultureInfo.InvariantCulture);
        var count = (index % 15 + 2).ToString(CultureInfo.InvariantCulture);
        return new($"hybrid{name}.mmmodel.yaml", $$"""
            mmmodel: 1
            model: Hybrid{{name}}
            extends: MmMambaLinear
            summary: A hybrid among many.
            layers: { mamba2: rest, attention: { count: {{count}}, from: {{from}}, pattern: interleaved } }

            """);
    }
}
