using System.Collections.Immutable;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Diagnostics;

namespace MmMamba.Generators.Tests.Harness;

/// <summary>A project that holds specs: runs the generator over them, again after an edit, and the analyzer.</summary>
sealed class Project
{
    static readonly ImmutableArray<MetadataReference> References =
        [.. ((string)AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES")!).Split(Path.PathSeparator).Select(path => MetadataReference.CreateFromFile(path))];

    static readonly CSharpParseOptions ParseOptions = new(LanguageVersion.Latest, DocumentationMode.Diagnose);

    static readonly Lazy<MetadataReference> ModelsAssembly = new(() => new Project(Specs.Files, Specs.Namespace).Emit());

    readonly List<SpecText> _specs;
    readonly ProjectOptions _options;
    CSharpCompilation _compilation;
    GeneratorDriver _driver;

    public Project(
        IEnumerable<KeyValuePair<string, string>> specs, string? rootNamespace = null, string code = "",
        IReadOnlyDictionary<string, string>? declaredIn = null, params MetadataReference[] more)
    {
        _options = new(rootNamespace, declaredIn ?? new Dictionary<string, string>());
        _specs = [.. specs.Select(spec => new SpecText(spec.Key, spec.Value))];
        _compilation = CSharpCompilation.Create(
            "Consumer", [CSharpSyntaxTree.ParseText(code, ParseOptions)], [.. References, .. more],
            new(OutputKind.DynamicallyLinkedLibrary, nullableContextOptions: NullableContextOptions.Enable, warningLevel: 9999));
        _driver = CSharpGeneratorDriver.Create(
            [new ModelGenerator().AsSourceGenerator()], _specs, ParseOptions, _options,
            new GeneratorDriverOptions(IncrementalGeneratorOutputKind.None, trackIncrementalGeneratorSteps: true));
    }

    /// <summary>The shipped specs and more.</summary>
    public static Project Shipped(params (string File, string Text)[] more) =>
        new(Specs.Files.Concat(more.Select(spec => KeyValuePair.Create(spec.File, spec.Text))));

    /// <summary>A project that references the assembly of the shipped models and has their specs as declarations.</summary>
    public static Project Consumer(string code, params (string File, string Text)[] own) => new(
        Specs.Files.Select(spec => KeyValuePair.Create(Specs.InPackage(spec.Key), spec.Value)).Concat(own.Select(spec => KeyValuePair.Create(spec.File, spec.Text))),
        "Consumer", code, Specs.Shipped.Keys.ToDictionary(Specs.InPackage, _ => Specs.Namespace), ModelsAssembly.Value);

    /// <summary>Runs the generator; a run after an edit does what is new only.</summary>
    public Run Run()
    {
        _driver = _driver.RunGenerators(_compilation);
        return new(_driver.GetRunResult().Results.Single());
    }

    /// <summary>Another C# edit: the same compilation again, as a new object.</summary>
    public void Touch() => _compilation = _compilation.Clone();

    public void Edit(string file, Func<string, string> edit)
    {
        var index = _specs.FindIndex(spec => spec.Path == file);
        var edited = new SpecText(file, edit(_specs[index].GetText().ToString()));
        _driver = _driver.ReplaceAdditionalText(_specs[index], edited);
        _specs[index] = edited;
    }

    /// <summary>Everything that the compiler says about the project with its generated code, hidden remarks left out.</summary>
    public IReadOnlyList<Diagnostic> Compile()
    {
        _driver = _driver.RunGeneratorsAndUpdateCompilation(_compilation, out var compilation, out _);
        return [.. compilation.GetDiagnostics().Where(diagnostic => diagnostic.Severity != DiagnosticSeverity.Hidden)];
    }

    MetadataReference Emit()
    {
        _driver.RunGeneratorsAndUpdateCompilation(_compilation, out var compilation, out _);
        using var assembly = new MemoryStream();
        Assert.True(compilation.WithAssemblyName(Specs.Namespace).Emit(assembly).Success);
        return MetadataReference.CreateFromImage(assembly.ToArray());
    }

    /// <summary>What the analyzer reports, as a build prints it.</summary>
    public async Task<IReadOnlyList<Diagnostic>> Analyze()
    {
        var options = new AnalyzerOptions([.. _specs], _options);
        var diagnostics = await _compilation.WithAnalyzers([new ModelSpecAnalyzer()], options).GetAnalyzerDiagnosticsAsync();
        return [.. diagnostics.OrderBy(diagnostic => diagnostic.Location.GetLineSpan().Path, StringComparer.Ordinal)
            .ThenBy(diagnostic => diagnostic.Location.GetLineSpan().StartLinePosition)];
    }
}
