using System.Runtime.CompilerServices;
using MmMamba.ModelDsl.Review;

namespace MmMamba.Testing;

/// <summary>
/// Snapshot tests of models. What is approved is a model's sheet, its transfer plan and its facts, in one file beside the test,
/// <c>Class.Method#Model.verified.txt</c>. When the model changes, the test fails with what changed in its meaning, and with what
/// was trained that still fits; that is read from the facts in both texts.
/// </summary>
/// <example><code>
/// [Fact]
/// public void My_model() => ModelSnapshot.Verify&lt;MyHybrid&gt;();
/// </code></example>
public static class ModelSnapshot
{
    const string Extension = "txt";

    /// <summary>Fails unless a generated model is as it was approved.</summary>
    /// <typeparam name="TModel">The generated class; its spec is read from its assembly, in which the build embeds it.</typeparam>
    /// <exception cref="SnapshotException">The model differs, nothing is approved yet, or the spec isn't found or has errors.</exception>
    public static void Verify<TModel>([CallerFilePath] string sourceFile = "", [CallerMemberName] string method = "") where TModel : class =>
        Verify(SpecModel.Of(typeof(TModel)), sourceFile, method);

    /// <summary>Fails unless the model of a spec file is as it was approved; the file's neighbours are read with it.</summary>
    /// <param name="specFile">The file; a relative path is seen from the test's source file.</param>
    /// <exception cref="SnapshotException">The model differs, nothing is approved yet, or the spec isn't found or has errors.</exception>
    public static void VerifyFile(string specFile, [CallerFilePath] string sourceFile = "", [CallerMemberName] string method = "") =>
        Verify(SpecModel.OfFile(Beside(sourceFile, specFile)), sourceFile, method);

    /// <summary>What <see cref="Verify{TModel}"/> compares, for another snapshot library.</summary>
    /// <exception cref="SnapshotException">The spec isn't found or has errors.</exception>
    public static string Text<TModel>() where TModel : class => SpecModel.Of(typeof(TModel)).Text;

    /// <summary>What <see cref="VerifyFile"/> compares, for another snapshot library.</summary>
    /// <exception cref="SnapshotException">The spec isn't found or has errors.</exception>
    public static string TextOfFile(string specFile, [CallerFilePath] string sourceFile = "") => SpecModel.OfFile(Beside(sourceFile, specFile)).Text;

    /// <summary>What changed in a model's meaning between two texts of <see cref="Text{TModel}"/>; their first differing lines where that can't be read.</summary>
    public static string Explain(string approved, string received) =>
        ModelText.Difference(approved, received) ?? FirstDifference.Between(approved, received);

    static void Verify(SpecModel model, string sourceFile, string method) =>
        Snapshot.Compare(SnapshotFiles.Of(SourceTree.OnThisMachine(sourceFile), method, model.Name, Extension), model.Text, Explain);

    static string Beside(string sourceFile, string path) =>
        Path.GetFullPath(path, Path.GetDirectoryName(SourceTree.OnThisMachine(sourceFile))!);
}
