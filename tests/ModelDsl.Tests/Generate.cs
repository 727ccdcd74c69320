using CsCheck;

namespace MmMamba.ModelDsl.Tests;

static class Generate
{
    /// <summary>One of the values, each as likely as the others.</summary>
    public static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);
}
