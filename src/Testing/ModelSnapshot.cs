using System.Runtime.CompilerServices;
using MmMamba.ModelDsl.Review;

namespace MmMamba.Testing;

/// <summary>
/// Snapshot tests of models and ablation families. What is approved of a model is its sheet, its transfer plan and its facts, in one file
/// beside the test, <c>Class.Method#Model.verified.txt</c>; of a family its sheet, the facts of its base, and those in which each member
/// differs. When one changes, the test fails with what changed in its meaning, for a family by member, and with what was trained that still
/// fits; that is read from the facts in both texts.
/// </summary>
/// <example><code>
/// [Fact] public void My_model() => ModelSnapshot.Verify&lt;MyHybrid&gt;();
/// [Fact] public void My_family() => ModelSnapshot.Verify&lt;MyFamily&gt;();
/// [Fact] public void My_member() => ModelSnapshot.Verify(MyFamily.TailStacked);
/// </code></example>
public static class ModelSnapshot
{
    const string Extension = "txt";

    /// <summary>Fails unless a generated model, or the whole family of a generated registry, is as it was approved.</summary>
    /// <typeparam name="T">The generated class; its spec is read from its assembly, in which the build embeds it.</typeparam>
    /// <exception cref="SnapshotException">It differs, nothing is approved yet, or the spec isn't found or has errors.</exception>
    public static void Verify<T>([CallerFilePath] string sourceFile = "", [CallerMemberName] string method = "") where T : class =>
        Verify(SpecModel.Of(typeof(T)), sourceFile, method);

    /// <summary>Fails unless a member of a family is as it was approved: as a model, whole.</summary>
    /// <param name="member">The member, a value of the generated registry.</param>
    /// <inheritdoc cref="Verify{T}(string, string)"/>
    public static void Verify<T>(T member, [CallerFilePath] string sourceFile = "", [CallerMemberName] string method = "") where T : class =>
        Verify(SpecModel.Of(typeof(T), member.ToString()), sourceFile, method);

    /// <summary>Fails unless what a spec file describes is as it was approved; the file's neighbours are read with it.</summary>
    /// <param name="specFile">The file, a model's or a family's, or <c>FILE#Member</c>; a relative path is seen from the test's source file.</param>
    /// <exception cref="SnapshotException">It differs, nothing is approved yet, or the spec isn't found or has errors.</exception>
    public static void VerifyFile(string specFile, [CallerFilePath] string sourceFile = "", [CallerMemberName] string method = "") =>
        Verify(SpecModel.OfFile(Beside(sourceFile, specFile)), sourceFile, method);

    /// <summary>What <see cref="Verify{T}(string, string)"/> compares, for another snapshot library.</summary>
    /// <exception cref="SnapshotException">The spec isn't found or has errors.</exception>
    public static string Text<T>() where T : class => SpecModel.Of(typeof(T)).Text;

    /// <summary>What <see cref="Verify{T}(T, string, string)"/> compares, for another snapshot library.</summary>
    /// <exception cref="SnapshotException">The spec isn't found or has errors.</exception>
    public static string Text<T>(T member) where T : class => SpecModel.Of(typeof(T), member.ToString()).Text;

    /// <summary>What <see cref="VerifyFile"/> compares, for another snapshot library.</summary>
    /// <exception cref="SnapshotException">The spec isn't found or has errors.</exception>
    public static string TextOfFile(string specFile, [CallerFilePath] string sourceFile = "") => SpecModel.OfFile(Beside(sourceFile, specFile)).Text;

    /// <summary>What changed in meaning between two texts of one model or family; their first differing lines where that can't be read.</summary>
    public static string Explain(string approved, string received) =>
        FamilyText.Difference(approved, received) ?? ModelText.Difference(approved, received) ?? FirstDifference.Between(approved, received);

    static void Verify(SpecModel model, string sourceFile, string method) =>
        Snapshot.Compare(SnapshotFiles.Of(SourceTree.OnThisMachine(sourceFile), method, model.Name, Extension), model.Text, Explain);

    static string Beside(string sourceFile, string path) =>
        Path.GetFullPath(path, Path.GetDirectoryName(SourceTree.OnThisMachine(sourceFile))!);
}
