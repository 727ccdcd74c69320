using MmMamba.ModelDsl.Syntax;

namespace MmMamba.ModelDsl.Binding;

/// <summary>The forms of a placement that is written as a mapping.</summary>
enum PlacementForm
{
    /// <summary><c>{ count, from, pattern }</c></summary>
    Counted,
    /// <summary><c>{ every, from }</c></summary>
    Periodic,
    /// <summary><c>{ at }</c></summary>
    Listed,
    /// <summary><c>{ from }</c> alone, which patches either of the forms that have it.</summary>
    Direction,
    /// <summary>A placement for each tower.</summary>
    Towers,
}

static class PlacementForms
{
    extension(PlacementForm)
    {
        /// <summary>The form that the first telling key shows.</summary>
        public static PlacementForm Of(MappingNode placement)
        {
            var form = PlacementForm.Towers;
            foreach (var entry in placement.Entries)
            {
                switch (entry.Key.Text)
                {
                    case "count" or "pattern": return PlacementForm.Counted;
                    case "every": return PlacementForm.Periodic;
                    case "at": return PlacementForm.Listed;
                    case "from": form = PlacementForm.Direction; break;
                }
            }
            return form;
        }
    }

    extension(PlacementForm form)
    {
        /// <summary>The keys that the form has.</summary>
        public MappingShape Keys => form switch
        {
            PlacementForm.Periodic => PlacementShape.Periodic,
            PlacementForm.Listed => PlacementShape.Listed,
            _ => PlacementShape.Counted,
        };

        /// <summary>Whether a placement of this form is patched by one of the other, and not replaced.</summary>
        public bool Takes(PlacementForm patch) =>
            form == patch
            || (patch == PlacementForm.Direction && form is PlacementForm.Counted or PlacementForm.Periodic)
            || (form == PlacementForm.Direction && patch is PlacementForm.Counted or PlacementForm.Periodic);
    }

    /// <summary>The key that tells the form of a placement.</summary>
    public static string Lead(MappingNode placement)
    {
        foreach (var entry in placement.Entries)
            if (entry.Key.Text is "count" or "pattern" or "every" or "at") return entry.Key.Text;
        return "from";
    }
}
