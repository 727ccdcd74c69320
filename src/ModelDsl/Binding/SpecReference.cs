using System.Text;

namespace MmMamba.ModelDsl.Binding;

/// <summary>The documentation's page of keys, rendered from their table.</summary>
public static class SpecReference
{
    /// <summary>The page as Markdown.</summary>
    public static string Render()
    {
        var page = new StringBuilder(
            """
            # Keys of a spec

            Every key, what it holds, and what it says, in the order in which the canonical form has them. *Needed* are those that a base writes; what a
            model extends is inherited. `NAME` is a tower, or a name that the file chooses. This page is rendered from the table that also checks specs and makes
            [the JSON Schema](../schemas/mmmodel.schema.json).

            | key | needed | holds | says |
            |---|---|---|---|

            """.Replace("\r\n", "\n"));
        // Settings that several places hold are told once, at the top if they are there.
        var told = new Dictionary<Shape, string>();
        foreach (var key in SpecShape.Root.Keys.Where(key => key.Shape is MappingShape or ChoiceShape)) told[key.Shape] = key.Name;
        foreach (var key in SpecShape.Root.Keys) Row(page, told, "", key);
        page.Append(
            """

            ## An ablation family

            | key | needed | holds | says |
            |---|---|---|---|

            """.Replace("\r\n", "\n"));
        foreach (var key in FamilyShape.Root.Keys) Row(page, told, "", key);
        page.Append(
            """

            ## A file of figures

            What a family's `reported` names: any other YAML file.

            | key | needed | holds | says |
            |---|---|---|---|

            """.Replace("\r\n", "\n"));
        foreach (var key in FamilyShape.Reported.Keys) Row(page, told, "", key);
        return page.ToString();
    }

    static void Row(StringBuilder page, Dictionary<Shape, string> told, string at, KeyShape key)
    {
        var path = at + key.Name;
        var known = key.Shape is MappingShape or ChoiceShape && told.TryGetValue(key.Shape, out var first) && first != path ? first : null;
        page.Append("| `").Append(path).Append("` | ").Append(key.Required ? "yes" : "").Append(" | ")
            .Append(known is null ? Holds(key.Shape) : $"as `{known}`").Append(" | ").Append(key.Says).Append(" |\n");
        if (known is not null) return;
        if (key.Shape is MappingShape { Keys.Count: > 0 } or ChoiceShape) told[key.Shape] = path;
        foreach (var (name, inside) in Inside(key.Shape)) Row(page, told, path + name, inside);
    }

    static string Holds(Shape shape) => shape switch
    {
        MappingShape { Keys.Count: 0 } => "the word",
        MappingShape => "a mapping",
        NamedShape { Item: MappingShape } named => $"{named.What} for each `NAME`",
        _ => shape.Expected,
    };

    static IEnumerable<(string At, KeyShape Key)> Inside(Shape shape) => shape switch
    {
        MappingShape mapping => mapping.Keys.Select(key => (".", key)),
        ChoiceShape choice => choice.Cases.Select(one => (".", one)),
        ListShape { Item: MappingShape item } => item.Keys.Select(key => ("[].", key)),
        TowersShape towers => towers.Tower.Keys.Select(key => ("[].NAME.", key)),
        // A variant's keys are those above.
        NamedShape { Item: MappingShape item } when item != FamilyShape.Variant => item.Keys.Select(key => (".NAME.", key)),
        LayersShape => LayersShape.Placements.Select(mixer => (".", mixer)),
        PlacementShape { InTower: false } => new[] { PlacementShape.Counted, PlacementShape.Periodic, PlacementShape.Listed }
            .SelectMany(form => form.Keys).GroupBy(key => key.Name).Select(keys => (".", keys.First() with { Required = false })),
        _ => [],
    };
}
