using System.CommandLine;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;
using MmMamba.Cli.Specs;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;
using MmMamba.Runtime.Plans;
using static TorchSharp.torch;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba forward</c>: a model's numbers for given inputs, for anyone's own comparison.</summary>
static class ForwardCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("spec") { Description = "A built-in model's name, a spec file, or a checkpoint's folder." };
        var weights = RunOptions.NotEmpty(new Option<string>("--weights") { Description = "The checkpoint, fused or unfused: a safetensors file, or a folder.", Required = true });
        var inputs = RunOptions.NotEmpty(new Option<string>("--inputs") { Description = "The inputs (safetensors): input_ids; pixel_values, position_ids, attention_mask where there are any.", Required = true });
        var output = RunOptions.NotEmpty(new Option<string>("--output") { Description = "The file to write (safetensors): logits, and hidden.0 onwards.", Required = true });
        var hidden = new Option<bool>("--hidden-states") { Description = "Write the stream between layers too: hidden.0 enters the first, hidden.i leaves the i-th." };
        var decode = RunOptions.Range(new Option<int>("--decode") { Description = "Compute so many last tokens one by one through the caches.", DefaultValueFactory = _ => 0 }, 0, int.MaxValue);
        var command = new Command("forward", "Run a model on given inputs and write its logits at every position.")
        {
            model, weights, inputs, output, hidden, decode,
        };
        var compute = new ComputeOptions(command, readsWeights: true, holdsStates: true);
        command.SetAction((result, cancellation) =>
        {
            var request = new Request(
                result.GetRequiredValue(weights), result.GetRequiredValue(inputs), result.GetRequiredValue(output), result.GetValue(hidden), result.GetValue(decode));
            Run(CheckpointSpec.PlanOf(result.GetRequiredValue(model)), request, compute.Open(result), cancellation);
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    sealed record Request(string Weights, string Inputs, string Output, bool Hidden, int Decode);

    static void Run(ModelPlan plan, Request request, ComputeSettings compute, CancellationToken cancellation)
    {
        var output = Path.GetFullPath(request.Output);
        if (Directory.Exists(output)) throw new InputException($"{request.Output}: is a folder; name the file to write.");
        foreach (var read in (string[])[request.Weights, request.Inputs])
            if (Path.GetFullPath(read) == output || (Directory.Exists(read) && Path.TrimEndingDirectorySeparator(Path.GetFullPath(read)) == Path.GetDirectoryName(output)))
                throw new InputException($"{request.Output}: is read, and is not written to; name another file.");

        using var scope = NewDisposeScope();
        var input = ForwardInputs.Read(request.Inputs, plan);
        using var model = compute.Load(plan, request.Weights);
        using var pass = ForwardPass.Run(model, input, request.Decode, request.Hidden, cancellation);

        var dtype = Dtypes.NameOf(compute.Dtype);
        var states = request.Decode > 0 && model.StateDtype != ScalarType.Float32 ? $", states in {Dtypes.NameOf(model.StateDtype)}" : "";
        var tensors = pass.Hidden.Select((x, i) => (FormattableString.Invariant($"hidden.{i}"), x)).Prepend(("logits", pass.Logits));
        SafetensorsWriter.Write(request.Output, tensors, new Dictionary<string, string>
        {
            ["mmmamba.model"] = plan.Name, ["mmmamba.fingerprint"] = plan.Fingerprint, ["mmmamba.computed"] = $"{dtype}, {compute.Device.type.ToString().ToLowerInvariant()}{states}",
        });
        Console.WriteLine(Printable.Line(
            $"{request.Output}: logits {string.Join(" x ", pass.Logits.shape)}{(request.Hidden ? $", hidden.0 to hidden.{pass.Hidden.Count - 1}" : "")} of {plan.Name} in {dtype}"
            + (request.Decode > 0 ? $", the last {request.Decode} tokens one by one{states}" : "")));
        Console.WriteLine(Printable.Line(Compute.Describe(compute.Device)));
    }
}
