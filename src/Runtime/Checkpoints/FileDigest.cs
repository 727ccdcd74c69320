using System.Security.Cryptography;
using System.Text;
using MmMamba.Runtime.Distillation;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>
/// A safetensors file that carries a SHA-256 of its own content, strings and tensors: what a disk has changed since is not believed.
/// </summary>
static class FileDigest
{
    /// <summary>Where the digest stands in a file's metadata.</summary>
    public const string Key = "mmmamba.digest";

    /// <summary>Writes tensors and strings with their digest, whole or not at all.</summary>
    /// <exception cref="InputException">The file cannot be written.</exception>
    public static void Write(string path, IReadOnlyList<(string Name, Tensor Tensor)> tensors, IReadOnlyDictionary<string, string> metadata)
    {
        var digest = Of(metadata, tensors.Select(entry => (entry.Name, (Func<Tensor>)(() => entry.Tensor))));
        SafetensorsWriter.Write(path, tensors, new Dictionary<string, string>(metadata) { [Key] = digest });
    }

    /// <summary>Reads all of a file and makes sure that it is what was written.</summary>
    /// <exception cref="InputException">It is not, or has no digest.</exception>
    public static void Verify(SafetensorsFile file)
    {
        if (!file.Metadata.TryGetValue(Key, out var written)) throw new InputException($"{file.Path}: is damaged: its header has no {Key}");
        var found = Of(file);
        if (found != written) throw new InputException($"{file.Path}: is damaged: its content is not what was written (SHA-256 {found[..12]}, expected {Shown.Text(written)})");
    }

    /// <summary>Reads all of a file; whether it is what was written.</summary>
    public static bool Holds(SafetensorsFile file) => file.Metadata.TryGetValue(Key, out var written) && Of(file) == written;

    static string Of(SafetensorsFile file) => Of(file.Metadata, file.Tensors.Select(tensor => (tensor.Name, (Func<Tensor>)(() => file.Read(tensor.Name)))));

    static string Of(IReadOnlyDictionary<string, string> metadata, IEnumerable<(string Name, Func<Tensor> Read)> tensors)
    {
        var text = new StringBuilder();
        foreach (var (key, value) in metadata.Where(pair => pair.Key != Key).OrderBy(pair => pair.Key, StringComparer.Ordinal))
            text.Append(key).Append('\0').Append(value).Append('\0');
        text.Append(TensorHash.Of(tensors));
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString())));
    }
}
