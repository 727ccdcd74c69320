using System.Globalization;
using MmMamba.Cli.Reports;
using MmMamba.Runtime;
using MmMamba.Runtime.Native;
using TorchSharp;

namespace MmMamba.Cli.Jobs;

/// <summary>Where a job computes, as one says it on the command line.</summary>
static class Compute
{
    /// <summary>The device of a name, and the number of CPU threads set.</summary>
    /// <param name="device"><c>cpu</c> or <c>cuda</c>.</param>
    /// <param name="threads">CPU threads; 0 leaves libtorch its own choice.</param>
    /// <exception cref="InputException">There is no such device here.</exception>
    public static torch.Device Use(string device, int threads)
    {
        var libtorch = Libtorch.Ensure();
        if (threads > 0) torch.set_num_threads(threads);
        if (device == "cpu") return torch.CPU;
        if (!libtorch.HasCuda || !torch.cuda.is_available())
            throw new InputException($"there is no CUDA device: libtorch {libtorch.Version} in {libtorch.Folder} {(libtorch.HasCuda ? "finds none" : "is built for the CPU")}. Use --device cpu, or name a CUDA libtorch in {Libtorch.Variable}.");
        torch.InitializeDeviceType(DeviceType.CUDA);
        torch.backends.cudnn.allow_tf32 = false; // float32 is float32: a convolution would else round its inputs to 10 bits
        Notice.OfKernels(torch.CUDA);
        return torch.CUDA;
    }

    /// <summary>One line on what computes.</summary>
    public static string Describe(torch.Device device)
    {
        var libtorch = Libtorch.Ensure();
        return string.Create(CultureInfo.InvariantCulture, $"libtorch {libtorch.Version} from {libtorch.Folder}, {device.type.ToString().ToLowerInvariant()}, {torch.get_num_threads()} threads");
    }
}
