namespace MmMamba.Models;

/// <summary>The models of this assembly by name.</summary>
public static class PublishedModels
{
    /// <summary>Every model, teachers before their students.</summary>
    public static IReadOnlyList<PublishedModel> All { get; } =
    [
        PublishedModel.Of<Hovle>(),
        PublishedModel.Of<MmMambaLinear>(),
        PublishedModel.Of<MmMambaHybrid>(),
        PublishedModel.Of<TinyHovle>(),
        PublishedModel.Of<TinyMmMambaLinear>(),
        PublishedModel.Of<TinyMmMambaHybrid>(),
    ];

    /// <summary>The model of a name; null where there is none.</summary>
    public static PublishedModel? Find(string name) => All.FirstOrDefault(model => model.Name == name);
}
