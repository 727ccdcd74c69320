using System.Runtime.CompilerServices;

namespace MmMamba.ModelDsl.Specs;

/// <summary>
/// What was made of objects that never change, kept as long as they live. An editor parses one file again and asks for everything: what was made
/// of the other files is still there. A value says itself whether what else it was made of is still the same.
/// </summary>
sealed class Kept<TKey, TValue>
    where TKey : class
    where TValue : class
{
    // Of objects, since the table would make values of a type of its own by reflection.
    readonly ConditionalWeakTable<TKey, object> _values = new();

    /// <summary>The value of an object, made anew where there is none that still holds.</summary>
    public TValue Of(TKey key, Func<TValue, bool> holds, Func<TValue> make)
    {
        if (_values.TryGetValue(key, out var known) && holds((TValue)known)) return (TValue)known;
        var made = make();
        // Whoever comes second puts in the same.
        lock (_values)
        {
            _values.Remove(key);
            _values.Add(key, made);
        }
        return made;
    }
}
