using MmMamba.Generators.Tests.Harness;

namespace MmMamba.Generators.Tests;

/// <summary>Sizes at the language's bounds: constants that fit their types, and code that compiles.</summary>
public sealed class LargestModelTests
{
    const string Largest = """
        mmmodel: 1
        model: Largest
        extends: Hovle
        tokens: { vocab: 4194304, image: 4194303 }
        vision: { image: 4096, patch: 1, max_tiles: 256, pixel_shuffle: 1 }
        towers: [ { embedding: 512 }, { decoder: 512 } ]
        hidden: 65536
        mlp: { swiglu: 262144 }
        attention: { heads: 1024, kv_heads: 1024, head_dim: 1024, rope: { theta: 1.0e12, max_positions: 16777216, dynamic: 1000 } }
        """;

    const string Student = """
        mmmodel: 1
        model: Student
        extends: MmMambaLinear
        teacher: Largest
        tokens: { vocab: 4194304, image: 4194303 }
        vision: { image: 4096, patch: 1, max_tiles: 256, pixel_shuffle: 1 }
        towers: [ { embedding: 512 }, { decoder: 512 } ]
        hidden: 65536
        mlp: { swiglu: 262144 }
        attention: { heads: 1024, kv_heads: 1024, head_dim: 1024, rope: { theta: 1.0e12, max_positions: 16777216, dynamic: 1000 } }
        mamba2: { conv: 8, chunk: 8192, skip: on, qk_norm: on }
        """;

    [Fact]
    public void They_compile()
    {
        var project = Project.Shipped(("largest.mmmodel.yaml", Largest), ("student.mmmodel.yaml", Student));
        Assert.Empty(project.Compile());
        Assert.Contains("ParameterCount", project.Run().Sources["Student.g.cs"]);
    }
}
