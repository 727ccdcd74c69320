namespace MmMamba.Packages.Tests;

/// <summary>A solution of the template, restored and built, with the tool; a test writes into it what a user would.</summary>
public sealed class FreshSolution
{
    readonly Feed _feed;
    readonly string _written;

    public FreshSolution(Feed feed)
    {
        _feed = feed;
        Folder = feed.NewConsumer("Fresh");
        Project = Path.Combine(Folder, "Fresh");
        Spec = Path.Combine(Project, "models", "few-attention.mmmodel.yaml");
        _written = File.ReadAllText(Spec);
        Built = DotNet("build").Succeeded();
        DotNet("tool", "restore").Succeeded();
    }

    /// <summary>The solution's folder, in which commands run.</summary>
    public string Folder { get; }

    public string Project { get; }

    /// <summary>The spec of <c>FewAttention</c>.</summary>
    public string Spec { get; }

    /// <summary>The compiled program.</summary>
    public string Program => Path.Combine(Project, "bin", "Debug", "net10.0", "Fresh.dll");

    /// <summary>What the first build printed.</summary>
    public Result Built { get; }

    /// <summary>The template's spec with a part replaced.</summary>
    public void Write(string part, string replacement)
    {
        Assert.Contains(part, _written);
        File.WriteAllText(Spec, _written.Replace(part, replacement));
    }

    /// <summary>The template's spec as it was.</summary>
    public void WriteBack() => File.WriteAllText(Spec, _written);

    public Result Build() => DotNet("build", "--no-restore");

    public Result DotNet(params string[] arguments) => _feed.DotNet(Folder, arguments);

    public Result DotNet(IReadOnlyDictionary<string, string> environment, params string[] arguments) => _feed.DotNet(Folder, environment, arguments);

    public Result Git(params string[] arguments) => Command.Run("git", Folder, new Dictionary<string, string>(), arguments);
}
