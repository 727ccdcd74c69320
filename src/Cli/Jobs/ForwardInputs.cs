using MmMamba.ModelDsl.Binding;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Native;
using MmMamba.Runtime.Plans;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Cli.Jobs;

/// <summary>What a forward pass reads, as a safetensors file holds it. Everything is checked against the model before its weights are read.</summary>
sealed class ForwardInputs
{
    const string Ids = "input_ids", Pixels = "pixel_values", Positions = "position_ids", Mask = "attention_mask";

    static readonly string[] Names = [Ids, Pixels, Positions, Mask];

    readonly SafetensorsFile _file;

    ForwardInputs(SafetensorsFile file) => _file = file;

    /// <summary>Reads the tensors of a file. What else it holds is told on the standard error stream.</summary>
    /// <exception cref="InputException">A tensor is missing, misspelled, of another type or shape, or doesn't fit the model or the others.</exception>
    public static ModelInput Read(string path, ModelPlan plan)
    {
        using var file = SafetensorsFile.Open(path);
        return new ForwardInputs(file).Read(plan);
    }

    ModelInput Read(ModelPlan plan)
    {
        var others = _file.Tensors.Select(tensor => tensor.Name).Except(Names).ToList();
        foreach (var name in others)
            if (Suggestion.Nearest(name, Names) is { } near && _file.Find(near) is null)
                throw Refused($"{Quoted(name)} is no input; did you mean {near}?");
        if (_file.Find(Ids) is null) throw Refused($"there is no tensor {Ids}; it holds the token ids, int64 (batch, tokens)");
        if (others.Count > 0) Console.Error.WriteLine(Reports.Printable.Line($"mmmamba: {_file.Path}: not read: {string.Join(", ", others.Select(Quoted))}"));

        var ids = Take(Ids, "int64 (batch, tokens), at least one of each", (type, shape) => type == ScalarType.Int64 && shape is [> 0, > 0])!;
        var shape = $"({ids.shape[0]}, {ids.shape[1]})";
        var pixels = Take(Pixels, "float32 (tiles, 3, height, width)", (type, extents) => type == ScalarType.Float32 && extents is [_, 3, > 0, > 0]);
        var positions = Take(Positions, $"int64 {shape}, as {Ids}", (type, extents) => type == ScalarType.Int64 && extents.SequenceEqual(ids.shape));
        var mask = Take(Mask, $"int64, int32, uint8 or bool {shape}, as {Ids}", (type, extents) =>
            type is ScalarType.Int64 or ScalarType.Int32 or ScalarType.Byte or ScalarType.Bool && extents.SequenceEqual(ids.shape));

        CheckIds(ids, plan.Tokens);
        CheckTiles(ids, pixels, plan);
        if (positions is not null && positions.min().item<long>() is < 0 and var least) throw Refused($"{Positions} holds {least}; positions count from 0");
        if (mask is not null) CheckMask(mask);
        return new(ids, pixels, mask?.to(ScalarType.Bool), positions);
    }

    Tensor? Take(string name, string expected, Func<ScalarType, long[], bool> fits)
    {
        if (_file.Find(name) is not { } found) return null;
        var shape = found.Shape.ToArray();
        if (!fits(found.Type, shape)) throw Refused($"{name} is {Dtypes.NameOf(found.Type)} ({string.Join(", ", shape)}); expected {expected}");
        return _file.Read(name);
    }

    void CheckIds(Tensor ids, TokenPlan tokens)
    {
        var (least, greatest) = (ids.min().item<long>(), ids.max().item<long>());
        if (least >= 0 && greatest < tokens.Vocab) return;
        var wrong = least < 0 ? least : greatest;
        var place = ids.eq(HeldNumber.Of(wrong)).nonzero()[0].data<long>().ToArray();
        throw Refused($"{Ids} holds {wrong} at ({place[0]}, {place[1]}); the vocabulary has the ids 0 to {tokens.Vocab - 1}");
    }

    void CheckTiles(Tensor ids, Tensor? pixels, ModelPlan plan)
    {
        var imageTokens = ids.eq(HeldNumber.Of(plan.Tokens.Image)).sum().item<long>();
        var which = $"{imageTokens} image token{(imageTokens == 1 ? "" : "s")} (id {plan.Tokens.Image})";
        if (pixels is null)
        {
            if (imageTokens > 0) throw Refused($"{Ids} holds {which}, and there is no {Pixels}; give the tiles");
            return;
        }
        var (tiles, height, width) = (pixels.shape[0], pixels.shape[2], pixels.shape[3]);
        var token = (long)(plan.Vision.Patch / plan.Vision.PixelShuffle);
        if (height % token != 0 || width % token != 0)
            throw Refused($"{Pixels} has tiles of {height} x {width} pixels; the model makes a token of {token} x {token}, so that both sides are multiples of {token}");
        var each = height / token * (width / token);
        if (tiles * each != imageTokens)
            throw Refused($"{Pixels} has {tiles} tile{(tiles == 1 ? "" : "s")} of {each} tokens, {tiles * each} in all, and {Ids} holds {which}; their numbers must be equal");
        if (tiles > 0 && !pixels.isfinite().all().item<bool>()) throw Refused($"{Pixels} holds a value that is no finite number");
    }

    void CheckMask(Tensor mask)
    {
        if (!mask.eq(HeldNumber.Of(0)).logical_or(mask.eq(HeldNumber.Of(1))).all().item<bool>()) throw Refused($"{Mask} holds another value than 1, for a token, and 0, for a pad");
        var empty = mask.ne(HeldNumber.Of(0)).any(1).logical_not().nonzero();
        if (empty.shape[0] > 0) throw Refused($"{Mask} has only pads in row {empty[0, 0].item<long>()}; a sequence has at least one token");
    }

    InputException Refused(string what) => new($"{_file.Path}: {what}.");

    static string Quoted(string name) => $"'{name}'";
}
