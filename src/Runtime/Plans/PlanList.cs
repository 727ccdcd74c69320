using System.Collections;
using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace MmMamba.Runtime.Plans;

/// <summary>An immutable list that is equal to another with equal items in the same order.</summary>
[CollectionBuilder(typeof(PlanList), nameof(PlanList.Create))]
public readonly struct PlanList<T> : IEquatable<PlanList<T>>, IReadOnlyList<T>
{
    readonly T[]? _items;

    internal PlanList(T[] items) => _items = items;

    /// <summary>Number of items.</summary>
    public int Count => _items?.Length ?? 0;

    /// <summary>The item at an index from 0.</summary>
    public T this[int index] => (_items ?? [])[index];

    /// <summary>The items as a span.</summary>
    public ReadOnlySpan<T> AsSpan() => _items;

    /// <inheritdoc/>
    public bool Equals(PlanList<T> other) => AsSpan().SequenceEqual(other.AsSpan());

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is PlanList<T> other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = new HashCode();
        foreach (var item in AsSpan()) hash.Add(item);
        return hash.ToHashCode();
    }

    /// <inheritdoc/>
    public IEnumerator<T> GetEnumerator() => ((IEnumerable<T>)(_items ?? [])).GetEnumerator();
    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    /// <summary>Equality of items and order.</summary>
    public static bool operator ==(PlanList<T> left, PlanList<T> right) => left.Equals(right);

    /// <summary>Inequality of items or order.</summary>
    public static bool operator !=(PlanList<T> left, PlanList<T> right) => !left.Equals(right);
}

/// <summary>What collection expressions of <see cref="PlanList{T}"/> call.</summary>
public static class PlanList
{
    /// <summary>A list of the given items.</summary>
    public static PlanList<T> Create<T>(ReadOnlySpan<T> items) => new(items.ToArray());

    /// <summary>A list of the given items.</summary>
    public static PlanList<T> ToPlanList<T>(this IEnumerable<T> items) => new([.. items]);
}
