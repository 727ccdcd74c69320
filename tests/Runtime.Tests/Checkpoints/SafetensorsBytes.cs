using System.Buffers.Binary;
using System.Text;

namespace MmMamba.Runtime.Tests.Checkpoints;

/// <summary>Safetensors files written by hand, right and wrong.</summary>
static class SafetensorsBytes
{
    public const string OneTensor = """{"w":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""";

    public static byte[] Of(string header, int dataBytes) => Of(Encoding.UTF8.GetBytes(header), dataBytes);

    public static byte[] Of(byte[] header, int dataBytes)
    {
        var file = new byte[8 + header.Length + dataBytes];
        BinaryPrimitives.WriteInt64LittleEndian(file, header.Length);
        header.CopyTo(file, 8);
        return file;
    }
}
