using MmMamba.ModelDsl.Architecture;
using MmMamba.ModelDsl.Binding;
using MmMamba.ModelDsl.Syntax;
using MmMamba.Runtime.Data;
using MmMamba.Runtime.Plans;
using MmMamba.Runtime.Seeding;
using MmMamba.Runtime.Text.Tiny;

namespace MmMamba.Runtime.Tests.Distillation;

/// <summary>The shipped tiny models with their own kind of data.</summary>
static class TinyModels
{
    static readonly ModelSet Set = ModelSet.Resolve(Catalog.Bind(
    [
        .. Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "models"), "*.mmmodel.yaml").Order(StringComparer.Ordinal)
            .Select(path => SpecParser.Parse(new SpecFile(Path.GetFileName(path), File.ReadAllText(path)))),
    ]));

    public static ModelPlan Teacher { get; } = Plan("TinyHovle");
    public static ModelPlan Hybrid { get; } = Plan("TinyMmMambaHybrid");

    public static ConversationEncoder Encoder { get; } = new(Teacher, TinyTokenizer.Load());

    /// <summary>A teacher that has learned nothing.</summary>
    public static VisionLanguageModel DrawTeacher() => new(Teacher, new DrawnParameters(1));

    /// <summary>A hybrid that has learned nothing, from such a teacher.</summary>
    public static VisionLanguageModel SeedHybrid(ulong seed)
    {
        using var teacher = DrawTeacher();
        return new(Hybrid, new SeededParameters(teacher, seed));
    }

    /// <summary>Conversations of two turns about mosaics of four drawn pictures.</summary>
    public static MosaicSource Conversations(long count = long.MaxValue) => new(
        DrawnPictures.Splits(0, trainPerClass: 8, testPerClass: 1).Train, new MosaicOptions { Grids = [new(2, 1)], Turns = 2 }, 3, count);

    public static IEnumerable<Batch> Batches(int size) => new BatchLoader(Conversations(), Encoder, new BatchOptions { Size = size, Endless = true });

    static ModelPlan Plan(string name) => PlanJson.Parse(ModelDsl.Rendering.PlanJson.Render(Set.Find(name)!));
}
