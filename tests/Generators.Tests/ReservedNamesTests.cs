using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using MmMamba.Generators.Tests.Harness;
using MmMamba.ModelDsl.Binding;

namespace MmMamba.Generators.Tests;

/// <summary>The language refuses for a model every name that generated code uses for something else.</summary>
public sealed class ReservedNamesTests
{
    [Fact]
    public void Every_name_of_generated_code_that_a_model_could_take_is_refused()
    {
        var project = Project.Shipped();
        var models = Specs.Shipped.Values.Select(text => SpecParser.Parse(new("x.mmmodel.yaml", text)).Name).ToHashSet();
        var used = project.Run().Sources.Values.SelectMany(NamesIn).ToHashSet();
        used.ExceptWith(models!);

        Assert.True(used.Count > 50, "The walk saw too little to mean anything.");
        Assert.Empty(used.Where(name => SpecParser.Parse(new("x.mmmodel.yaml", Specs.Student(name))).Name is not null).Order(StringComparer.Ordinal));
    }

    // Names that are looked up, and members that the class declares; what follows a dot or names an argument is looked up elsewhere.
    static IEnumerable<string> NamesIn(string code)
    {
        var root = CSharpSyntaxTree.ParseText(code).GetCompilationUnitRoot();
        var lookedUp = root.DescendantNodes().OfType<SimpleNameSyntax>()
            .Where(name => name.Parent switch
            {
                MemberAccessExpressionSyntax access => access.Expression == name,
                QualifiedNameSyntax qualified => qualified.Left == name,
                NameColonSyntax or AssignmentExpressionSyntax { Parent: InitializerExpressionSyntax } => false,
                _ => true,
            })
            .Where(name => !name.Ancestors().OfType<UsingDirectiveSyntax>().Any())
            .Select(name => name.Identifier.Text);
        var declared = root.DescendantNodes().OfType<MemberDeclarationSyntax>().Where(member => member.Parent is ClassDeclarationSyntax { Parent: FileScopedNamespaceDeclarationSyntax })
            .SelectMany(member => member switch
            {
                MethodDeclarationSyntax method => [method.Identifier.Text],
                PropertyDeclarationSyntax property => [property.Identifier.Text],
                FieldDeclarationSyntax field => field.Declaration.Variables.Select(variable => variable.Identifier.Text),
                BaseTypeDeclarationSyntax type => [type.Identifier.Text],
                _ => Enumerable.Empty<string>(),
            });
        // Within a registry its own members come before any class; nothing outside of it names them.
        if (root.DescendantNodes().OfType<ClassDeclarationSyntax>().First().BaseList!.Types.Any(type => type.ToString() == "FamilyMember"))
        {
            var own = declared.Concat(root.DescendantNodes().OfType<MethodDeclarationSyntax>().Select(method => method.Identifier.Text)).ToHashSet();
            return lookedUp.Where(name => char.IsUpper(name[0]) && !own.Contains(name));
        }
        return lookedUp.Concat(declared).Where(name => char.IsUpper(name[0]) && !IsLayer(name));

    }

    // A layer's name gives way to the model's: Embedding0 of a model called Embedding0 becomes Layer_0.
    static bool IsLayer(string name) => name.StartsWith("Embedding", StringComparison.Ordinal) || name.StartsWith("Decoder", StringComparison.Ordinal);
}
