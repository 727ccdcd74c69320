namespace MmMamba.Runtime.Data;

/// <summary>
/// Which classes are most easily taken for which, by their looks: the distance between the classes' mean pictures, 8 x 8, together with
/// the mean deviation from each picture's own average (the silhouette, for pictures whose colours are random). It plays the part of
/// POPE's co-occurrence, which mosaics don't have: their classes are drawn independently.
/// </summary>
static class LookAlikes
{
    const int Side = 8, Sampled = 48;

    /// <summary>For each class all the others, the most similar one first.</summary>
    public static int[][] Find(IPictureSource pictures)
    {
        var count = pictures.Classes.Count;
        var looks = new float[count][];
        for (var c = 0; c < count; c++) looks[c] = Look(pictures, c);
        return [.. Enumerable.Range(0, count).Select(c =>
            Enumerable.Range(0, count).Where(other => other != c).OrderBy(other => Distance(looks[c], looks[other])).ToArray())];
    }

    static float[] Look(IPictureSource pictures, int classIndex)
    {
        var length = Side * Side * 3;
        var look = new float[2 * length];
        var small = new byte[length];
        var sampled = Math.Min(Sampled, pictures.Count(classIndex));
        for (var i = 0; i < sampled; i++)
        {
            var picture = pictures.Get(classIndex, i);
            SquareScaler.Scale(picture.Pixels, picture.Width, small, Side);
            Span<float> mean = [0, 0, 0];
            for (var j = 0; j < length; j++) mean[j % 3] += small[j] / (float)(Side * Side);
            for (var j = 0; j < length; j++)
            {
                look[j] += small[j] / (float)sampled;
                look[length + j] += Math.Abs(small[j] - mean[j % 3]) / sampled;
            }
        }
        return look;
    }

    static float Distance(float[] a, float[] b)
    {
        var sum = 0f;
        for (var i = 0; i < a.Length; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
        return sum;
    }
}
