namespace MmMamba.Runtime.Data;

/// <summary>
/// Asks the turns about one mosaic. Nothing is asked that earlier turns told or that follows from them; whether a present or an absent
/// class is asked for is decided by a fair coin, and only where both can be asked, so that the coin stays fair at every turn.
/// </summary>
ref struct Interview
{
    /// <summary>Share of absent classes that are asked for because they look like one that is there.</summary>
    public const double AdversarialShare = 0.5;

    /// <summary>How often a class that isn't there is counted, where one that occurs k times has weight 1 for each different k.</summary>
    const double ZeroWeight = 0.5;

    readonly Mosaic _mosaic;
    readonly IReadOnlyList<string> _classes;
    readonly int[][] _lookAlikes;
    readonly string _letters;
    readonly Knowledge _told;
    readonly int[] _counts;
    readonly ref DataRandom _random;

    Interview(Mosaic mosaic, IReadOnlyList<string> classes, int[][] lookAlikes, string letters, ref DataRandom random)
    {
        (_mosaic, _classes, _lookAlikes, _letters) = (mosaic, classes, lookAlikes, letters);
        _told = new(mosaic, classes.Count);
        _counts = new int[classes.Count];
        foreach (var cell in mosaic.Cells) _counts[cell.Class]++;
        _random = ref random;
    }

    /// <summary>Up to <see cref="MosaicOptions.Turns"/> turns, at least one.</summary>
    public static Turn[] Hold(
        Mosaic mosaic, IReadOnlyList<string> classes, int[][] lookAlikes, MosaicOptions options, ref DataRandom random)
    {
        var interview = new Interview(mosaic, classes, lookAlikes, options.Letters, ref random);
        var turns = new List<Turn>(options.Turns);
        Span<double> weights = stackalloc double[options.Kinds.Count];
        while (turns.Count < options.Turns)
        {
            for (var i = 0; i < weights.Length; i++) weights[i] = options.Kinds[i].Weight;
            Turn? turn = null;
            while (turn is null && weights.ContainsAnyExcept(0.0))
            {
                var kind = random.Weighted(weights);
                turn = interview.Ask(options.Kinds[kind].Kind);
                weights[kind] = 0;
            }
            if (turn is null) break;
            turns.Add(turns.Count == 0 ? turn with { Question = $"{Conversation.ImagePlace}\n{turn.Question}" } : turn);
        }
        return [.. turns];
    }

    // Null when nothing of the kind is left to ask.
    Turn? Ask(string kind) => kind switch
    {
        QuestionKinds.Present => AskPresent(),
        QuestionKinds.At => AskAt(),
        QuestionKinds.Beside => _mosaic.Side == 1 ? null : AskBeside(),
        QuestionKinds.Count => _mosaic.Side == 1 ? null : AskCount(),
        QuestionKinds.Tag => _mosaic.Side == 1 ? null : AskTag(),
        QuestionKinds.Tagged => _mosaic.Side == 1 ? null : AskTagged(),
        QuestionKinds.Where => _mosaic.Side == 1 ? null : AskWhere(),
        QuestionKinds.Mark => _mosaic.Side == 1 ? null : AskMark(),
        QuestionKinds.Pairs => _mosaic.Side == 1 ? null : AskPairs(),
        _ => AskChoice(),
    };

    Turn? AskPresent()
    {
        var (present, absent) = (new List<int>(), new List<int>());
        for (var c = 0; c < _classes.Count; c++)
            if (!_told.KnowsPresence(c)) (_counts[c] > 0 ? present : absent).Add(c);
        if (present.Count == 0 || absent.Count == 0) return null;
        var yes = _random.Chance(0.5);
        var asked = yes ? OneOf(present) : _random.Chance(AdversarialShare) ? LookAlike(absent) : OneOf(absent);
        _told.TellPresence(asked);
        return new(Questions.Present(_classes[asked]), yes ? Questions.Yes : Questions.No, QuestionKinds.Present);
    }

    // The absent class that looks most like the class of a random cell.
    int LookAlike(List<int> absent)
    {
        var like = _mosaic.Cells[_random.Next(_mosaic.Cells.Count)].Class;
        return _lookAlikes[like].First(absent.Contains);
    }

    Turn? AskAt()
    {
        if (OpenCell() is not { } cell) return null;
        _told.TellCell(cell);
        return new(Questions.At(_mosaic.Side, cell), ClassAt(cell), QuestionKinds.At);
    }

    Turn? AskBeside()
    {
        if (OpenCell() is not { } cell) return null;
        _told.TellCell(cell);
        return new(Questions.Beside(_mosaic.Cells[cell].Tag!.Value), ClassAt(cell), QuestionKinds.Beside);
    }

    // Tells nothing about classes, so that the cell may be asked for afterwards.
    Turn AskTag()
    {
        var cell = _random.Next(_mosaic.Cells.Count);
        return new(Questions.Tag(_mosaic.Side, cell), _mosaic.Cells[cell].Tag!.Value.ToString(), QuestionKinds.Tag);
    }

    // A letter of the mosaic, or one of the others if there are any.
    Turn? AskTagged()
    {
        var absent = new List<char>(_letters);
        foreach (var cell in _mosaic.Cells) absent.Remove(cell.Tag!.Value);
        if (absent.Count == 0) return null;
        var there = _random.Chance(0.5);
        var tag = there ? _mosaic.Cells[_random.Next(_mosaic.Cells.Count)].Tag!.Value : absent[_random.Next(absent.Count)];
        return new(Questions.Tagged(tag), there ? Questions.Yes : Questions.No, QuestionKinds.Tagged);
    }

    // Where a block is one cell; tells nothing about classes either.
    Turn? AskWhere()
    {
        var cell = _random.Next(_mosaic.Cells.Count);
        var tag = _mosaic.Cells[cell].Tag!.Value;
        return _mosaic.Cells.Count(other => other.Tag == tag) > 1
            ? null
            : new(Questions.Where(tag), Questions.Place(_mosaic.Side, cell), QuestionKinds.Where);
    }

    // An open cell whose class no other block carries.
    Turn? AskMark()
    {
        if (OpenCell() is not { } cell) return null;
        var asked = _mosaic.Cells[cell];
        if (_mosaic.Cells.Any(other => other.Class == asked.Class && other.Block != asked.Block)) return null;
        _told.TellCell(cell);
        return new(Questions.Mark(_classes[asked.Class]), asked.Tag!.Value.ToString(), QuestionKinds.Mark);
    }

    // The alphabet's order has nothing to do with places: what is said after a tag has to be found by that tag. Nothing is open afterwards.
    Turn? AskPairs()
    {
        if (OpenCell() is null) return null;
        var pairs = new SortedDictionary<char, string>();
        for (var i = 0; i < _mosaic.Cells.Count; i++)
        {
            pairs[_mosaic.Cells[i].Tag!.Value] = ClassAt(i);
            _told.TellCell(i);
        }
        return new(Questions.Pairs, string.Join(' ', pairs.Select(pair => $"{pair.Key} {pair.Value}")), QuestionKinds.Pairs);
    }

    Turn? AskCount()
    {
        var byCount = new SortedDictionary<int, List<int>>();
        for (var c = 0; c < _classes.Count; c++)
            if (_counts[c] <= 9 && !_told.KnowsCount(c))
            {
                if (!byCount.TryGetValue(_counts[c], out var list)) byCount.Add(_counts[c], list = []);
                list.Add(c);
            }
        if (byCount.Count == 0) return null;
        int[] counts = [.. byCount.Keys];
        double[] weights = [.. counts.Select(count => count == 0 ? ZeroWeight : 1)];
        var count = counts[_random.Weighted(weights)];
        var asked = OneOf(byCount[count]);
        _told.TellCount(asked);
        return new(Questions.Count(_classes[asked]), ((char)('0' + count)).ToString(), QuestionKinds.Count);
    }

    // Wrong options are classes that the cell may carry for all that was told, half of the time one of them is in the mosaic.
    Turn? AskChoice()
    {
        if (OpenCell() is not { } cell) return null;
        var right = _mosaic.Cells[cell].Class;
        var wrong = new List<int>(_told.Candidates(cell));
        wrong.Remove(right);
        if (wrong.Count < Questions.OptionLetters.Length - 1) return null;
        var here = new List<int>();
        foreach (var c in wrong)
            if (_counts[c] > 0) here.Add(c);
        var first = OneOf(here.Count > 0 && _random.Chance(0.5) ? here : wrong);
        wrong.Remove(first);
        int[] options = [right, first, OneOf(wrong)];
        _random.Shuffle<int>(options);
        _told.TellCell(cell);
        var classes = _classes;
        return new(Questions.Choice(_mosaic.Side, cell, [.. options.Select(option => classes[option])]),
            Questions.OptionLetters[Array.IndexOf(options, right)].ToString(), QuestionKinds.Choice);
    }

    // A cell whose class doesn't follow from what was told.
    int? OpenCell()
    {
        Span<int> open = stackalloc int[_mosaic.Cells.Count];
        var count = 0;
        for (var i = 0; i < _mosaic.Cells.Count; i++)
            if (_told.IsOpen(i)) open[count++] = i;
        return count == 0 ? null : open[_random.Next(count)];
    }

    int OneOf(List<int> items) => items[_random.Next(items.Count)];

    string ClassAt(int cell) => _classes[_mosaic.Cells[cell].Class];
}
