using System.Globalization;
using System.Runtime.InteropServices;
using BenchmarkDotNet.Analysers;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Engines;
using BenchmarkDotNet.Exporters;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Validators;

namespace MmMamba.Engine.Benchmarks;

/// <summary>
/// The most memory that was resident during a benchmark above what was before: that of tensors, which the garbage collector does not see. Linux tells it.
/// </summary>
sealed partial class NativeMemory : IDiagnoser
{
    const string Status = "/proc/self/status", Clear = "/proc/self/clear_refs";

    readonly Dictionary<BenchmarkCase, double> _grown = [];
    long _before;

    public IEnumerable<string> Ids => [nameof(NativeMemory)];
    public IEnumerable<IExporter> Exporters => [];
    public IEnumerable<IAnalyser> Analysers => [];
    public BenchmarkDotNet.Diagnosers.RunMode GetRunMode(BenchmarkCase benchmarkCase) => File.Exists(Clear) ? BenchmarkDotNet.Diagnosers.RunMode.NoOverhead : BenchmarkDotNet.Diagnosers.RunMode.None;

    public void Handle(HostSignal signal, DiagnoserActionParameters parameters)
    {
        if (signal == HostSignal.BeforeActualRun)
        {
            // What an allocator keeps would hide what is taken again.
            GC.Collect();
            _ = malloc_trim(0);
            File.WriteAllText(Clear, "5");
            _before = Kilobytes("VmRSS:");
        }
        else if (signal == HostSignal.AfterActualRun) _grown[parameters.BenchmarkCase] = (Kilobytes("VmHWM:") - _before) * 1024.0;
    }

    public IEnumerable<Metric> ProcessResults(DiagnoserResults results) =>
        _grown.TryGetValue(results.BenchmarkCase, out var bytes) ? [new Metric(Descriptor.Instance, Math.Max(bytes, 0))] : [];

    public void DisplayResults(ILogger logger) { }

    public IEnumerable<ValidationError> Validate(ValidationParameters validationParameters) => [];

    static long Kilobytes(string name) => long.Parse(
        File.ReadLines(Status).First(line => line.StartsWith(name, StringComparison.Ordinal))[name.Length..].Replace("kB", ""), NumberStyles.AllowLeadingWhite | NumberStyles.AllowTrailingWhite, CultureInfo.InvariantCulture);

    [LibraryImport("libc")]
    private static partial int malloc_trim(nuint pad);

    sealed class Descriptor : IMetricDescriptor
    {
        public static readonly Descriptor Instance = new();
        public string Id => "NativeMemory";
        public string DisplayName => "Native";
        public string Legend => "Greatest resident memory above that before";
        public string NumberFormat => "#,0.0";
        public UnitType UnitType => UnitType.Size;
        public string Unit => "B";
        public bool TheGreaterTheBetter => false;
        public int PriorityInCategory => 1;
        public bool GetIsAvailable(Metric metric) => true;
    }
}
