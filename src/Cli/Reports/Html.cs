using System.Globalization;
using System.Net;

namespace MmMamba.Cli.Reports;

/// <summary>A piece of HTML. It is only made from literal templates whose holes are encoded, so data can't become markup.</summary>
readonly struct Html
{
    readonly string? _value;

    Html(string value) => _value = value;

    /// <summary>Nothing.</summary>
    public static Html Empty => default;

    /// <summary>A template: its literal text is HTML as it stands; holes are encoded, or inserted as they are if they hold <see cref="Html"/>.</summary>
    public static Html Of(FormattableString template) => new(template.ToString(HoleEncoder.Instance));

    /// <summary>Literal HTML without holes.</summary>
    public static Html Literal(string html) => new(html);

    /// <summary>Pieces one behind the other.</summary>
    public static Html Join(IEnumerable<Html> pieces) => new(string.Concat(pieces.Select(piece => piece.ToString())));

    public override string ToString() => _value ?? "";

    sealed class HoleEncoder : IFormatProvider, ICustomFormatter
    {
        public static readonly HoleEncoder Instance = new();

        public object? GetFormat(Type? formatType) => formatType == typeof(ICustomFormatter) ? this : null;

        public string Format(string? format, object? arg, IFormatProvider? formatProvider) => arg switch
        {
            Html html => html.ToString(),
            IEnumerable<Html> pieces => Join(pieces).ToString(),
            IFormattable value => WebUtility.HtmlEncode(value.ToString(format, CultureInfo.InvariantCulture)),
            _ => WebUtility.HtmlEncode(Printable.Lines(arg?.ToString() ?? "")),
        };
    }
}
