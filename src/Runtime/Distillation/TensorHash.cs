using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using MmMamba.Runtime.Checkpoints;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Distillation;

/// <summary>An identity of tensors by content: the same on every device, and free of files and their layouts.</summary>
public static class TensorHash
{
    /// <summary>SHA-256, in hex, over name, type, shape and bytes of every tensor in order of name.</summary>
    public static string Of(IEnumerable<(string Name, Tensor Tensor)> tensors) =>
        Of(tensors.Select(entry => (entry.Name, (Func<Tensor>)(() => entry.Tensor))));

    /// <summary>The same of tensors that are made one after the other, each held only while it is read.</summary>
    public static string Of(IEnumerable<(string Name, Func<Tensor> Read)> tensors)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        using var noGrad = no_grad();
        foreach (var (name, read) in tensors.OrderBy(entry => entry.Name, StringComparer.Ordinal))
        {
            using var scope = NewDisposeScope();
            var tensor = read();
            var shape = string.Join(',', tensor.shape.Select(extent => extent.ToString(CultureInfo.InvariantCulture)));
            hash.AppendData(Encoding.UTF8.GetBytes($"{name}\0{tensor.dtype}\0{shape}\0"));
            TensorBytes.ForEachBlock(tensor.detach().cpu().contiguous(), block => hash.AppendData(block));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
