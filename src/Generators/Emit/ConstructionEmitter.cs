using MmMamba.ModelDsl.Architecture;

namespace MmMamba.Generators.Emit;

/// <summary>The ways to get a model: from a source of parameters, from its teacher, from a file.</summary>
static class ConstructionEmitter
{
    public static void Emit(CodeWriter w, ResolvedModel model, string? teacher)
    {
        var name = Identifier.Of(model.Name);
        w.Write($"""
            /// <summary>A model whose parameters come from <paramref name="source"/>.</summary>
            public {name}(ParameterSource source) : base(Plan, source)
            {"{"}
            {"}"}

            /// <inheritdoc/>
            public static {name} Create(ParameterSource source) => new(source);

            /// <summary>The model of a safetensors file, whose tensors must be the plan's.</summary>
            /// <param name="path">The file, with names as here or as released.</param>
            /// <param name="device">Where the model lives; null is the CPU.</param>
            /// <param name="dtype">Type of its parameters, whatever is stored.</param>
            /// <exception cref="InputException">The file cannot be read or does not fit.</exception>
            public static {name} Load(string path, torch.Device? device = null, torch.ScalarType dtype = torch.ScalarType.Float32)
            {"{"}
                using var parameters = new CheckpointParameters(path, Plan, device, dtype);
                return new(parameters);
            {"}"}
            """);
        if (teacher is not null)
            w.Write($"""

                /// <summary>A student at its beginning: copied, sliced and drawn as the plan says.</summary>
                /// <param name="teacher">The declared teacher.</param>
                /// <param name="seed">The same seed gives the same student.</param>
                public static {name} SeedFrom({teacher} teacher, ulong seed) => new(new SeededParameters(teacher, seed));
                """);
    }
}
