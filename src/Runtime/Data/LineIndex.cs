using Microsoft.Win32.SafeHandles;

namespace MmMamba.Runtime.Data;

/// <summary>
/// A text file's lines by index: the places are kept, not the text, so that a file of a million conversations takes a few megabytes.
/// Lines of white space alone are left out. Members may be called from several threads at once.
/// </summary>
sealed class LineIndex : IDisposable
{
    /// <summary>The longest line, bytes.</summary>
    public const int LongestLine = 32 << 20;

    readonly SafeFileHandle _file;
    readonly string _path;
    readonly List<(long Start, int Length, int Number)> _lines = [];

    /// <exception cref="InputException">The file can't be read, or has a line that is too long.</exception>
    public LineIndex(string path)
    {
        _path = path;
        try
        {
            _file = File.OpenHandle(path, FileMode.Open, FileAccess.Read, FileShare.Read, FileOptions.RandomAccess);
            Scan();
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new InputException($"{path}: can't be read: {e.Message}", e);
        }
        catch
        {
            _file?.Dispose();
            throw;
        }
    }

    /// <summary>Number of lines that hold something.</summary>
    public int Count => _lines.Count;

    /// <summary>The line's number in the file, from 1.</summary>
    public int Number(int index) => _lines[index].Number;

    /// <summary>The line's bytes, without the line feed.</summary>
    /// <exception cref="InputException">The file has become shorter since it was opened.</exception>
    public byte[] Read(int index)
    {
        var (start, length, number) = _lines[index];
        var bytes = new byte[length];
        for (var done = 0; done < length;)
        {
            var read = RandomAccess.Read(_file, bytes.AsSpan(done), start + done);
            if (read == 0) throw new InputException($"{_path}:{number}: the file has become shorter while it was in use.");
            done += read;
        }
        return bytes;
    }

    public void Dispose() => _file.Dispose();

    void Scan()
    {
        var buffer = new byte[1 << 16];
        var (start, number, blank) = (0L, 1, true);
        var position = 0L;
        for (int read; (read = RandomAccess.Read(_file, buffer, position)) > 0; position += read)
        {
            var chunk = buffer.AsSpan(0, read);
            var from = 0;
            if (position == 0 && chunk.StartsWith("\uFEFF"u8)) (start, from) = (3, 3);
            while (from < chunk.Length)
            {
                var rest = chunk[from..];
                var feed = rest.IndexOf((byte)'\n');
                var part = feed < 0 ? rest : rest[..feed];
                blank &= !part.ContainsAnyExcept(" \t\r"u8);
                from += part.Length + 1;
                if (feed < 0) break;
                End(start, position + from - 1, number++, blank);
                (start, blank) = (position + from, true);
            }
        }
        End(start, position, number, blank);
    }

    void End(long start, long end, int number, bool blank)
    {
        if (blank) return;
        if (end - start > LongestLine)
            throw new InputException($"{_path}:{number}: the line has {end - start:N0} bytes, expected at most {LongestLine:N0}.");
        _lines.Add((start, (int)(end - start), number));
    }
}
