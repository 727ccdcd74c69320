using MmMamba.Runtime.Kernels;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Engine;

/// <summary>The chunked scan and its gradients against float64 references.</summary>
public abstract class SsdGoldenTests(Device device)
{
    [Theory]
    [InlineData("chunk_multiple", 8)]
    [InlineData("gqa_ragged_b2", 16)]
    [InlineData("init_state_ragged", 8)]
    [InlineData("one_token", 128)]
    [InlineData("chunk128_plus2", 128)]
    [InlineData("chunk128_plus2", 7)]
    [InlineData("gqa_ragged_b2", 1)]
    public void Outputs_final_state_and_gradients(string name, int chunk)
    {
        using var scope = NewDisposeScope();
        var golden = Golden.Read("ssd.safetensors", name + "/", device);
        string[] inputs = [.. new[] { "x", "B", "C", "dt", "A", "dt_bias", "D", "initial_state" }.Where(golden.ContainsKey)];
        foreach (var input in inputs) golden[input].requires_grad_(true);

        var dt = nn.functional.softplus(golden["dt"] + golden["dt_bias"]);
        var (y, final) = SsdScan.Run(golden["x"], golden["B"], golden["C"], dt, golden["A"], chunk, golden.GetValueOrDefault("initial_state"), wantFinal: true);
        if (golden.TryGetValue("D", out var d)) y = y + SsdScan.Skip(golden["x"], d);
        Golden.Close(golden["y"], y, 1e-5, "y");
        Golden.Close(golden["final_state"], final!, 1e-5, "final_state");

        ((y * golden["cot_y"]).sum() + (final! * golden["cot_final_state"]).sum()).backward();
        foreach (var input in inputs) Golden.Close(golden["grad_" + input], golden[input].grad!, 1e-5, "gradient of " + input);
    }

    [Theory]
    [InlineData("gqa_ragged_b2")]
    [InlineData("init_state_ragged")]
    public void The_recurrence_gives_the_same(string name)
    {
        using var scope = NewDisposeScope();
        using var guard = no_grad();
        var golden = Golden.Read("ssd.safetensors", name + "/", device);
        var dt = nn.functional.softplus(golden["dt"] + golden["dt_bias"]);
        var state = golden.TryGetValue("initial_state", out var initial) ? initial.clone() : zeros_like(golden["final_state"]);
        var y = stack(Enumerable.Range(0, (int)dt.shape[1]).Select(t =>
            SsdStep.Run(state, golden["x"][.., t], golden["B"][.., t], golden["C"][.., t], dt[.., t], golden["A"])), 1);
        Golden.Close(golden["y"], y + SsdScan.Skip(golden["x"], golden["D"]), 1e-5, "y");
        Golden.Close(golden["final_state"], state, 1e-5, "final_state");
    }
}

public sealed class SsdGoldenTestsOnCpu() : SsdGoldenTests(TestDevice.Cpu);

public sealed class SsdGoldenTestsOnCuda() : SsdGoldenTests(TestDevice.Cuda);
