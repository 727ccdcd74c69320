namespace MmMamba.Testing.Tests;

/// <summary>CI builds write source paths as /_/..., and a snapshot lies beside its test all the same.</summary>
public sealed class SourceTreeTests : IDisposable
{
    readonly string _root = Directory.CreateTempSubdirectory("mmmamba-").FullName;

    public void Dispose() => Directory.Delete(_root, recursive: true);

    string Folder(string path) => Directory.CreateDirectory(Path.Combine(_root, path)).FullName;

    [Theory, InlineData("/_/"), InlineData("/_1/"), InlineData("/_23/")]
    public void A_mapped_path_is_found_below_the_folder_that_holds_the_file(string mappedRoot)
    {
        var assembly = Folder("samples/App/App.Tests/bin/Debug");
        File.WriteAllText(Path.Combine(_root, "samples/App/App.slnx"), ""); // a solution below the root misleads nobody
        var source = Path.Combine(_root, "samples/App/App.Tests/MyTests.cs");
        File.WriteAllText(source, "");

        Assert.Equal(source, SourceTree.OnThisMachine($"{mappedRoot}samples/App/App.Tests/MyTests.cs", assembly));
    }

    [Theory, InlineData("/home/me/_/MyTests.cs"), InlineData("/_x/MyTests.cs"), InlineData("C:\\me\\MyTests.cs")]
    public void A_path_that_is_not_mapped_stays(string path) => Assert.Equal(path, SourceTree.OnThisMachine(path, _root));

    [Fact]
    public void A_file_that_is_nowhere_is_said()
    {
        var assembly = Folder("bin");
        var message = Assert.Throws<SnapshotException>(() => SourceTree.OnThisMachine("/_/gone/MyTests.cs", assembly)).Message;
        Assert.Equal($"No folder above {assembly} holds gone/MyTests.cs, so the snapshots' folder is unknown.", message);
    }
}
