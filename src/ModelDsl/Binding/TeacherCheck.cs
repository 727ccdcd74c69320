using System.Globalization;
using MmMamba.ModelDsl.Mixers;
using MmMamba.ModelDsl.Specs;
using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>Holds a student against its teacher: whatever is copied or sliced must have the same shape on both sides.</summary>
static class TeacherCheck
{
    /// <param name="teacher">The teacher's spec; null where it has errors.</param>
    /// <param name="file">The teacher's file; null where no model has the name.</param>
    /// <param name="instead">What to write for a name that no model has.</param>
    public static void Check(Scope scope, ModelSpec student, string name, ModelSpec? teacher, string? file, Func<string, string> instead)
    {
        var place = scope.Merged.Get("teacher");
        if (file is null) scope.Report(Diagnostics.UnknownTeacher, place, Quote.Of(name), instead(name));
        else if (teacher is null) scope.Report(Diagnostics.BrokenTeacher, place, Quote.Of(name), file);
        else if (teacher.Layers.Converts)
            scope.Report(Diagnostics.TeacherWithMamba2, place, Quote.Of(name));
        else Shapes(scope, student, teacher);
    }

    static void Shapes(Scope scope, ModelSpec student, ModelSpec teacher)
    {
        var place = scope.Merged.Find("teacher")!.Value;
        void Same<T>(string what, T own, T theirs, params string[] path) => In(scope.Merged, what, own, theirs, path);
        void In<T>(MappingNode top, string what, T own, T theirs, params string[] path)
        {
            if (EqualityComparer<T>.Default.Equals(own, theirs)) return;
            scope.Report(Diagnostics.UnlikeTeacher, [.. Along(top, path), .. Along(scope.Merged, path), place], Quote.Of(what), Text(own), Quote.Of(teacher.Name), Text(theirs));
        }

        Same("vocab", student.Tokens.Vocab, teacher.Tokens.Vocab, "tokens", "vocab");
        Same("image", student.Tokens.Image, teacher.Tokens.Image, "tokens", "image");
        Same("template", student.Tokens.Template, teacher.Tokens.Template, "tokens", "template");
        Same("image", student.Vision.Image, teacher.Vision.Image, "vision", "image");
        Same("patch", student.Vision.Patch, teacher.Vision.Patch, "vision", "patch");
        Same("pixel_shuffle", student.Vision.PixelShuffle, teacher.Vision.PixelShuffle, "vision", "pixel_shuffle");
        Same("projector", student.Vision.Projector, teacher.Vision.Projector, "vision", "projector");
        Same("hidden", student.Hidden, teacher.Hidden, "hidden");
        Same("towers", Names(student), Names(teacher), "towers");
        if (Names(student) != Names(teacher)) return;
        for (var i = 0; i < student.Towers.Count; i++)
        {
            var (own, theirs) = (student.Towers[i], teacher.Towers[i]);
            // A tower's own setting is the one that holds, so it is the place; where it has none, the shared one is.
            var tower = (MappingNode)((SequenceNode)scope.Merged.Get("towers")!).Items[i];
            var top = tower.Entries[0].Value as MappingNode ?? tower;
            Layer(top, own.Shared, theirs.Shared);
            foreach (var (layer, taught) in own.Each().Zip(theirs.Each(), (layer, taught) => (layer, taught)))
                if (layer != own.Shared || taught != theirs.Shared) Layer(null, layer, taught);
        }

        // A layer that differs from its tower was written by an override, on either side.
        void Layer(MappingNode? tower, LayerSettings own, LayerSettings theirs)
        {
            void Keeps(string what, int student, int teacher, params string[] path) => In(tower ?? Override(scope, path), what, student, teacher, path);
            var (mine, taught) = (own.Of<AttentionSpec>(), theirs.Of<AttentionSpec>());
            Keeps("heads", mine.Heads, taught.Heads, "attention", "heads");
            Keeps("kv_heads", mine.KvHeads, taught.KvHeads, "attention", "kv_heads");
            Keeps("head_dim", mine.HeadDim, taught.HeadDim, "attention", "head_dim");
            Keeps("swiglu", own.MlpHidden, theirs.MlpHidden, "mlp", "swiglu");
        }
    }

    static MappingNode Override(Scope scope, string[] path) =>
        (scope.Merged.Get("overrides") as SequenceNode)?.Items.OfType<MappingNode>()
            .FirstOrDefault(item => Along(item, path).First() is not null) ?? scope.Merged;

    // The node at the end of the path, then those that lead there: the first that this file wrote is the place.
    static IEnumerable<Node?> Along(MappingNode root, string[] path)
    {
        var nodes = new List<Node?>();
        Node? at = root;
        foreach (var key in path)
        {
            var entry = (at as MappingNode)?.Find(key);
            nodes.Insert(0, entry?.Key);
            at = entry?.Value;
            if (key == path[path.Length - 1]) nodes.Insert(0, at);
        }
        return nodes;
    }

    static string Names(ModelSpec model) =>
        string.Join(", ", model.Towers.Select(tower => string.Format(CultureInfo.InvariantCulture, "{0} {1}", tower.Name, tower.Layers)));

    static string Text<T>(T value) => string.Format(CultureInfo.InvariantCulture, "{0}", value);
}
