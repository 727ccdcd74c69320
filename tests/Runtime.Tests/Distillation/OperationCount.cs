using System.Runtime.InteropServices;
using MmMamba.Runtime.Native;

namespace MmMamba.Runtime.Tests.Distillation;

/// <summary>
/// Counts libtorch's operations by its own record of calls (<c>at::RecordFunction</c>): those that launch a kernel on a GPU, gradients included. What makes views, and what calls
/// other operations instead of computing, is not counted; nor is what an operation that was counted calls.
/// </summary>
sealed class OperationCount : IDisposable
{
    // What makes a view, or memory, or asks for a value.
    static readonly HashSet<string> Views =
    [
        .. "view _unsafe_view as_strided narrow slice select permute transpose t expand unsqueeze squeeze unflatten alias detach split split_with_sizes".Split(' '),
        .. "empty empty_like empty_strided result_type item is_nonzero _local_scalar_dense _fused_sdp_choice scalar_tensor _reshape_alias expand_as view_as lift_fresh".Split(' '),
    ];

    // What is made of others.
    static readonly HashSet<string> Callers =
    [
        .. "linear matmul to _to_copy reshape flatten contiguous clone rms_norm square pad _pad_enum constant_pad_nd stack zeros ones full zeros_like ones_like".Split(' '),
        .. "norm scaled_dot_product_attention to_dense type_as sum_to_size softmax log_softmax narrow_backward".Split(' '),
    ];

    readonly Dictionary<string, int> _counts = [];
    readonly nint _library = NativeLibrary.Load(Path.Combine(Libtorch.Ensure().Folder, "libtorch_cpu.so"));
    readonly Name _name;
    readonly Start _start;
    readonly End _end;
    readonly ulong _handle;
    int _depth, _within;

    /// <summary>Counts from now on, whatever thread calls.</summary>
    public OperationCount()
    {
        _name = Export<Name>("_ZNK2at14RecordFunction4nameEv");
        (_start, _end) = (Began, Ended);
        var callback = new Callback
        {
            Start = Marshal.GetFunctionPointerForDelegate(_start), End = Marshal.GetFunctionPointerForDelegate(_end), Probability = 1, Functions = 1,
        };
        _handle = Export<Add>("_ZN2at17addGlobalCallbackENS_22RecordFunctionCallbackE")(callback);
    }

    /// <summary>Operations that launch.</summary>
    public int Launches => _counts.Values.Sum();

    /// <summary>All calls of libtorch, those within others left out, views counted.</summary>
    public int Calls { get; private set; }

    /// <summary>By name, the most frequent first.</summary>
    public override string ToString() => string.Join(", ", _counts.OrderByDescending(count => count.Value).ThenBy(count => count.Key, StringComparer.Ordinal).Select(count => $"{count.Value} {count.Key}"));

    public void Dispose() => Export<Remove>("_ZN2at14removeCallbackEm")(_handle);

    // An operation within one that was counted is that one's business.
    nint Began(nint observer, nint function)
    {
        Marshal.WriteIntPtr(observer, 0);
        var name = NameOf(function);
        if (IsNode(name)) return observer;
        if (_depth++ == 0) Calls++;
        if (Computes(name) && _within++ == 0) _counts[name] = _counts.GetValueOrDefault(name) + 1;
        return observer;
    }

    void Ended(nint function, nint observer)
    {
        var name = NameOf(function);
        if (IsNode(name)) return;
        _depth--;
        if (Computes(name)) _within--;
    }

    static bool Computes(string name) => !Views.Contains(name) && !Callers.Contains(name);

    // A node of a graph, which calls operations.
    static bool IsNode(string name) => name.StartsWith("autograd::", StringComparison.Ordinal) || name.Contains("Backward", StringComparison.Ordinal) || name.StartsWith("torch::", StringComparison.Ordinal);

    string NameOf(nint function) => Marshal.PtrToStringUTF8(_name(function))!.Replace("aten::", "", StringComparison.Ordinal);

    T Export<T>(string symbol) where T : Delegate => Marshal.GetDelegateForFunctionPointer<T>(NativeLibrary.GetExport(_library, symbol));

    delegate nint Name(nint function);
    delegate nint Start(nint observer, nint function);
    delegate void End(nint function, nint observer);
    delegate ulong Add(Callback callback);
    delegate void Remove(ulong handle);

    /// <summary>at::RecordFunctionCallback: two functions, how often, and of ten kinds of calls the first one, which is operations.</summary>
    [StructLayout(LayoutKind.Sequential, Size = 40)]
    struct Callback
    {
        public nint Start, End;
        public double Probability;
        public byte Functions;
    }
}
