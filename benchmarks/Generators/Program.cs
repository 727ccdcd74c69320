using BenchmarkDotNet.Running;
using MmMamba.Generators.Benchmarks;

BenchmarkSwitcher.FromAssembly(typeof(GeneratorBenchmarks).Assembly).Run(args);
