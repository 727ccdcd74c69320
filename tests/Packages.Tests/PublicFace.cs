using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace MmMamba.Packages.Tests;

/// <summary>
/// What an assembly shows to those who compile against it, as text: a type and its members a line each, sorted. Left out is what says nothing
/// new: overrides, and what the compiler writes for records.
/// </summary>
static class PublicFace
{
    static readonly SymbolDisplayFormat Type = Format(SymbolDisplayTypeQualificationStyle.NameAndContainingTypes);

    static readonly SymbolDisplayFormat Member = Format(SymbolDisplayTypeQualificationStyle.NameOnly)
        .WithMemberOptions(SymbolDisplayMemberOptions.IncludeType | SymbolDisplayMemberOptions.IncludeParameters | SymbolDisplayMemberOptions.IncludeModifiers
            | SymbolDisplayMemberOptions.IncludeConstantValue | SymbolDisplayMemberOptions.IncludeRef | SymbolDisplayMemberOptions.IncludeExplicitInterface)
        .WithParameterOptions(SymbolDisplayParameterOptions.IncludeType | SymbolDisplayParameterOptions.IncludeName | SymbolDisplayParameterOptions.IncludeDefaultValue
            | SymbolDisplayParameterOptions.IncludeParamsRefOut | SymbolDisplayParameterOptions.IncludeExtensionThis);

    static SymbolDisplayFormat Format(SymbolDisplayTypeQualificationStyle names) => new(
        typeQualificationStyle: names,
        genericsOptions: SymbolDisplayGenericsOptions.IncludeTypeParameters | SymbolDisplayGenericsOptions.IncludeVariance | SymbolDisplayGenericsOptions.IncludeTypeConstraints,
        propertyStyle: SymbolDisplayPropertyStyle.ShowReadWriteDescriptor,
        miscellaneousOptions: SymbolDisplayMiscellaneousOptions.UseSpecialTypes | SymbolDisplayMiscellaneousOptions.IncludeNullableReferenceTypeModifier
            | SymbolDisplayMiscellaneousOptions.EscapeKeywordIdentifiers);

    /// <summary>The text of an assembly, with lines that end in <c>\n</c>.</summary>
    /// <param name="assembly">The assembly's bytes.</param>
    /// <param name="references">The files that its types are looked up in.</param>
    public static string Of(byte[] assembly, IEnumerable<string> references)
    {
        var image = MetadataReference.CreateFromImage(assembly);
        var compilation = CSharpCompilation.Create("face", references: [image, .. references.Select(path => MetadataReference.CreateFromFile(path))]);
        var types = Types(((IAssemblySymbol)compilation.GetAssemblyOrModuleSymbol(image)!).GlobalNamespace).ToArray();
        return string.Concat(types.OrderBy(Name, StringComparer.Ordinal).SelectMany(Lines).Select(line => line + "\n"));
    }

    static IEnumerable<INamedTypeSymbol> Types(INamespaceOrTypeSymbol within) =>
        within.GetMembers().OfType<INamespaceOrTypeSymbol>()
            .Where(member => member is INamespaceSymbol || IsShown(member))
            .SelectMany(member => member is INamedTypeSymbol type ? Types(type).Prepend(type) : Types(member));

    static string Name(INamedTypeSymbol type) => $"{type.ContainingNamespace.ToDisplayString()}.{type.ToDisplayString(Type)}";

    static IEnumerable<string> Lines(INamedTypeSymbol type)
    {
        if (type.TypeKind == TypeKind.Enum)
            return [$"enum {Name(type)} {{ {string.Join(", ", type.GetMembers().OfType<IFieldSymbol>().Select(value => $"{value.Name} = {value.ConstantValue}"))} }}"];
        if (type.TypeKind == TypeKind.Delegate) return [$"delegate {Name(type)}: {type.DelegateInvokeMethod!.ToDisplayString(Member)}"];
        var kind = type.TypeKind switch { TypeKind.Interface => "interface", TypeKind.Struct => "struct", _ => type.IsRecord ? "record" : "class" };
        var modifier = type switch { { IsStatic: true } => "static ", { TypeKind: not TypeKind.Class } => "", { IsAbstract: true } => "abstract ", { IsSealed: true } => "sealed ", _ => "" };
        var above = new[] { type.BaseType }.OfType<INamedTypeSymbol>().Where(parent => parent.SpecialType is not (SpecialType.System_Object or SpecialType.System_ValueType))
            .Concat(type.Interfaces.Where(parent => parent is not { Name: "IEquatable" }))
            .Select(parent => parent.ToDisplayString(Type)).ToArray();
        var members = type.GetMembers().Where(IsShown).Where(member => member is not INamedTypeSymbol).Where(IsWritten)
            .Select(member => "  " + member.ToDisplayString(Member)).Order(StringComparer.Ordinal);
        return members.Prepend($"{modifier}{kind} {Name(type)}{(above.Length == 0 ? "" : " : " + string.Join(", ", above))}");
    }

    static bool IsShown(ISymbol symbol) => symbol.DeclaredAccessibility is Accessibility.Public or Accessibility.Protected or Accessibility.ProtectedOrInternal;

    static bool IsWritten(ISymbol member) =>
        !member.IsOverride
        && member is not IMethodSymbol { AssociatedSymbol: not null }
        && !(member is IMethodSymbol { MethodKind: MethodKind.Constructor, Parameters: [var copied] } && SymbolEqualityComparer.Default.Equals(copied.Type, member.ContainingType))
        && !member.GetAttributes().Any(attribute => attribute.AttributeClass?.Name == "CompilerGeneratedAttribute");
}
