using System.Globalization;

namespace MmMamba.Generators;

/// <summary>Names of generated files. The compiler takes no two that differ in case only, while models may.</summary>
sealed class HintNames
{
    readonly Dictionary<string, int> _taken = new(StringComparer.OrdinalIgnoreCase);

    public string For(string model)
    {
        _taken.TryGetValue(model, out var before);
        _taken[model] = before + 1;
        return before == 0 ? $"{model}.g.cs" : $"{model}.{before.ToString(CultureInfo.InvariantCulture)}.g.cs";
    }
}
