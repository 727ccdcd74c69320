using BenchmarkDotNet.Running;
using MmMamba.Engine.Benchmarks;

BenchmarkSwitcher.FromAssembly(typeof(Models).Assembly).Run(args.Length > 0 ? args : ["--filter", "*", "--join"]);
