using MmMamba.Runtime.Kernels.Cuda;

namespace MmMamba.Runtime.Native;

/// <summary>Kernels of our own, which a GPU runs beside libtorch's.</summary>
public static class GpuKernels
{
    /// <summary>
    /// Why this machine can't run them, such as <c>CUDA's run-time compiler (NVRTC) is not found</c>; null where it can. Models compute without them too, by plain operations.
    /// </summary>
    /// <exception cref="InputException">There is no libtorch that fits.</exception>
    public static string? Missing
    {
        get
        {
            _ = CudaDevice.Current(out var reason);
            return reason;
        }
    }

    /// <summary>
    /// Told, with the reason, that some of them can't be had where the others can, such as those that do not compile with a model's dimensions; plain operations take their place. On the thread that asked for them.
    /// </summary>
    public static event Action<string>? Failed;

    internal static void Tell(string why) => Failed?.Invoke(why);
}
