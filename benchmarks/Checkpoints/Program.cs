using System.Diagnostics;
using MmMamba.Checkpoints.Benchmarks;
using static TorchSharp.torch;

// Writes states of some trainings into a folder and goes on from them:
//   dotnet run -c Release --project benchmarks/Checkpoints -- states FOLDER [PARAMETERS...]
if (args is ["states", var states, .. var sizes])
{
    Console.WriteLine("   parameters         MB  fastest  slowest  resume   (seconds)");
    foreach (var size in sizes.Length > 0 ? sizes : ["172968", "303075072"])
        Console.WriteLine(States.Measure(states, long.Parse(size, System.Globalization.CultureInfo.InvariantCulture), TorchSharp.torch.CPU));
    return 0;
}

// Loads a checkpoint in every way, each in a process of its own, with its files out of the system's cache and in it:
//   dotnet run -c Release --project benchmarks/Checkpoints -- FOLDER
if (args is [var checkpoint])
{
    Console.WriteLine("way    files   seconds   GB/s  peak MiB  above the model, MiB");
    foreach (var way in new[] { Loading.Plain, Loading.Read, Loading.Map })
        foreach (var cached in new[] { false, true })
        {
            if (!cached) FileCache.Drop(checkpoint);
            using var child = Process.Start(Environment.ProcessPath!, [checkpoint, way, cached ? "cached" : "cold"]);
            child.WaitForExit();
            if (child.ExitCode != 0) return child.ExitCode;
        }
    return 0;
}

// What a conversation with it weighs, in float32 or bfloat16:
//   dotnet run -c Release --project benchmarks/Checkpoints -- conversation FOLDER float32
if (args is ["conversation", var spoken, "float32" or "bfloat16"])
{
    Conversations.Measure(spoken, args[2] == "float32" ? ScalarType.Float32 : ScalarType.BFloat16);
    return 0;
}

if (args is not [var path, var name, var state]) throw new ArgumentException("expected the path of a checkpoint with its plan");
Console.WriteLine(Loading.Measure(path, name, state));
return 0;
