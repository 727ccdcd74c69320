namespace MmMamba.Cli.Jobs;

/// <summary>The trained teacher that comes with the tool.</summary>
static class TinyTeacher
{
    /// <summary>The model that it is.</summary>
    public const string Model = "TinyHovle";

    /// <summary>Its checkpoint; null where the tool was built without it.</summary>
    public static string? Path => System.IO.Path.Combine(AppContext.BaseDirectory, "checkpoints", "tiny-hovle.safetensors") is var path && File.Exists(path) ? path : null;
}
