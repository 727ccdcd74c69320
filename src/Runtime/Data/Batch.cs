using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Data;

/// <summary>Conversations side by side. The batch owns its tensors: no dispose scope frees them, <see cref="Dispose"/> does.</summary>
/// <param name="Input">
/// Ids (B, T), padded on the right with id 0; tiles of all conversations in order, null when there are none; a mask (B, T) where rows
/// differ in length.
/// </param>
/// <param name="Items">The conversations, one a row.</param>
public sealed record Batch(ModelInput Input, IReadOnlyList<EncodedConversation> Items) : IDisposable
{
    /// <summary>What shorter rows are filled with.</summary>
    public const int Padding = 0;

    /// <summary>Why conversations that were meant to stand here could not be read, a sentence each.</summary>
    public IReadOnlyList<string> Unreadable { get; init; } = [];

    /// <summary>Puts conversations side by side, on the CPU.</summary>
    /// <param name="items">At least one conversation.</param>
    /// <param name="side">Side of a tile, pixels.</param>
    public static Batch Of(IReadOnlyList<EncodedConversation> items, int side)
    {
        var width = items.Max(item => item.Ids.Length);
        var ids = new long[items.Count * width];
        var mask = new bool[items.Count * width];
        for (var row = 0; row < items.Count; row++)
        {
            var values = items[row].Ids;
            for (var i = 0; i < values.Length; i++) ids[row * width + i] = values[i];
            mask.AsSpan(row * width, values.Length).Fill(true);
        }
        var input = new ModelInput(
            Owned(tensor(ids, [items.Count, width])),
            Pixels(items, side),
            mask.AsSpan().Contains(false) ? Owned(tensor(mask, [items.Count, width])) : null);
        return new(input, items);
    }

    /// <summary>Bytes of its tensors.</summary>
    public long Bytes => ((Tensor?[])[Input.InputIds, Input.PixelValues, Input.AttentionMask]).Sum(tensor => tensor is null ? 0 : tensor.numel() * tensor.element_size());

    /// <summary>The same batch on a device; this one is disposed unless it is there already.</summary>
    public Batch MoveTo(Device device)
    {
        var here = Input.InputIds.device;
        if (here.type == device.type && (here.type == DeviceType.CPU || here.index == device.index)) return this;
        using (this)
        using (var scope = NewDisposeScope())
        {
            var moved = new ModelInput(Input.InputIds.to(device), Input.PixelValues?.to(device), Input.AttentionMask?.to(device));
            foreach (var tensor in (Tensor?[])[moved.InputIds, moved.PixelValues, moved.AttentionMask])
                if (tensor is not null) Owned(tensor);
            return new(moved, Items) { Unreadable = Unreadable };
        }
    }

    /// <summary>Frees the tensors.</summary>
    public void Dispose()
    {
        Input.InputIds.Dispose();
        Input.PixelValues?.Dispose();
        Input.AttentionMask?.Dispose();
    }

    static Tensor? Pixels(IReadOnlyList<EncodedConversation> items, int side)
    {
        var tiles = items.Sum(item => (long)item.Tiles);
        if (tiles == 0) return null;
        var pixels = Owned(empty([tiles, 3, side, side], dtype: ScalarType.Float32, device: CPU));
        var at = 0L;
        foreach (var item in items)
        {
            if (item.Tiles == 0) continue;
            using var target = pixels.narrow(0, at, item.Tiles);
            item.Pixels.CopyTo(MemoryMarshal.Cast<byte, float>(target.bytes));
            at += item.Tiles;
        }
        return pixels;
    }

    static Tensor Owned(Tensor tensor) => tensor.DetachFromDisposeScope();
}
