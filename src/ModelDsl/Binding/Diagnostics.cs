using MmMamba.ModelDsl.Specs;

namespace MmMamba.ModelDsl.Binding;

/// <summary>The one table of diagnostics; those of families are its part <see cref="FamilyDiagnostics"/>. Ids never change their meaning; docs/diagnostics.md is rendered from here.</summary>
public static class Diagnostics
{
    static readonly List<DiagnosticRule> Table = [];

    static DiagnosticRule Rule(Severity severity, string id, string title, string format, string help, string? example)
    {
        var rule = new DiagnosticRule(id, severity, title, format, help, example);
        Table.Add(rule);
        return rule;
    }

    static DiagnosticRule Error(string id, string title, string format, string help, string? example) =>
        Rule(Severity.Error, id, title, format, help, example);

    static DiagnosticRule Warning(string id, string title, string format, string help, string? example) =>
        Rule(Severity.Warning, id, title, format, help, example);

    // The text.

    public static readonly DiagnosticRule NotYaml = Error("MMD001", "Not YAML", "this can't be read as YAML: {0}",
        "Close what is open (brackets, braces, quotes) and indent with spaces. Text that holds `: ` or begins with a sign of YAML's needs quotes.",
        "mmmodel: 1\nmodel: Broken\nrun: [introduced, mixer«»");

    public static readonly DiagnosticRule TooLarge = Error("MMD002", "File too large", "a spec has at most {0} bytes; split it with `extends`",
        "A spec states an intent in a few lines. Move what several share into a base and extend it.", null);

    public static readonly DiagnosticRule TooDeep = Error("MMD003", "Nested too deep", "a spec nests at most {0} levels; write this flatter",
        "No key of the language needs more than eight levels.", null);

    public static readonly DiagnosticRule Tag = Error("MMD004", "Tag", "the tag {0} isn't allowed: a spec has no tags; leave it out",
        "Values are typed by the key that they stand at. Quote what must be text.",
        "mmmodel: 1\nmodel: Tagged\nextends: TinyHovle\nsummary: «!!str text»");

    public static readonly DiagnosticRule Aliases = Error("MMD005", "Alias", "this alias is refused: {0}",
        "An alias stands after its anchor, and a file uses few of them. To share settings between models, use `extends`.",
        "mmmodel: 1\nmodel: Aliased\nextends: TinyHovle\nsummary: «*title»");

    public static readonly DiagnosticRule DuplicateKey = Error("MMD006", "Key written twice", "the key {0} is already written on line {1}; keep one of the two",
        "A key stands once in its mapping.",
        "mmmodel: 1\nmodel: Twice\nextends: TinyHovle\nhidden: 256\n«hidden»: 512");

    public static readonly DiagnosticRule NotAKey = Error("MMD007", "Not a key", "a key is a word; write `word: value`",
        "Lists, mappings and aliases can't be keys.",
        "mmmodel: 1\nmodel: Keyless\nextends: TinyHovle\n«[»hidden]: 256");

    public static readonly DiagnosticRule SeveralDocuments = Error("MMD008", "Several documents", "a file holds one spec; move this document to a file of its own",
        "Remove the `---` line, or give the second spec its own file.",
        "mmmodel: 1\nmodel: First\nextends: TinyHovle\n«---»\nmmmodel: 1\nmodel: Second\nextends: TinyHovle");

    public static readonly DiagnosticRule NotAMapping = Error("MMD009", "Not a spec", "a spec is a mapping of keys that begins with `mmmodel: 1`; found {0}",
        "Begin with `mmmodel: 1` and `model: NAME`.",
        "«- mmmodel»");

    public static readonly DiagnosticRule EmptyValue = Error("MMD010", "Empty value", "{0} has no value; write one, or `~` to take an inherited one away",
        "A key without a value is most often a slip. The empty text is `\"\"`.",
        "mmmodel: 1\nmodel: Empty\nextends: TinyHovle\n«summary»:");

    public static readonly DiagnosticRule TooManyValues = Error("MMD011", "Too many values", "a spec holds at most {0} keys and values, aliases expanded; split it with `extends`",
        "An alias counts as everything that its anchor holds.", null);

    // Keys and values.

    public static readonly DiagnosticRule UnknownKey = Error("MMD020", "Unknown key", "{1} has no key {0}; {2}",
        "Every key that a file writes has an effect, so that a slip can't pass in silence. Comments begin with `#`.",
        "mmmodel: 1\nmodel: Misspelt\nextends: TinyHovle\nattention: { «heds»: 4 }");

    public static readonly DiagnosticRule WrongType = Error("MMD021", "Wrong kind of value", "{0} must be {1}; found {2}",
        "Write a value of the kind that the message names. Text that looks like a number or a switch needs quotes.",
        "mmmodel: 1\nmodel: Mistyped\nextends: TinyHovle\nhidden: «wide»");

    public static readonly DiagnosticRule OutOfRange = Error("MMD022", "Out of range", "{0} is {2}; it must be {1}",
        "The bounds leave room for any real model; they keep sizes and costs from overflowing.",
        "mmmodel: 1\nmodel: Wide\nextends: TinyHovle\nhidden: «1000000»");

    public static readonly DiagnosticRule UnknownWord = Error("MMD023", "Unknown word", "{0} has no {1}; {2}",
        "Write one of the words that are known there.",
        "mmmodel: 1\nmodel: Dressed\nextends: TinyHovle\ntokens: { template: «internlm_chat» }");

    public static readonly DiagnosticRule MissingKey = Error("MMD024", "Missing key", "{0} needs the key {1}: {2}",
        "A base states everything that it doesn't inherit; the language guesses no sizes.",
        "mmmodel: 1\nmodel: Unshaped\nextends: TinyHovle\nhidden: «~»");

    public static readonly DiagnosticRule Edition = Error("MMD025", "Unknown edition", "this version of the tool reads edition 1; write `mmmodel: 1`",
        "The edition fixes defaults, placement formulas and identities. A file of a later edition needs a later version.",
        "mmmodel: «2»\nmodel: Later\nextends: TinyHovle");

    public static readonly DiagnosticRule ModelName = Error("MMD026", "Not a model's name", "{0} can't name a model: expected {1}",
        "The name becomes the generated class: ASCII letters, digits and underscores, a capital letter first, at most 100 characters.",
        "mmmodel: 1\nmodel: «class»\nextends: TinyHovle");

    public static readonly DiagnosticRule OneCase = Error("MMD027", "Several cases of a choice", "{0} is one of several cases; keep one of {1}",
        "A choice (norm, mlp, schedule, loss, seed, optimizer) holds one case.",
        "mmmodel: 1\nmodel: Torn\nextends: TinyMmMambaLinear\ndistill: { schedule: { wsd: { warmup: 5%, decay: 5% }, «cosine»: { warmup: 5% } } }");

    public static readonly DiagnosticRule NothingToRemove = Warning("MMD028", "Nothing to take away", "{0} is not inherited, so there is nothing to take away; leave the line out",
        "`~` takes an inherited value away.",
        "mmmodel: 1\nmodel: Spotless\nextends: TinyHovle\nteacher: «~»");

    public static readonly DiagnosticRule Repeated = Error("MMD029", "Repeated item", "{0} is already in the list; leave it out",
        "An item stands once in its list. `ssm` stands for all groups that the mixer introduced, so none of them is named beside it.",
        "mmmodel: 1\nmodel: Echo\nextends: TinyMmMambaLinear\ndistill: { run: [introduced, «introduced»] }");

    // Composition.

    public static readonly DiagnosticRule DuplicateModel = Error("MMD030", "Name used twice", "{0} already names the {2} of {1}; choose another name",
        "Names of models and families differ by more than capital letters: generated files are named after them.",
        "mmmodel: 1\nmodel: Unique\nextends: TinyHovle\n# file: second.mmmodel.yaml\nmmmodel: 1\nmodel: «UNIQUE»\nextends: TinyHovle");

    public static readonly DiagnosticRule UnknownBase = Error("MMD031", "Unknown base", "no spec has the {2} {0}; {1}",
        "A model extends a model, by its `model:` key, and a family a family, by its `ablation:` key; neither names a file. What a family is `of` is a model.",
        "mmmodel: 1\nmodel: Orphan\nextends: «TinyHovel»");

    public static readonly DiagnosticRule BaseCycle = Error("MMD032", "Cycle of bases", "{0} extends itself through {1}; break the circle",
        "Some model of the chain must be a base that extends nothing.",
        "mmmodel: 1\nmodel: Ouroboros\nextends: «Ouroboros»");

    public static readonly DiagnosticRule BrokenBase = Error("MMD033", "Broken base", "the base {0} has errors of its own; mend {1} first",
        "The base's own diagnostics say what is wrong with it; they are not repeated here.",
        null);

    public static readonly DiagnosticRule UnknownTeacher = Error("MMD034", "Unknown teacher", "no spec has the model {0}; {1}",
        "`teacher` names a model (its `model:` key) of the same tree.",
        "mmmodel: 1\nmodel: Pupil\nextends: TinyMmMambaLinear\nteacher: «TinyHovles»");

    public static readonly DiagnosticRule BrokenTeacher = Error("MMD035", "Broken teacher", "the teacher {0} has errors of its own; mend {1} first",
        "The teacher's own diagnostics say what is wrong with it; they are not repeated here.",
        null);

    public static readonly DiagnosticRule TakenName = Error("MMD036", "Name taken by generated code", "{0} means something in generated code already; choose another name",
        "The name becomes a class. Names of its members and of the types that it is written in are taken.",
        "mmmodel: 1\nmodel: «Plan»\nextends: TinyHovle");

    // Sizes.

    public static readonly DiagnosticRule HeadGroups = Error("MMD040", "Heads don't share evenly", "{0} heads can't share {1} key and value heads evenly; write a kv_heads that divides {0}",
        "Each key and value head serves the same number of query heads.",
        "mmmodel: 1\nmodel: Uneven\nextends: TinyHovle\nattention: { heads: 10, kv_heads: «4» }");

    public static readonly DiagnosticRule OddHead = Error("MMD041", "Odd head", "head_dim is {0}; the rotary embedding turns pairs, so write an even number",
        "Rotary position embedding rotates pairs of a head's numbers.",
        "mmmodel: 1\nmodel: Odd\nextends: TinyHovle\nattention: { head_dim: «15» }");

    public static readonly DiagnosticRule PatchGrid = Error("MMD042", "Patches don't fill the tile", "patches of {1} pixels don't fill a tile of {0}; write a patch that divides {0}",
        "The side of a tile is a whole number of patches.",
        "mmmodel: 1\nmodel: Patchy\nextends: TinyHovle\nvision: { patch: «12» }");

    public static readonly DiagnosticRule PixelShuffle = Error("MMD043", "Pixel shuffle leaves a rest", "pixel_shuffle {0} doesn't turn a grid of {1}x{1} patches into whole tokens; {2}",
        "A pixel shuffle of 0.5 merges 2x2 patches into a token and needs an even grid; 0.25 merges 4x4; 1 merges nothing.",
        "mmmodel: 1\nmodel: Shuffled\nextends: TinyHovle\nvision: { pixel_shuffle: «0.3» }");

    public static readonly DiagnosticRule ImageToken = Error("MMD044", "Image token outside the vocabulary", "the image token {0} is not below the vocabulary's size {1}",
        "Ids run from 0 to vocab - 1.",
        "mmmodel: 1\nmodel: Blind\nextends: TinyHovle\ntokens: { image: «1024» }");

    public static readonly DiagnosticRule TowerNames = Error("MMD045", "Towers that the checkpoint can't hold", "the layout {0} holds the towers `embedding` and `decoder`, in this order; {1}",
        "The published layouts have places for the holistic embedding and for the decoder.",
        "mmmodel: 1\nmodel: Tall\nextends: TinyHovle\ntowers: [ { embedding: 2 }, { «encoder»: 6 } ]");

    public static readonly DiagnosticRule LayoutWithoutMamba2 = Error("MMD046", "Layout without Mamba-2", "the layout `hovle` has no names for Mamba-2 tensors; write `checkpoint: mmmamba`",
        "The teacher's layout fuses query, key and value; the student's layout keeps them apart.",
        "mmmodel: 1\nmodel: Homeless\nextends: TinyMmMambaLinear\ncheckpoint: «hovle»");

    // Placement.

    public static readonly DiagnosticRule CountAboveLayers = Error("MMD050", "More than there are layers", "{0} is {1}, but {2} has {3} layers",
        "A placement takes at most the layers that there are.",
        "mmmodel: 1\nmodel: Crowded\nextends: TinyMmMambaHybrid\nlayers: { attention: { count: «9» } }");

    public static readonly DiagnosticRule NoSuchLayer = Error("MMD051", "No such layer", "there is no layer {0}: the layers of {1} are 0..{2}",
        "Indices count from 0; those under a tower's name count from that tower's first layer.",
        "mmmodel: 1\nmodel: Outside\nextends: TinyMmMambaHybrid\nlayers: { attention: { at: [0, «8»] } }");

    public static readonly DiagnosticRule LayerTwice = Error("MMD052", "Layer named twice", "layer {0} is already in the list",
        "A layer stands once in `at`; ranges include both of their ends.",
        "mmmodel: 1\nmodel: Stutter\nextends: TinyMmMambaHybrid\nlayers: { attention: { at: [0..3, «3»] } }");

    public static readonly DiagnosticRule SeveralRests = Error("MMD053", "Rest taken twice", "{0} already takes the rest; exactly one mixer can",
        "Place every mixer but one; that one takes the rest.",
        "mmmodel: 1\nmodel: Restless\nextends: TinyMmMambaHybrid\nlayers: { attention: «rest» }");

    public static readonly DiagnosticRule Uncovered = Error("MMD054", "Layers without a mixer", "no mixer takes layers {0}; write `rest` for one of the mixers",
        "Every layer has exactly one mixer.",
        "mmmodel: 1\nmodel: Sparse\nextends: TinyMmMambaLinear\nlayers: { «attention»: { at: [0, 4] } }");

    public static readonly DiagnosticRule Overlap = Error("MMD055", "Layers with two mixers", "{0} takes layers {1}, which {2} takes too; write `rest` for one of the mixers",
        "Every layer has exactly one mixer.",
        "mmmodel: 1\nmodel: Greedy\nextends: TinyMmMambaHybrid\nlayers: { «mamba2»: all }");

    public static readonly DiagnosticRule InterleavedIsStacked = Warning("MMD056", "Interleaved comes out as stacked", "{0} of {1} layers interleaved from the {2} are the same as stacked; write `pattern: stacked`",
        "With one layer, or with nearly all of them, the two patterns choose the same layers; say what is true.",
        "mmmodel: 1\nmodel: Lonely\nextends: TinyMmMambaLinear\nlayers: { mamba2: rest, attention: { count: 1, from: head, pattern: «interleaved» } }");

    public static readonly DiagnosticRule MixedForms = Error("MMD057", "Two forms of placement", "{0} doesn't go with {1}: a placement is {2}",
        "The forms are `{ count, from, pattern }`, `{ every, from }`, `{ at }`, and a placement for each tower.",
        "mmmodel: 1\nmodel: Mixed\nextends: TinyMmMambaHybrid\nlayers: { attention: { count: 2, from: tail, «every»: 4 } }");

    // Distillation.

    public static readonly DiagnosticRule IncompleteStudent = Error("MMD060", "Student without seed or recipe", "a model with a teacher needs {0}: {1}",
        "A student says how its new tensors begin and how it is trained.",
        "mmmodel: 1\nmodel: Unseeded\nextends: TinyMmMambaLinear\nseed: «~»");

    public static readonly DiagnosticRule NoTeacher = Error("MMD061", "Recipe without a teacher", "{0} needs a teacher; write `teacher: NAME`, or `{0}: ~`",
        "Only a student is seeded and distilled.",
        "mmmodel: 1\nmodel: Selftaught\nextends: TinyHovle\n«seed»: mimic");

    public static readonly DiagnosticRule UnlikeTeacher = Error("MMD062", "Unlike the teacher", "{0} is {1}, but the teacher {2} has {3}; a student keeps the teacher's shape",
        "All but the mixers is copied, and the mixers' projections are sliced from the teacher's, so widths, towers, heads and tokens are the teacher's.",
        "mmmodel: 1\nmodel: Slim\nextends: TinyMmMambaLinear\nhidden: «64»");

    public static readonly DiagnosticRule TeacherWithMamba2 = Error("MMD063", "Teacher with Mamba-2 layers",
        "{0} can't teach: it has Mamba-2 layers; name a model whose layers all keep attention, over all tokens or a window",
        "Stages 1 and 2 follow the attention of each of the teacher's layers.",
        "mmmodel: 1\nmodel: Grandpupil\nextends: TinyMmMambaLinear\nteacher: «TinyMmMambaHybrid»");

    public static readonly DiagnosticRule NothingToDistil = Error("MMD064", "Student without Mamba-2 layers", "every layer keeps attention, so there is nothing to distil; place `mamba2`, or write `teacher: ~`, `seed: ~` and `distill: ~`",
        "A student converts at least one layer.",
        "mmmodel: 1\nmodel: Unchanged\nextends: TinyMmMambaLinear\nlayers: «attention»");

    public static readonly DiagnosticRule UndeclaredStage = Error("MMD065", "Stage not declared", "the stage {0} is not among `stages`; declare it, or leave it out",
        "`run` chooses among the stages that are declared.",
        "mmmodel: 1\nmodel: Skipping\nextends: TinyMmMambaLinear\ndistill:\n  stages: { introduced: ~ }\n  run: [«introduced», end_to_end]");

    public static readonly DiagnosticRule StageOrder = Error("MMD066", "Stages out of order", "{0} comes before {1}; the order is introduced, mixer, end_to_end",
        "A stage begins with what the one before it has trained.",
        "mmmodel: 1\nmodel: Backwards\nextends: TinyMmMambaLinear\ndistill: { run: [mixer, «introduced», end_to_end] }");

    public static readonly DiagnosticRule AbsentGroup = Error("MMD067", "Group that the model lacks", "this model has no {0} to train; leave it out, or switch it on under `mamba2`",
        "`ssm` names those of the mixer's groups that the model has.",
        "mmmodel: 1\nmodel: Skipless\nextends: TinyMmMambaLinear\ndistill: { stages: { introduced: { train: [dt, «skip»] } } }");

    public static readonly DiagnosticRule LossOfStage = Error("MMD068", "Loss doesn't fit the stage", "the stage {0} has no loss {1}; write {2}",
        "The first two stages compare mixers (`mixer_mse`), the last one compares distributions (`logits_kl`).",
        "mmmodel: 1\nmodel: Unfit\nextends: TinyMmMambaLinear\ndistill: { stages: { mixer: { loss: «logits_kl» } } }");

    public static readonly DiagnosticRule OutOfReach = Error("MMD069", "Group that the loss doesn't reach", "the loss of {0} is taken before the output projection, so {1} has no gradient; leave it out",
        "Only the last stage can train the output projection.",
        "mmmodel: 1\nmodel: Unreached\nextends: TinyMmMambaLinear\ndistill: { stages: { introduced: { train: [ssm, «output»] } } }");

    public static readonly DiagnosticRule ScheduleAboveWhole = Error("MMD070", "Schedule longer than its stage", "warmup and decay are more than 100% together",
        "What is left between the two is trained at the full rate.",
        "mmmodel: 1\nmodel: Overlong\nextends: TinyMmMambaLinear\ndistill: { schedule: { wsd: { warmup: 60%, decay: «50%» } } }");

    // Doubts.

    public static readonly DiagnosticRule NoEffect = Warning("MMD080", "Key without effect", "{0} has no effect: {1}",
        "Leave the line out, or place the layers that it speaks of.",
        "mmmodel: 1\nmodel: Chunky\nextends: TinyHovle\nmamba2: { «chunk»: 64 }");

    public static readonly DiagnosticRule SameAsBase = Rule(Severity.Hint, "MMD081", "Same as the base", "{0} is inherited with this very value",
        "Harmless: it pins the value against a change of the base. Leave it out to follow the base.",
        "mmmodel: 1\nmodel: Pinned\nextends: Narrow\nhidden: «48»\n# file: narrow.mmmodel.yaml\nmmmodel: 1\nmodel: Narrow\nextends: TinyHovle\nhidden: 48");

    // Overrides of layers, budgets, allowances.

    public static readonly DiagnosticRule NotLayers = Error("MMD120", "Not layers", "{0} names no layers; write {1}",
        "`decoder` is a whole tower, `decoder[0, 8..15]` some of its layers by local index with both ends of a range, and `layers[...]` counts over the model.",
        "mmmodel: 1\nmodel: Nowhere\nextends: TinyMmMambaLinear\noverrides: [ { where: «\"decoder[2..]\"», mamba2: { chunk: 32 } } ]");

    public static readonly DiagnosticRule OverlappingOverrides = Error("MMD121", "Overrides that overlap",
        "{0} is written for one of these layers on line {1} already; let only one override write it",
        "The order of overrides means nothing, so no two of them write one setting of one layer.",
        "mmmodel: 1\nmodel: Torn\nextends: TinyMmMambaLinear\noverrides:\n  - { where: decoder, mamba2: { chunk: 32 } }\n  - { where: \"layers[3]\", mamba2: { «chunk»: 16 } }");

    public static readonly DiagnosticRule OverrideOfNothing = Rule(Severity.Hint, "MMD122", "Override without a difference", "the layers of {0} have this value of {1} anyway",
        "Harmless: it pins the value against a change of the tower. Leave it out to follow the tower.",
        "mmmodel: 1\nmodel: Pinned\nextends: TinyMmMambaLinear\noverrides: [ { where: decoder, mamba2: { chunk: «64» } } ]");

    public static readonly DiagnosticRule OverBudget = Error("MMD125", "Over the budget", "{0} {1}, and the budget allows {2}; the largest part is {3} with {4}",
        "Make the model smaller, or the budget larger. The model is made all the same, so that `describe` and the code around it show where the excess is. "
        + "`trainable` speaks of the last stage that is run, `cache` of one sequence in bfloat16.",
        "mmmodel: 1\nmodel: Hefty\nextends: TinyMmMambaHybrid\nbudget: { max: { parameters: 2.0e6, trainable: 50%, cache: { tokens: 4096, size: «1 MiB» } } }");

    public static readonly DiagnosticRule NotAnAllowance = Warning("MMD130", "Allowance of nothing known", "{0} allows nothing; {1}",
        "`# mmmodel: allow MMD056` lets that warning or hint stand: at the end of the line that it speaks of, or alone on the line above. A reason may follow the ids.",
        "mmmodel: 1\nmodel: Calm\nextends: TinyHovle\nsummary: Calm. # mmmodel: allow «MMD999»");

    public static readonly DiagnosticRule UnusedAllowance = Warning("MMD131", "Allowance without use", "there is no {0} on line {1} to allow; leave this out",
        "What an allowance let stand is gone, or stands on another line.",
        "mmmodel: 1\nmodel: Calm\nextends: TinyHovle\nsummary: Calm. # mmmodel: allow «MMD081»");

    public static readonly DiagnosticRule ErrorAllowed = Warning("MMD132", "Allowance of an error", "{0} is an error, which can't be allowed; mend it",
        "Only warnings and hints can be let stand.",
        "mmmodel: 1\nmodel: Bold\nextends: TinyHovle\nsummary: Bold. # mmmodel: allow «MMD020»");

    /// <summary>Every diagnostic, in the order of their ids.</summary>
    public static EquatableArray<DiagnosticRule> All { get; } = [.. Table.Concat(FamilyDiagnostics.All).OrderBy(rule => rule.Id, StringComparer.Ordinal)];
}
