namespace MmMamba.Runtime.Data;

/// <param name="Side">Cells a row and a column; 1 is a single picture.</param>
/// <param name="Weight">How often, relative to the other grids.</param>
public readonly record struct GridWeight(int Side, double Weight);

/// <param name="Kind">One of <see cref="QuestionKinds"/>.</param>
/// <param name="Weight">How often, relative to the other kinds.</param>
public readonly record struct KindWeight(string Kind, double Weight);

/// <summary>What mosaics look like and what is asked about them.</summary>
public sealed record MosaicOptions
{
    /// <summary>Side of the canvas, pixels, 32 to 1024.</summary>
    public int Canvas { get; init; } = 128;

    /// <summary>
    /// Side of a cell, pixels, 8 to a quarter of the canvas: every grid begins in the upper left corner and the rest of the canvas is left
    /// grey, so that a picture looks the same in every grid. Null divides the whole canvas among a grid's cells.
    /// </summary>
    public int? Cell { get; init; }

    /// <summary>The grids, 1 x 1 to 4 x 4.</summary>
    public IReadOnlyList<GridWeight> Grids { get; init; } = [new(1, 1), new(2, 2), new(3, 3), new(4, 4)];

    /// <summary>Most turns about one picture, at least 1. There are fewer when nothing is left to ask that isn't given away.</summary>
    public int Turns { get; init; } = 5;

    /// <summary>The kinds of questions.</summary>
    public IReadOnlyList<KindWeight> Kinds { get; init; } = [.. QuestionKinds.All.Select(kind => new KindWeight(kind, 1))];

    /// <summary>
    /// Share of coarse mosaics, 0 to 1: all cells of a row, of a column or of a half carry one class and one tag. They let a teacher
    /// learn early to look at a place and to bind a tag; they are for training only.
    /// </summary>
    public double Coarse { get; init; }

    /// <summary>
    /// Share of mosaics, 0 to 1, whose cells (or blocks) all carry different classes, as far as there are enough: naming a class that was seen
    /// anywhere is worth little there. They are for training only.
    /// </summary>
    public double Distinct { get; init; }

    /// <summary>Whether pictures are mirrored at random (where their class allows it) and shifted by up to a sixteenth of a cell.</summary>
    public bool Augment { get; init; }

    /// <summary>Letters that tags are drawn from, at least 16; without those that look alike in a small font.</summary>
    public string Letters { get; init; } = "ABCDEFGHJKLMNPRSTUVWXYZ";

    internal void Validate()
    {
        Require(Canvas is >= 32 and <= 1024, "the canvas is 32 to 1024 pixels wide", Canvas);
        Require(Cell is null || (Cell >= 8 && Cell <= Canvas / 4), "cells are 8 pixels to a quarter of the canvas wide", Cell);
        Require(Turns >= 1, "at least one turn is asked", Turns);
        Require(Coarse is >= 0 and <= 1, "the share of coarse mosaics lies from 0 to 1", Coarse);
        Require(Distinct is >= 0 and <= 1, "the share of mosaics of different classes lies from 0 to 1", Distinct);
        Require(Letters.Length >= 16 && Letters.All(char.IsAsciiLetterUpper) && Letters.Distinct().Count() == Letters.Length,
            "tags need at least 16 different capital letters", Letters);
        Require(Grids.Count > 0 && Grids.Sum(grid => grid.Weight) > 0, "one grid at least needs a weight above 0", Grids.Count);
        foreach (var grid in Grids)
            Require(grid.Side is >= 1 and <= 4 && double.IsFinite(grid.Weight) && grid.Weight >= 0,
                "grids are 1 to 4 cells wide, with weights of at least 0", grid);
        foreach (var kind in Kinds)
            Require(QuestionKinds.Taught.Contains(kind.Kind) && double.IsFinite(kind.Weight) && kind.Weight >= 0,
                $"kinds are {string.Join(", ", QuestionKinds.Taught)}, with weights of at least 0", kind);
        Require(Kinds.Sum(kind => kind.Weight) > 0, "one kind at least needs a weight above 0", Kinds.Count);
        var single = Grids.Any(grid => grid is { Side: 1, Weight: > 0 });
        Require(!single || Kinds.Any(kind => kind is { Weight: > 0, Kind: QuestionKinds.Present or QuestionKinds.At or QuestionKinds.Choice }),
            $"single pictures need one of the kinds {QuestionKinds.Present}, {QuestionKinds.At}, {QuestionKinds.Choice}", Kinds.Count);
    }

    static void Require<T>(bool holds, string expected, T found)
    {
        if (!holds) throw new InputException(FormattableString.Invariant($"mosaics: {expected}; found {found}."));
    }
}
