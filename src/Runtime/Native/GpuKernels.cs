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
}
