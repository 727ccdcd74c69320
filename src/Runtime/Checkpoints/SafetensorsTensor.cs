using MmMamba.Runtime.Plans;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Checkpoints;

/// <summary>One tensor as a safetensors header describes it.</summary>
/// <param name="Name">Its name, unique in the file.</param>
/// <param name="Type">Type of its elements.</param>
/// <param name="Shape">Extents, slowest first; empty for a scalar.</param>
/// <param name="Offset">First byte, counted from the start of the file.</param>
/// <param name="ByteCount">Bytes: the product of the shape times the element's size.</param>
public sealed record SafetensorsTensor(string Name, ScalarType Type, PlanList<long> Shape, long Offset, long ByteCount);
