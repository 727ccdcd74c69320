using System.Diagnostics;
using MmMamba.Checkpoints.Benchmarks;

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
if (args is not [var path, var name, var state]) throw new ArgumentException("expected the path of a checkpoint with its plan");
Console.WriteLine(Loading.Measure(path, name, state));
return 0;
