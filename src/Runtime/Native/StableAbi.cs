using System.Runtime.InteropServices;

namespace MmMamba.Runtime.Native;

/// <summary>
/// The part of libtorch's stable C interface (<c>torch/csrc/stable/c/shim.h</c> and <c>aoti_torch/c/shim.h</c>) that is used here. Every
/// function returns 0 where it succeeded; otherwise libtorch has written the reason to the standard error stream.
/// </summary>
static unsafe partial class StableAbi
{
    /// <summary>The interface that calls are made with; later libtorch versions still serve it.</summary>
    public const ulong Requested = 0x020a_0000_0000_0000;

    /// <summary>The accepted versions in words, for messages.</summary>
    public const string Accepted = "libtorch 2.10 or 2.11";

    public static bool Accepts(int major, int minor) => major == 2 && minor is 10 or 11;

    /// <summary>What has to be exported by torch_cpu.</summary>
    public static readonly string[] Symbols =
    [
        nameof(aoti_torch_abi_version), nameof(torch_call_dispatcher), nameof(aoti_torch_new_tensor_handle),
        nameof(torch_new_list_reserve_size), nameof(torch_list_push_back), nameof(aoti_torch_get_data_ptr),
    ];

    const string TorchCpu = "torch_cpu";

    [LibraryImport(TorchCpu)] public static partial ulong aoti_torch_abi_version();
    [LibraryImport(TorchCpu)] public static partial int torch_call_dispatcher(byte* operation, byte* overload, ulong* stack, ulong version);
    [LibraryImport(TorchCpu)] public static partial int aoti_torch_new_tensor_handle(nint tensor, out nint copy);
    [LibraryImport(TorchCpu)] public static partial int torch_new_list_reserve_size(nuint size, out nint list);
    [LibraryImport(TorchCpu)] public static partial int torch_list_push_back(nint list, ulong value);
    [LibraryImport(TorchCpu)] private static partial int aoti_torch_get_data_ptr(nint tensor, out nint address);

    /// <summary>Where a tensor's first element lies; on a device that is the device's address.</summary>
    public static nint Address(TorchSharp.torch.Tensor tensor)
    {
        if (aoti_torch_get_data_ptr(tensor.Handle, out var address) != 0) throw new InvalidOperationException("libtorch's aoti_torch_get_data_ptr failed.");
        GC.KeepAlive(tensor);
        return address;
    }
}
