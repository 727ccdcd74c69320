using System.CommandLine;
using System.Globalization;
using MmMamba.Cli.Jobs;
using MmMamba.Cli.Reports;
using MmMamba.Cli.Specs;
using MmMamba.Runtime;
using MmMamba.Runtime.Checkpoints;

namespace MmMamba.Cli.Commands;

/// <summary><c>mmmamba export</c>: a model as the authors' released code reads it.</summary>
static class ExportCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("model") { Description = "A built-in model's name, a spec file, or a checkpoint, whose weights are then exported." };
        var output = RunOptions.NotEmpty(new Option<string>("--output") { Description = "The folder to make.", Required = true });
        var weights = RunOptions.NotEmpty(new Option<string?>("--weights") { Description = "The model's checkpoint: a folder or a safetensors file, fused or not." });
        var random = new Option<bool>("--random") { Description = "Draw the weights instead: of a model that has learned nothing." };
        var seed = new Option<ulong>("--seed") { Description = "Keys the draws of --random.", DefaultValueFactory = _ => 0 };
        var layout = new Option<string>("--layout") { Description = "released (projections of Mamba-2 fused) or unfused.", DefaultValueFactory = _ => "released" };
        layout.AcceptOnlyFromAmong("released", "unfused");
        var dtype = new Option<string?>("--dtype") { Description = "float32, bfloat16 or float16; the weights' own type if left out." };
        dtype.AcceptOnlyFromAmong("float32", "bfloat16", "float16");
        var shard = new Option<string>("--shard-size") { Description = "Greatest size of a file's tensors, such as 5GB or 500MB.", DefaultValueFactory = _ => "5GB" };
        shard.Validators.Add(result =>
        {
            if (result.Tokens.Count > 0 && Bytes(result.Tokens[0].Value) is null) result.AddError($"--shard-size is '{result.Tokens[0].Value}'; write a number with KB, MB or GB.");
        });
        var command = new Command("export", "Write a checkpoint as the authors' released code reads it: weights, config.json, and what says where they come from.")
        {
            model, output, weights, random, seed, layout, dtype, shard,
        };
        command.Validators.Add(result =>
        {
            if (result.GetValue(random) && result.GetResult(weights) is not null) result.AddError("--random draws weights; leave --weights out.");
            if (!result.GetValue(random) && result.GetResult(seed) is { Implicit: false }) result.AddError("--seed needs --random.");
        });
        command.SetAction((result, cancellation) =>
        {
            var (named, target) = (result.GetRequiredValue(model), result.GetRequiredValue(output));
            var (library, name) = SpecLibrary.Locate(named);
            var folder = FolderModel.Of(library, name);
            var settings = new ExportSettings(
                result.GetValue(layout) == "released" ? CheckpointLayout.Released : CheckpointLayout.Unfused,
                result.GetValue(dtype) is { } type ? Dtypes.Parse(type) : null, Bytes(result.GetRequiredValue(shard))!.Value);
            if (result.GetValue(random))
                ExportJob.Draw(folder, folder.Plan.Teacher is { } teacher ? library.Model(teacher).Plan : null, result.GetValue(seed), target, settings, cancellation);
            else
                ExportJob.Run(folder, result.GetValue(weights) ?? (CheckpointSpec.Is(named) ? named : throw new InputException(
                    $"{named} is a model without weights; name its checkpoint with --weights, or draw some with --random.")), target, settings, cancellation);
            Console.WriteLine(Printable.Line(FormattableString.Invariant($"{target}: {folder.Plan.Name}, {folder.Plan.ParameterCount:#,0} parameters, {folder.Plan.Fingerprint}")));
            if (ExportJob.IsPlainThere(folder))
                Console.Error.WriteLine(Printable.Line($"mmmamba: {target}: the authors' code computes plain positions in students, and {folder.Plan.Name} has dynamic ones: beyond max_positions it answers otherwise; what reads the spec beside the weights does not."));
            return Task.FromResult(ExitCode.Ok);
        });
        return command;
    }

    /// <summary>Bytes of a size in decimal units, as published shards are measured; null where it is none.</summary>
    static long? Bytes(string size)
    {
        var digits = size.TakeWhile(char.IsAsciiDigit).Count();
        long? unit = size[digits..].Trim().ToUpperInvariant() switch { "" or "B" => 1, "KB" => 1_000, "MB" => 1_000_000, "GB" => 1_000_000_000, _ => null };
        return long.TryParse(size.AsSpan(0, digits), NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number > 0 && unit is { } bytes && number <= long.MaxValue / bytes
            ? number * bytes
            : null;
    }
}
