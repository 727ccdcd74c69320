using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Binding;

/// <summary>The diagnostics of ablation families: a part of the table <see cref="Diagnostics"/>.</summary>
static class FamilyDiagnostics
{
    public static readonly DiagnosticRule ModelAndFamily = new("MMD100", Severity.Error, "Model and family in one file", "a file holds one model or one ablation family; move the other one to a file of its own",
        "`model: NAME` and `ablation: NAME` each name what the file describes.",
        "mmmodel: 1\nmodel: Both\n«ablation»: Both\nof: TinyMmMambaHybrid");

    public static readonly DiagnosticRule NoMembers = new("MMD101", Severity.Error, "Family without members", "a family needs members; write `axes: {{ NAME: {{ set: KEY.KEY, to: [VALUE, VALUE] }} }}`, or `variants: {{ NAME: {{ KEY: VALUE }} }}`",
        "Axes vary one place each, and their product is the members; variants are written one by one.",
        "mmmodel: 1\nablation: «Placements»\nof: TinyMmMambaHybrid");

    public static readonly DiagnosticRule NotAName = new("MMD102", Severity.Error, "Not a name", "{0} can't name {1}: expected {2}",
        "Names of axes and members become names in generated code.",
        "mmmodel: 1\nablation: Placements\nof: TinyMmMambaHybrid\nvariants: { «all layers»: { layers: mamba2 } }");

    public static readonly DiagnosticRule NotAPlace = new("MMD103", Severity.Error, "Not a place to set", "{0} holds {1}, so there is no {2} in it; end the path before it",
        "`set` is a path of keys that lead to one value, such as `layers.attention.from`. Lists are set as a whole.",
        "mmmodel: 1\nablation: Placements\nof: TinyMmMambaHybrid\naxes: { width: { set: hidden.«width», to: [48, 96] } }");

    public static readonly DiagnosticRule ValueNeedsName = new("MMD104", Severity.Error, "Value without a name", "no name can be made of {0}; give it one that begins with a capital letter: `{{ NAME: value }}`",
        "Members are named after their values. Words, numbers and switches name themselves, lists and mappings don't.",
        "mmmodel: 1\nablation: Placements\nof: TinyMmMambaHybrid\naxes: { stages: { set: distill.run, to: [{ Last: [end_to_end] }, «[mixer, end_to_end»]] } }");

    public static readonly DiagnosticRule AxesOverlap = new("MMD105", Severity.Error, "Two axes for one place", "{0} sets {1}, which {2} sets already; vary each place on one axis",
        "An axis may neither set the place of another one nor what lies inside it.",
        "mmmodel: 1\nablation: Placements\nof: TinyMmMambaHybrid\naxes: { from: { set: layers.attention.from, to: [tail, head] }, placement: { set: «layers.attention», to: [none, { First: { at: [0] } }] } }");

    public static readonly DiagnosticRule TooManyMembers = new("MMD106", Severity.Error, "Too many members", "the family has {0} members; it may have {1}: split it, or vary less",
        "Every member is a whole model that somebody has to train.",
        "mmmodel: 1\nablation: Placements\nof: TinyMmMambaHybrid\naxes:\n  «lr»: { set: distill.stages.mixer.lr, to: [1e-1, 1e-2, 1e-3, 1e-4, 1e-5] }\n  steps: { set: distill.stages.mixer.steps, to: [1, 2, 3, 4, 5] }\n  batch: { set: distill.stages.mixer.batch, to: [1, 2, 3, 4, 5] }");

    public static readonly DiagnosticRule MemberTwice = new("MMD107", Severity.Error, "Member named twice", "{0} names a member already; name the value, `{{ NAME: value }}`, or the variant differently",
        "A member's name is made of its values, in the order of the axes. Names differ by more than capital letters.",
        "mmmodel: 1\nablation: Placements\nof: TinyMmMambaHybrid\naxes: { from: { set: layers.attention.from, to: [tail, head] } }\nvariants: { «Head»: { layers: mamba2 } }");

    public static readonly DiagnosticRule TakenMember = new("MMD108", Severity.Error, "Member's name taken", "{0} can't name a member: it is too long, or means something in generated code already; name the value, `{{ NAME: value }}`, or the variant differently",
        "Members become members of the generated registry, beside `All`, `Control`, `References` and the types that it is written in.",
        "mmmodel: 1\nablation: Placements\nof: TinyMmMambaHybrid\nvariants: { None: { layers: mamba2 }, «All»: {} }");

    public static readonly DiagnosticRule UnknownControl = new("MMD109", Severity.Error, "Unknown control", "the family has no member {0}; {1}",
        "`control` names a member, or gives a value for each axis.",
        "mmmodel: 1\nablation: Placements\nof: TinyMmMambaHybrid\naxes: { from: { set: layers.attention.from, to: [tail, head] } }\ncontrol: «Haed»");

    public static readonly DiagnosticRule ControlDiffers = new("MMD110", Severity.Error, "Control unlike the base", "{0} differs from {1} in its {2}; {3}",
        "The control is the member that equals the base in architecture and recipe, so that the base's run is its own.",
        "mmmodel: 1\nablation: Placements\nof: TinyMmMambaHybrid\naxes: { from: { set: layers.attention.from, to: [tail, head] } }\ncontrol: «Tail»");

    public static readonly DiagnosticRule SameMembers = new("MMD111", Severity.Error, "Two members of one kind", "{0} has the architecture and the recipe of {1}, so it would be trained twice; leave one of them out",
        "What the members vary must make a difference to what is trained: a chunk, for one, changes the order of work only.",
        "mmmodel: 1\nablation: Placements\nof: TinyMmMambaHybrid\naxes: { chunk: { set: mamba2.chunk, to: [32, «64»] } }");

    public static readonly DiagnosticRule UnknownReference = new("MMD112", Severity.Error, "Unknown reference", "no spec has the model {0}; {1}",
        "`reference` lists models (their `model:` keys) that are shown beside the members.",
        "mmmodel: 1\nablation: Placements\nof: TinyMmMambaHybrid\naxes: { from: { set: layers.attention.from, to: [tail, head] } }\nreference: [«TinyHovel»]");

    public static readonly DiagnosticRule BrokenReference = new("MMD113", Severity.Error, "Broken reference", "the reference {0} has errors of its own; mend {1} first",
        "The reference's own diagnostics say what is wrong with it; they are not repeated here.",
        null);

    public static readonly DiagnosticRule UnknownReport = new("MMD114", Severity.Error, "Unknown file of figures", "no file {0} is given; {1}",
        "The path is relative to the family's file. In a project the file must be among the `AdditionalFiles`.",
        "mmmodel: 1\nablation: Placements\nof: TinyMmMambaHybrid\naxes: { from: { set: layers.attention.from, to: [tail, head] } }\nreported: «paper/tabel.yaml»\n# file: paper/table.yaml\nsource: Table 6\nfigures: { Head: { MME: 1371.1 } }");

    public static readonly DiagnosticRule UnknownRow = new("MMD115", Severity.Error, "Figures of an unknown member", "{0} is no member of {1}, and none of its references; {2}",
        "A row of figures has the name of a member in its family, or of a reference.",
        "mmmodel: 1\nablation: Placements\nof: TinyMmMambaHybrid\naxes: { from: { set: layers.attention.from, to: [tail, head] } }\nreported: paper/table.yaml\n# file: paper/table.yaml\nsource: Table 6\nfigures: { «Heads»: { MME: 1371.1 } }");

    public static readonly DiagnosticRule TooManyLayers = new("MMD116", Severity.Error, "Too many different layers",
        "the members have {0} different layers together; a family may have {1}: vary what fewer layers differ in, or split the family",
        "Generated code writes each layer once that differs from all others, of whichever member. A model alone never comes near the bound.",
        null);

    /// <summary>All of them, in the order of their ids.</summary>
    public static EquatableArray<DiagnosticRule> All { get; } =
    [
        ModelAndFamily, NoMembers, NotAName, NotAPlace, ValueNeedsName, AxesOverlap,
        TooManyMembers, MemberTwice, TakenMember, UnknownControl, ControlDiffers, SameMembers,
        UnknownReference, BrokenReference, UnknownReport, UnknownRow, TooManyLayers,
    ];
}
