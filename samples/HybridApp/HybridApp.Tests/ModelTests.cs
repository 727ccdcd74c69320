using MmMamba.Testing;

namespace HybridApp.Tests;

/// <summary>A change of a spec fails here with what it means; MMMAMBA_ACCEPT_SNAPSHOTS=1 approves it.</summary>
public class ModelTests
{
    [Fact]
    public void Few_attention() => ModelSnapshot.Verify<FewAttention>();

    [Fact]
    public void Tiny_student() => ModelSnapshot.Verify<TinyStudent>();
}
