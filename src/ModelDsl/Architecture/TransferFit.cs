using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Architecture;

/// <summary>Whether tensors can come from where they say, and which rows of the teacher's they read.</summary>
sealed class TransferFit
{
    readonly Dictionary<string, List<ResolvedTensor>> _readers = new(StringComparer.Ordinal);

    /// <summary>The first reason why the tensors can't come from this teacher, as a sentence; null where they can.</summary>
    public string? Mismatch { get; private set; }

    public static TransferFit Of(IEnumerable<ResolvedTensor> tensors, ResolvedModel teacher)
    {
        var fit = new TransferFit();
        var sources = teacher.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
        foreach (var tensor in tensors)
        {
            var (name, rows) = tensor.Origin switch
            {
                Copied copied => (copied.From, tensor.Shape[0]),
                Sliced sliced => (sliced.From, tensor.Shape[0] / sliced.Rows * sliced.Stride),
                _ => ("", 0L),
            };
            if (name == "") continue;
            if (!sources.TryGetValue(name, out var source))
                fit.Mismatch ??= $"{tensor.Name} comes from {name}, which {teacher.Name} does not have; "
                    + "a student has the towers of its teacher, and the teacher attention in every layer.";
            else if (source.Shape[0] != rows || !source.Shape.Skip(1).SequenceEqual(tensor.Shape.Skip(1)))
                fit.Mismatch ??= $"{tensor.Name} {Text(tensor.Shape)} does not fit {name} {Text(source.Shape)} of {teacher.Name}; "
                    + "a student has its teacher's sizes.";
            else if (fit._readers.TryGetValue(name, out var readers)) readers.Add(tensor);
            else fit._readers.Add(name, [tensor]);
        }
        return fit;
    }

    /// <summary>The tensors that come from one of the teacher's.</summary>
    public EquatableArray<string> Readers(string name) => new(Of(name).Select(tensor => tensor.Name));

    /// <summary>Whether every row of the teacher's tensor is read. Slices repeat with their stride, so one block of rows tells.</summary>
    public bool Whole(ResolvedTensor tensor)
    {
        var readers = Of(tensor.Name);
        if (readers.Any(reader => reader.Origin is Copied)) return true;
        var slices = readers.Select(reader => reader.Origin).OfType<Sliced>().OrderBy(slice => slice.First).ToArray();
        if (slices.Length == 0 || slices.Any(slice => slice.Stride != slices[0].Stride)) return false;
        var read = 0;
        foreach (var slice in slices)
        {
            if (slice.First > read) return false;
            read = Math.Max(read, slice.First + slice.Rows);
        }
        return read == slices[0].Stride;
    }

    List<ResolvedTensor> Of(string name) => _readers.TryGetValue(name, out var readers) ? readers : [];

    static string Text(EquatableArray<long> shape) => $"({string.Join(", ", shape)})";
}
