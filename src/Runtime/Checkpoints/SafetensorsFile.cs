using System.Buffers.Binary;
using Microsoft.Win32.SafeHandles;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>
/// A safetensors file, open for reading. Opening checks the whole header; reading goes from the file straight into a tensor's memory, or maps
/// it. Safe for reads from several threads.
/// </summary>
public sealed class SafetensorsFile : IDisposable
{
    readonly SafeFileHandle _handle;
    MappedFile? _map;
    readonly Dictionary<string, SafetensorsTensor> _byName;

    SafetensorsFile(string path, SafeFileHandle handle, SafetensorsHeader header, MappedFile? map)
    {
        (Path, _handle, Tensors, Metadata, _map) = (path, handle, header.Tensors, header.Metadata, map);
        _byName = header.Tensors.ToDictionary(tensor => tensor.Name, StringComparer.Ordinal);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>All tensors in the order of their bytes.</summary>
    public IReadOnlyList<SafetensorsTensor> Tensors { get; }

    /// <summary>The header's strings.</summary>
    public IReadOnlyDictionary<string, string> Metadata { get; }

    /// <summary>The tensor of a name, or null.</summary>
    public SafetensorsTensor? Find(string name) => _byName.GetValueOrDefault(name);

    /// <summary>The tensor of a name.</summary>
    /// <exception cref="InputException">The file has none.</exception>
    public SafetensorsTensor this[string name] =>
        Find(name) ?? throw new InputException($"{Path}: no tensor {Shown.Text(name)} among its {Tensors.Count}");

    /// <summary>Opens a file and checks its header in full before any tensor can be read.</summary>
    /// <param name="path">The file.</param>
    /// <param name="access">Whether its tensors are read or mapped.</param>
    /// <exception cref="InputException">The file cannot be read, is of another kind, or its header contradicts itself or the file's size.</exception>
    public static SafetensorsFile Open(string path, WeightAccess access = WeightAccess.Read)
    {
        RegularFile.Require(path);
        SafeFileHandle? handle = null;
        try
        {
            handle = File.OpenHandle(path, share: FileShare.ReadWrite | FileShare.Delete);
            var header = ReadHeader(path, handle);
            return new(path, handle, header, access == WeightAccess.Map ? new MappedFile(handle, RandomAccess.GetLength(handle)) : null);
        }
        catch (Exception e)
        {
            handle?.Dispose();
            if (e is IOException or UnauthorizedAccessException or NotSupportedException or ArgumentException)
                throw new InputException($"{path}: cannot be read: {Reason(path, e)}", e);
            throw;
        }
    }

    static string Reason(string path, Exception e) => e switch
    {
        FileNotFoundException or DirectoryNotFoundException => "no such file",
        _ when Directory.Exists(path) => "it is a folder; name the .safetensors file",
        UnauthorizedAccessException => "access is denied",
        NotSupportedException => "it is not a regular file",
        _ => e.Message,
    };

    static SafetensorsHeader ReadHeader(string path, SafeFileHandle handle)
    {
        var fileLength = RandomAccess.GetLength(handle);
        Span<byte> start = stackalloc byte[64];
        start = start[..RandomAccess.Read(handle, start, 0)];
        if (start is not [_, _, _, _, _, _, _, _, (byte)'{', ..] && ForeignFormat.Name(start) is { } format)
            throw new InputException($"{path}: this is {format}, not a safetensors file; convert it first");
        if (start.Length < 8) throw new InputException($"{path}: {fileLength} bytes are too few for a safetensors file; it is empty or cut short");
        var length = BinaryPrimitives.ReadUInt64LittleEndian(start);
        if (length > (ulong)Math.Max(0, fileLength - 8))
            throw new InputException($"{path}: the header claims {length} bytes, but {fileLength - 8} follow its length; the file is cut short or not safetensors");
        if (length > SafetensorsHeader.LongestHeader)
            throw new InputException($"{path}: the header claims {length} bytes; at most {SafetensorsHeader.LongestHeader} are read");
        var json = new byte[(int)length];
        ReadExactly(path, handle, json, 8);
        return SafetensorsHeader.Parse(path, json, fileLength);
    }

    /// <summary>A tensor, newly allocated or, in a mapped file, over the file's bytes.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="dtype">Type to convert to; as stored if null.</param>
    /// <param name="device">Where to put it; the CPU if null.</param>
    public Tensor Read(string name, ScalarType? dtype = null, Device? device = null)
    {
        var tensor = this[name];
        return Read(tensor, tensor.Shape.AsSpan(), tensor.Offset, dtype, device);
    }

    /// <summary>Some rows of a tensor of at least one dimension, (rows, ...); only their bytes are read.</summary>
    /// <param name="name">Its name.</param>
    /// <param name="firstRow">First row.</param>
    /// <param name="rows">How many.</param>
    /// <param name="dtype">Type to convert to; as stored if null.</param>
    /// <param name="device">Where to put it; the CPU if null.</param>
    public Tensor ReadRows(string name, long firstRow, long rows, ScalarType? dtype = null, Device? device = null)
    {
        var tensor = this[name];
        if (tensor.Shape.Count == 0 || firstRow < 0 || rows < 0 || firstRow > tensor.Shape[0] - rows)
            throw new ArgumentOutOfRangeException(nameof(firstRow), $"rows {firstRow} to {firstRow + rows} of {Shown.Shape(tensor.Shape.AsSpan())}");
        long[] shape = [rows, .. tensor.Shape.AsSpan()[1..]];
        var rowBytes = tensor.Shape[0] == 0 ? 0 : tensor.ByteCount / tensor.Shape[0];
        return Read(tensor, shape, tensor.Offset + firstRow * rowBytes, dtype, device);
    }

    Tensor Read(SafetensorsTensor tensor, ReadOnlySpan<long> shape, long offset, ScalarType? dtype, Device? device)
    {
        var (type, place) = (dtype ?? tensor.Type, device ?? CPU);
        var asStored = type == tensor.Type && place.type == DeviceType.CPU;
        var mapped = asStored && _map is not null && tensor.ByteCount > 0 && offset % ElementTypes.SizeOf(type) == 0;
        var read = mapped ? _map!.TensorAt(offset, shape, type) : empty(shape, type, place);
        try
        {
            if (mapped) TensorBytes.ForEachBlock(read, block => Check(tensor, block));
            else if (asStored) TensorBytes.ForEachBlock(read, block => Fill(tensor, block, ref offset));
            else Convert(tensor, read, offset);
            return read;
        }
        catch
        {
            read.Dispose();
            throw;
        }
    }

    // Block by block, so that a tensor of another type or device never lies in memory twice.
    void Convert(SafetensorsTensor tensor, Tensor target, long offset)
    {
        using var scope = NewDisposeScope();
        using var noGrad = no_grad();
        var elements = target.view(-1);
        var count = Math.Min(elements.numel(), TensorBytes.BlockBytes / ElementTypes.SizeOf(tensor.Type));
        var stored = empty(count, tensor.Type, CPU);
        for (long first = 0; first < elements.numel(); first += count)
        {
            using var inner = NewDisposeScope();
            var part = stored.narrow(0, 0, Math.Min(count, elements.numel() - first));
            TensorBytes.ForEachBlock(part, block => Fill(tensor, block, ref offset));
            elements.narrow(0, first, part.numel()).copy_(part);
        }
    }

    void Fill(SafetensorsTensor tensor, Span<byte> block, ref long offset)
    {
        ReadExactly(Path, _handle, block, offset);
        Check(tensor, block);
        offset += block.Length;
    }

    void Check(SafetensorsTensor tensor, ReadOnlySpan<byte> block)
    {
        if (tensor.Type == ScalarType.Bool && block.ContainsAnyExceptInRange((byte)0, (byte)1))
            throw new InputException($"{Path}: tensor {Shown.Text(tensor.Name)}: a BOOL is a byte of 0 or 1, found another");
    }

    static void ReadExactly(string path, SafeFileHandle handle, Span<byte> destination, long offset)
    {
        try
        {
            while (!destination.IsEmpty)
            {
                var read = RandomAccess.Read(handle, destination, offset);
                if (read == 0) throw new InputException($"{path}: the file ends at byte {offset}; it was cut while it was read");
                destination = destination[read..];
                offset += read;
            }
        }
        catch (IOException e)
        {
            throw new InputException($"{path}: cannot be read at byte {offset}: {e.Message}", e);
        }
    }

    /// <summary>Closes the file; tensors that were read or mapped stay.</summary>
    public void Dispose()
    {
        Interlocked.Exchange(ref _map, null)?.Dispose();
        _handle.Dispose();
    }
}
