namespace MmMamba.ModelDsl.Tests;

/// <summary>Files of the tree that are rendered from the code's tables.</summary>
static class CommittedFile
{
    /// <summary>With <c>MMMAMBA_WRITE_DOCS=1</c> the file is written instead of compared.</summary>
    const string WriteVariable = "MMMAMBA_WRITE_DOCS";

    public static string Root { get; } = FindRoot();

    public static void Verify(string rendered, params string[] path)
    {
        var file = Path.Combine([Root, .. path]);
        if (Environment.GetEnvironmentVariable(WriteVariable) == "1")
        {
            Directory.CreateDirectory(Path.GetDirectoryName(file)!);
            File.WriteAllText(file, rendered);
        }
        Assert.True(File.Exists(file), $"{file} is missing; run this test with {WriteVariable}=1.");
        Assert.Equal(rendered, File.ReadAllText(file).Replace("\r\n", "\n"));
    }

    static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "MmMamba.Dsl.sln"))) folder = folder.Parent ?? throw new DirectoryNotFoundException("no solution above");
        return folder.FullName;
    }
}
