using System.Collections.Concurrent;

namespace MmMamba.Runtime.Data;

/// <summary>
/// Resizes square RGB pictures with a triangle filter that widens when it shrinks (so nothing is skipped), in 14-bit fixed point:
/// the same bytes on every host. Meant for the small pictures inside mosaics; what a model is given goes through the
/// pre-processing of its vision plan instead.
/// </summary>
static class SquareScaler
{
    const int Bits = 14;

    sealed record Taps(int[] First, short[][] Weights);

    static readonly ConcurrentDictionary<(int From, int To), Taps> Tables = new();

    /// <summary>Resizes <paramref name="source"/> (from x from RGB) into <paramref name="target"/> (to x to RGB).</summary>
    public static void Scale(ReadOnlySpan<byte> source, int from, Span<byte> target, int to)
    {
        if (from == to)
        {
            source[..(from * from * 3)].CopyTo(target);
            return;
        }
        var taps = Tables.GetOrAdd((from, to), static key => Table(key.From, key.To));
        var narrowLength = from * to * 3;
        var rented = narrowLength > 32 * 1024 ? new byte[narrowLength] : null;
        Span<byte> narrow = rented ?? stackalloc byte[narrowLength];
        for (var y = 0; y < from; y++) ScaleRow(source.Slice(y * from * 3, from * 3), narrow.Slice(y * to * 3, to * 3), taps);

        Span<int> sums = stackalloc int[to <= 1024 ? to * 3 : 0];
        if (sums.IsEmpty) sums = new int[to * 3];
        for (var y = 0; y < to; y++)
        {
            sums.Fill(1 << Bits - 1);
            var weights = taps.Weights[y];
            for (var k = 0; k < weights.Length; k++)
            {
                int weight = weights[k];
                var row = narrow.Slice((taps.First[y] + k) * to * 3, sums.Length);
                for (var x = 0; x < sums.Length; x++) sums[x] += row[x] * weight;
            }
            var output = target.Slice(y * to * 3, sums.Length);
            for (var x = 0; x < output.Length; x++) output[x] = (byte)(sums[x] >> Bits);
        }
    }

    static void ScaleRow(ReadOnlySpan<byte> source, Span<byte> target, Taps taps)
    {
        for (var x = 0; x < taps.First.Length; x++)
        {
            int red = 1 << Bits - 1, green = red, blue = red;
            var at = taps.First[x] * 3;
            foreach (int weight in taps.Weights[x])
            {
                red += source[at] * weight;
                green += source[at + 1] * weight;
                blue += source[at + 2] * weight;
                at += 3;
            }
            target[x * 3] = (byte)(red >> Bits);
            target[x * 3 + 1] = (byte)(green >> Bits);
            target[x * 3 + 2] = (byte)(blue >> Bits);
        }
    }

    // The weights of an output pixel are rounded so that they sum to exactly one: a flat picture stays flat.
    static Taps Table(int from, int to)
    {
        var scale = (double)from / to;
        var support = Math.Max(scale, 1.0);
        var first = new int[to];
        var weights = new short[to][];
        for (var i = 0; i < to; i++)
        {
            var centre = (i + 0.5) * scale;
            var low = Math.Max(0, (int)Math.Floor(centre - support + 0.5));
            var high = Math.Min(from, (int)Math.Floor(centre + support + 0.5));
            var raw = new double[high - low];
            for (var j = 0; j < raw.Length; j++) raw[j] = Math.Max(0, 1 - Math.Abs(low + j + 0.5 - centre) / support);
            var sum = raw.Sum();
            var fixedPoint = new short[raw.Length];
            var left = 1 << Bits;
            for (var j = 0; j < raw.Length; j++) left -= fixedPoint[j] = (short)Math.Round(raw[j] / sum * (1 << Bits));
            fixedPoint[Array.IndexOf(raw, raw.Max())] += (short)left;
            first[i] = low;
            weights[i] = fixedPoint;
        }
        return new(first, weights);
    }
}
