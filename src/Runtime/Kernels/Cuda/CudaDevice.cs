using MmMamba.Runtime.Native;
using TorchSharp;

namespace MmMamba.Runtime.Kernels.Cuda;

/// <summary>The GPU that a thread computes on, as our own kernels need to know it.</summary>
/// <param name="Context">libtorch's context there.</param>
/// <param name="Multiprocessors">How many blocks can run side by side, each with a multiprocessor of its own.</param>
/// <param name="Capability">10 * major + minor of the architecture.</param>
/// <param name="MostShared">Bytes of shared memory that a block may ask for.</param>
/// <param name="DriverVersion">The driver's.</param>
sealed record CudaDevice(nint Context, int Multiprocessors, int Capability, int MostShared, int DriverVersion) : IKernelDevice
{
    static readonly bool AllAreAsked = Environment.GetEnvironmentVariable("MMMAMBA_UNPROVEN_KERNELS") == "1";

    /// <inheritdoc/>
    public bool RunsUnproven => AllAreAsked;

    /// <inheritdoc/>
    public IKernelModule Load(string name, IEnumerable<KernelSource> sources, IReadOnlyDictionary<string, string> constants) => new CudaModule(this, name, sources, constants);

    /// <inheritdoc/>
    public ICapturedLaunches Capture(torch.Tensor input, torch.Tensor output, Action<nint> launches) => new CapturedGraph(this, input, output, launches);

    /// <summary>The device whose context is current on this thread, as it is once libtorch has computed there; null with the reason where our kernels can't run.</summary>
    public static CudaDevice? Current(out string? reason)
    {
        reason = !Libtorch.Ensure().HasCuda || !torch.cuda.is_available() ? "there is no CUDA device"
            : !CudaDriver.TryLoad(out _) ? "CUDA's driver library is not found"
            : !Nvrtc.IsPresent ? "CUDA's run-time compiler (NVRTC) is not found"
            : null;
        if (reason is not null) return null;
        torch.InitializeDeviceType(DeviceType.CUDA);
        CudaDriver.Check(CudaDriver.cuCtxGetCurrent(out var context), "cuCtxGetCurrent");
        if (context == 0)
        {
            torch.empty(1, device: torch.CUDA).Dispose();
            CudaDriver.Check(CudaDriver.cuCtxGetCurrent(out context), "cuCtxGetCurrent");
        }
        CudaDriver.Check(CudaDriver.cuCtxGetDevice(out var device), "cuCtxGetDevice");
        CudaDriver.Check(CudaDriver.cuDriverGetVersion(out var driver), "cuDriverGetVersion");
        return new(context, Attribute(CudaDriver.MultiprocessorCount), 10 * Attribute(CudaDriver.CapabilityMajor) + Attribute(CudaDriver.CapabilityMinor), Attribute(CudaDriver.SharedOfBlock), driver);

        int Attribute(int which)
        {
            CudaDriver.Check(CudaDriver.cuDeviceGetAttribute(out var value, which, device), "cuDeviceGetAttribute");
            return value;
        }
    }
}
