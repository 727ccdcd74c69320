namespace MmMamba.Generators.Emit;

/// <summary>The text of a file.</summary>
static class Emitter
{
    public static string Emit(Output output, Target target) => output switch
    {
        ModelOutput model => ModelEmitter.Emit(model, target),
        FamilyOutput family => FamilyEmitter.Emit(family, target),
        FamilyStubOutput stub => FamilyEmitter.EmitStub(stub, target),
        StubOutput stub => StubEmitter.Emit(stub, target),
        _ => throw new InvalidOperationException($"No emitter for {output.GetType().Name}."),
    };
}
