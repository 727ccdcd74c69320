using MmMamba.Cli.Reports;
using MmMamba.Runtime.Native;
using TorchSharp;

namespace MmMamba.Cli.Tests.Reports;

/// <summary>What is done without kernels of our own is said, once, and only where a GPU was asked for.</summary>
public sealed class NoticeTests
{
    static string Said(DeviceType device, params string?[] paths)
    {
        using var error = new StringWriter();
        foreach (var path in paths) Notice.OfDecoding(error, device, path);
        return error.ToString();
    }

    [Fact]
    public void A_reason_is_said_once()
    {
        Assert.Equal($"mmmamba: single tokens are read by plain operations: first{Environment.NewLine}", Said(DeviceType.CUDA, "plain operations: first", "plain operations: first"));
        Assert.Equal("", Said(DeviceType.CUDA, "plain operations: first"));
        Assert.NotEqual("", Said(DeviceType.CUDA, "plain operations: second"));
    }

    [Theory]
    [InlineData(DeviceType.CUDA, "captured CUDA graph")]
    [InlineData(DeviceType.CUDA, null)]
    [InlineData(DeviceType.CPU, "plain operations: the model is not on a GPU")]
    public void What_nobody_asked_for_is_not_said(DeviceType device, string? path) => Assert.Equal("", Said(device, path));

    [Fact]
    public void The_machine_says_what_it_lacks() =>
        Assert.Equal(torch.cuda.is_available(), GpuKernels.Missing is null or "CUDA's run-time compiler (NVRTC) is not found");
}
