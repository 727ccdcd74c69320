using MmMamba.Runtime.Native;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests;

/// <summary>
/// Where a test computes. A test class that holds on every device is abstract and takes one; two classes of it, <c>...OnCpu</c> and
/// <c>...OnCuda</c>, run it. Without a GPU those of the second kind are skipped and say so.
/// </summary>
public static class TestDevice
{
    public static Device Cpu => CPU;

    public static Device Cuda
    {
        get
        {
            Assert.SkipUnless(Libtorch.Ensure().HasCuda && cuda.is_available(), "there is no CUDA device here");
            InitializeDeviceType(DeviceType.CUDA);
            backends.cudnn.allow_tf32 = false; // a convolution would else round its inputs to 10 bits
            return CUDA;
        }
    }
}
