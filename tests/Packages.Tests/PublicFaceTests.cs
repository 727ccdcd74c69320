using MmMamba.Testing;

namespace MmMamba.Packages.Tests;

/// <summary>What the packages show to those who compile against them. A change of it is a change of the approved text, and is reviewed as one.</summary>
[Collection(Feed.Collection)]
[Trait("Category", "Long")]
public sealed class PublicFaceTests(Feed feed)
{
    [Theory]
    [InlineData("MmMamba.Dsl.Runtime", "lib/net10.0/MmMamba.Runtime.dll")]
    [InlineData("MmMamba.Models", "lib/net10.0/MmMamba.Models.dll")]
    [InlineData("MmMamba.Dsl.Testing", "ref/net10.0/MmMamba.Testing.dll")]
    public void Public_face(string package, string assembly)
    {
        using var archive = feed.Open(package);
        using var bytes = new MemoryStream();
        using (var entry = archive.GetEntry(assembly)!.Open()) entry.CopyTo(bytes);
        Snapshot.Verify(PublicFace.Of(bytes.ToArray(), feed.References.Where(path => Path.GetFileName(path) != Path.GetFileName(assembly))), hint: package);
    }
}
