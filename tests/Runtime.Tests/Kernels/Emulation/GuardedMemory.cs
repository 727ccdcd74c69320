using System.Runtime.InteropServices;
using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Native;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels.Emulation;

/// <summary>
/// The tensors of a launch, copied to memory with guards around them: what is read there is no number, and what is written there is found. Tensors that overlap are
/// copied as one.
/// </summary>
sealed class GuardedMemory
{
    const int Guards = 4096, Alignment = 256;
    const byte Mark = 0xff;

    readonly List<Range> _ranges;
    readonly (nint Address, int Range)?[] _arguments;

    GuardedMemory(List<Range> ranges, (nint, int)?[] arguments) => (_ranges, _arguments) = (ranges, arguments);

    public static GuardedMemory Of(ReadOnlySpan<KernelArgument> arguments)
    {
        var spans = new (nint From, nint To)?[arguments.Length];
        for (var i = 0; i < arguments.Length; i++)
            if (arguments[i].Tensor is { } tensor && tensor.numel() > 0) spans[i] = Span(tensor);
        var ranges = new List<Range>();
        foreach (var (from, to) in spans.OfType<(nint From, nint To)>().Order())
        {
            if (ranges.Count > 0 && from < ranges[^1].To) ranges[^1].To = Math.Max(to, ranges[^1].To);
            else ranges.Add(new() { From = from, To = to });
        }
        return new(ranges, [.. spans.Select(span => span is var (from, _) ? (from, ranges.FindIndex(range => range.From <= from && from < range.To)) : ((nint, int)?)null)]);
    }

    /// <summary>Copies the tensors, with guards around.</summary>
    public void Guard()
    {
        foreach (var range in _ranges)
        {
            var size = (int)(range.To - range.From);
            range.Memory = Marshal.AllocHGlobal(size + 2 * Guards + Alignment);
            // As it lies now, up to a multiple that no load asks more than.
            range.Copy = (range.Memory + Guards + Alignment - 1) / Alignment * Alignment + range.From % Alignment % 64;
            Bytes(range.Memory, size + 2 * Guards + Alignment).Fill(Mark);
            Bytes(range.From, size).CopyTo(Bytes(range.Copy, size));
        }
    }

    /// <summary>Where an argument's copy lies; null where it is no tensor.</summary>
    public nint? AddressOf(int argument) =>
        _arguments[argument] is var (address, range) ? _ranges[range].Copy + (address - _ranges[range].From) : null;

    /// <summary>Copies back what has changed.</summary>
    /// <returns>An argument outside of which was written; null where none is.</returns>
    public int? Return()
    {
        for (var i = 0; i < _ranges.Count; i++)
        {
            var (range, size) = (_ranges[i], (int)(_ranges[i].To - _ranges[i].From));
            var before = Bytes(range.Memory, (int)(range.Copy - range.Memory));
            var after = Bytes(range.Copy + size, (int)(range.Memory + size + 2 * Guards + Alignment - range.Copy - size));
            if (before.ContainsAnyExcept(Mark) || after.ContainsAnyExcept(Mark)) return Array.FindIndex(_arguments, argument => argument?.Range == i);
        }
        foreach (var range in _ranges)
        {
            var size = (int)(range.To - range.From);
            // What is only read may lie in memory that can't be written.
            if (!Bytes(range.Copy, size).SequenceEqual(Bytes(range.From, size))) Bytes(range.Copy, size).CopyTo(Bytes(range.From, size));
        }
        return null;
    }

    /// <summary>Frees the copies.</summary>
    public void Free()
    {
        foreach (var range in _ranges)
        {
            Marshal.FreeHGlobal(range.Memory);
            range.Memory = 0;
        }
    }

    static (nint From, nint To) Span(Tensor tensor)
    {
        var elements = 1 + tensor.shape.Zip(tensor.stride(), (size, stride) => (size - 1) * stride).Sum();
        var from = StableAbi.Address(tensor);
        return (from, from + (nint)(elements * tensor.element_size()));
    }

    static unsafe Span<byte> Bytes(nint address, int count) => new((void*)address, count);

    sealed class Range
    {
        public nint From, To, Memory, Copy;
    }
}
