using MmMamba.Runtime.Kernels;
using MmMamba.Runtime.Native;
using MmMamba.Runtime.Plans;
using TorchSharp;
using TorchSharp.Modules;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Layers;

/// <summary>Tiles to visual tokens: patches by a convolution, learned positions, patches merged into tokens, a projector.</summary>
public sealed class VisionEmbedding
{
    readonly VisionPlan _plan;
    readonly Parameter _patchWeight, _patchBias, _positions, _projectorWeight0, _projectorBias0, _projectorWeight2, _projectorBias2;
    readonly int _merge;

    internal VisionEmbedding(VisionPlan plan, IReadOnlyDictionary<string, Parameter> tensors)
    {
        _plan = plan;
        _merge = (int)Math.Round(1 / plan.PixelShuffle);
        Parameter Of(string name) => tensors.TryGetValue("embedding_model." + name, out var found)
            ? found
            : throw new InputException($"The plan has no tensor 'embedding_model.{name}', which images need. Resolve the spec again.");
        (_patchWeight, _patchBias) = (Of("vision_embeddings.patch_embedding.weight"), Of("vision_embeddings.patch_embedding.bias"));
        _positions = Of("vision_embeddings.position_embedding");
        (_projectorWeight0, _projectorBias0) = (Of("pixel_shuffle_proj.0.weight"), Of("pixel_shuffle_proj.0.bias"));
        (_projectorWeight2, _projectorBias2) = (Of("pixel_shuffle_proj.2.weight"), Of("pixel_shuffle_proj.2.bias"));
    }

    /// <param name="pixels">Normalised tiles (n, 3, height, width).</param>
    /// <returns>Visual tokens (n, tokens a tile, H), row by row.</returns>
    public Tensor Forward(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        return Project(Merge(Patches(pixels))).MoveToOuterDisposeScope();
    }

    /// <summary>Patches with their positions (n, rows, columns, H).</summary>
    internal Tensor Patches(Tensor pixels)
    {
        using var scope = NewDisposeScope();
        var (height, width) = (pixels.shape[2], pixels.shape[3]);
        var side = (long)_plan.Patch * _merge;
        if (pixels.shape[1] != 3 || height % side != 0 || width % side != 0)
            throw new InputException($"Tiles are {string.Join('x', pixels.shape)}; expected (tiles, 3, height, width) with sides that are multiples of {side}.");
        var patches = Work.Patches("vision.patch", pixels.to(_patchWeight.dtype), _patchWeight, _patchBias, _plan.Patch)
            .permute(0, 2, 3, 1);
        return patches.Plus(Positions(patches.shape[1], patches.shape[2])).MoveToOuterDisposeScope();
    }

    // Row 0 of the table is the class position, which no patch has. Another grid than the table's is interpolated.
    Tensor Positions(long rows, long columns)
    {
        var side = (long)_plan.Image / _plan.Patch;
        var table = _positions.narrow(1, 1, side * side).view(1, side, side, -1);
        if (rows == side && columns == side) return table;
        return nn.functional.interpolate(
                table.permute(0, 3, 1, 2).to(ScalarType.Float32), size: [rows, columns], mode: InterpolationMode.Bicubic, align_corners: false)
            .permute(0, 2, 3, 1).to(_positions.dtype);
    }

    /// <summary>Squares of patches become tokens (n, tokens, merge * merge * H), their channels one patch after the other, row by row.</summary>
    internal Tensor Merge(Tensor patches)
    {
        using var scope = NewDisposeScope();
        var (tiles, rows, columns, hidden) = (patches.shape[0], patches.shape[1] / _merge, patches.shape[2] / _merge, patches.shape[3]);
        return patches.reshape(tiles, rows, _merge, columns, _merge, hidden).permute(0, 1, 3, 2, 4, 5)
            .reshape(tiles, rows * columns, _merge * _merge * hidden).MoveToOuterDisposeScope();
    }

    /// <summary>The projector: two linear layers around an exact GELU; (n, tokens, merge * merge * H) to (n, tokens, H).</summary>
    internal Tensor Project(Tensor merged)
    {
        using var scope = NewDisposeScope();
        var inner = nn.functional.gelu(Work.Linear("projector.0", merged, _projectorWeight0, _projectorBias0));
        return Work.Linear("projector.2", inner, _projectorWeight2, _projectorBias2).MoveToOuterDisposeScope();
    }
}
