using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace MmMamba.Generators.Benchmarks;

/// <summary>A spec in memory.</summary>
sealed class SpecText(string path, string text) : AdditionalText
{
    readonly SourceText _text = SourceText.From(text, Encoding.UTF8);

    public override string Path => path;

    public override SourceText GetText(CancellationToken cancellationToken = default) => _text;

    public SpecText With(string text) => new(path, text);
}
