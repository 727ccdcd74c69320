// What C# 14 needs from the framework and netstandard2.0 does not have.
namespace System.Runtime.CompilerServices
{
    static class IsExternalInit;
}
