using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Native;

/// <summary>How libtorch computes attention, by its own numbers.</summary>
enum AttentionKernel
{
    /// <summary>Products and a softmax, with all weights in memory.</summary>
    Plain = 0,
    Flash = 1,
    Efficient = 2,
    Cudnn = 3,
}

/// <summary>Operations of libtorch that TorchSharp does not offer, called through the dispatcher, with autograd as usual.</summary>
static class Aten
{
    static readonly Operation RmsNormOperation = new("aten::rms_norm");
    static readonly Operation AttentionOperation = new("aten::scaled_dot_product_attention");
    static readonly Operation AttentionChoiceOperation = new("aten::_fused_sdp_choice");
    static readonly Operation FlashOnCpuOperation = new("aten::_scaled_dot_product_flash_attention_for_cpu");
    static readonly Operation EfficientOperation = new("aten::_scaled_dot_product_efficient_attention");
    static readonly Operation FusedAdamWOperation = new("aten::_fused_adamw_");
    static readonly Operation ScaleOperation = new("aten::_foreach_mul_", "Tensor");
    static readonly Operation ProductOperation = new("aten::mm", "dtype");

    /// <summary>x / sqrt(mean(x^2) + eps) over the last dimension, computed in float32 and returned in x's type.</summary>
    public static Tensor RmsNorm(Tensor x, double eps)
    {
        var call = new Call(stackalloc ulong[4]);
        call.Add(x);
        call.AddIntegers([x.shape[^1]]);
        call.AddNone();
        call.AddOptional(eps);
        return call.Invoke(RmsNormOperation);
    }

    /// <summary>
    /// softmax(q k^T / sqrt(d)) v for q (B, heads, T, d) and k, v (B, kv heads, S, d); query head j reads kv head j / (heads / kv heads).
    /// </summary>
    /// <param name="mask">Boolean, broadcastable to (B, heads, T, S), true where a query may look; null for none.</param>
    /// <param name="causal">Query t sees keys 0 to t: right only where T equals S.</param>
    public static Tensor Attention(Tensor q, Tensor k, Tensor v, Tensor? mask, bool causal)
    {
        var each = q.shape[1] / k.shape[1];
        // The one float32 kernel on a GPU that does not hold all scores knows no groups of heads.
        if (each > 1 && q.device_type == DeviceType.CUDA && q.dtype == ScalarType.Float32)
        {
            using var keys = k.repeat_interleave(each, 1);
            using var values = v.repeat_interleave(each, 1);
            return Attention(q, keys, values, mask, causal);
        }
        var call = new Call(stackalloc ulong[8]);
        call.Add(q);
        call.Add(k);
        call.Add(v);
        call.AddOptional(mask);
        call.Add(0.0);
        call.Add(causal);
        call.AddNone();
        call.Add(each > 1);
        return call.Invoke(AttentionOperation);
    }

    /// <summary>The kernel that <see cref="Attention"/> takes for these, without a mask; libtorch knows its devices and versions best.</summary>
    public static AttentionKernel AttentionKernelOf(Tensor q, Tensor k, Tensor v, bool causal)
    {
        var call = new Call(stackalloc ulong[8]);
        call.Add(q);
        call.Add(k);
        call.Add(v);
        call.AddNone(); // mask
        call.Add(0.0);
        call.Add(causal);
        call.AddNone(); // scale
        call.Add(q.shape[1] > k.shape[1]);
        return (AttentionKernel)call.InvokeForInteger(AttentionChoiceOperation);
    }

    /// <summary>
    /// <see cref="Attention"/> without a mask, and the logarithm of each query's sum of weights, exp(q k / sqrt(d)) of all keys that it sees: float32 (B, heads, T).
    /// </summary>
    /// <returns>Null where the kernel does not tell its sums.</returns>
    public static (Tensor Y, Tensor Sums)? AttentionWithSums(AttentionKernel kernel, Tensor q, Tensor k, Tensor v, bool causal)
    {
        var onCpu = q.device_type == DeviceType.CPU;
        // The kernel itself takes whole 16 bytes of a head only; on a CPU there is no other flash kernel.
        if (kernel == AttentionKernel.Plain || kernel == AttentionKernel.Flash && !onCpu && q.shape[3] % 8 != 0) return null;
        var (y, told) = onCpu || kernel == AttentionKernel.Efficient ? Dispatched(q, k, v, causal, onCpu) : CudaAttention.Run(kernel, q, k, v, causal);
        // A kernel may fill up the tokens, or leave a place for a head's one sum.
        using var sums = told;
        using var flat = sums.flatten(2);
        return (y, flat.narrow(2, 0, q.shape[2]));
    }

    // The flash kernel of a CPU, or the efficient one of a GPU.
    static (Tensor Y, Tensor Sums) Dispatched(Tensor q, Tensor k, Tensor v, bool causal, bool onCpu)
    {
        var call = new Call(stackalloc ulong[8]);
        call.Add(q);
        call.Add(k);
        call.Add(v);
        if (!onCpu)
        {
            call.AddNone(); // bias
            call.Add(true); // the sums
        }
        call.Add(0.0);
        call.Add(causal);
        if (onCpu) call.AddNone(); // mask
        call.AddNone(); // scale
        var results = call.Invoke(onCpu ? FlashOnCpuOperation : EfficientOperation, onCpu ? 2 : 4);
        foreach (var other in results[2..]) other.Dispose();
        return (results[0], results[1]);
    }

    /// <summary>
    /// One AdamW step in place over tensors of one device and type: moments and parameters are updated from the gradients; the decay is decoupled.
    /// </summary>
    /// <param name="steps">One float32 scalar tensor each on the parameters' device, holding the number of this step from 1.</param>
    public static void FusedAdamW(
        IReadOnlyList<Tensor> parameters, IReadOnlyList<Tensor> gradients, IReadOnlyList<Tensor> firstMoments, IReadOnlyList<Tensor> secondMoments,
        IReadOnlyList<Tensor> steps, double learningRate, double beta1, double beta2, double weightDecay, double eps)
    {
        using var guard = no_grad();
        var call = new Call(stackalloc ulong[15]);
        call.Add(parameters);
        call.Add(gradients);
        call.Add(firstMoments);
        call.Add(secondMoments);
        call.Add([]); // maxima of the second moments: AMSGrad's
        call.Add(steps);
        call.Add(learningRate);
        call.Add(beta1);
        call.Add(beta2);
        call.Add(weightDecay);
        call.Add(eps);
        call.Add(false); // amsgrad
        call.Add(false); // maximize
        call.AddNone();  // gradient scale
        call.AddNone();  // infinity found
        call.InvokeInPlace(FusedAdamWOperation);
    }

    /// <summary>Multiplies tensors of one device and type in place by one number.</summary>
    /// <param name="tensors">At least one.</param>
    /// <param name="factor">A scalar of their type on their device.</param>
    public static void Scale(IReadOnlyList<Tensor> tensors, Tensor factor)
    {
        using var guard = no_grad();
        var call = new Call(stackalloc ulong[2]);
        call.Add(tensors);
        call.Add(factor);
        call.InvokeInPlace(ScaleOperation);
    }

    /// <summary>The matrix product (m, n) of bfloat16 matrices a (m, k) and b (k, n), in float32 and never rounded in between; without gradients.</summary>
    public static Tensor SingleProduct(Tensor a, Tensor b)
    {
        using var guard = no_grad();
        if (a.device_type != DeviceType.CUDA)
        {
            using var left = a.to(ScalarType.Float32);
            using var right = b.to(ScalarType.Float32);
            return mm(left, right);
        }
        var call = new Call(stackalloc ulong[3]);
        call.Add(a);
        call.Add(b);
        call.Add(ScalarType.Float32);
        return call.Invoke(ProductOperation);
    }

    /// <summary>An operation's name as the dispatcher wants it; lives as long as the process.</summary>
    sealed unsafe class Operation(string name, string overload = "")
    {
        public string Name { get; } = name;
        public byte* NameUtf8 { get; } = (byte*)Marshal.StringToCoTaskMemUTF8(name);
        public byte* OverloadUtf8 { get; } = (byte*)Marshal.StringToCoTaskMemUTF8(overload);
    }

    // The dispatcher takes ownership of everything on the stack: tensor handles are copies, optional values and lists are its to free.
    unsafe ref struct Call(Span<ulong> stack)
    {
        readonly Span<ulong> _stack = stack;
        int _count;

        public void Add(Tensor tensor) => Push(Copy(tensor));
        public void Add(double value) => Push(BitConverter.DoubleToUInt64Bits(value));
        public void Add(ScalarType type) => Push((ulong)type);
        public void Add(bool value) => Push(value ? 1u : 0u);
        public void AddNone() => Push(0);
        public void AddOptional(double value) => Push(Boxed(BitConverter.DoubleToUInt64Bits(value)));

        public void AddOptional(Tensor? tensor)
        {
            if (tensor is null) AddNone();
            else Push(Boxed(Copy(tensor)));
        }

        public void AddIntegers(ReadOnlySpan<long> values)
        {
            var list = NewList(values.Length);
            foreach (var value in values) Check(StableAbi.torch_list_push_back(list, (ulong)value), "torch_list_push_back");
            Push((ulong)list);
        }

        public void Add(IReadOnlyList<Tensor> tensors)
        {
            var list = NewList(tensors.Count);
            foreach (var tensor in tensors) Check(StableAbi.torch_list_push_back(list, Copy(tensor)), "torch_list_push_back");
            Push((ulong)list);
        }

        public readonly Tensor Invoke(Operation operation)
        {
            InvokeInPlace(operation);
            return Tensor.UnsafeCreateTensor((nint)_stack[0]);
        }

        /// <param name="count">How many results there are, tensors all.</param>
        public readonly Tensor[] Invoke(Operation operation, int count)
        {
            InvokeInPlace(operation);
            var results = new Tensor[count];
            for (var i = 0; i < count; i++) results[i] = Tensor.UnsafeCreateTensor((nint)_stack[i]);
            return results;
        }

        public readonly long InvokeForInteger(Operation operation)
        {
            InvokeInPlace(operation);
            return (long)_stack[0];
        }

        public readonly void InvokeInPlace(Operation operation)
        {
            fixed (ulong* stack = _stack)
                Check(StableAbi.torch_call_dispatcher(operation.NameUtf8, operation.OverloadUtf8, stack, StableAbi.Requested), operation.Name);
        }

        void Push(ulong value) => _stack[_count++] = value;

        static ulong Copy(Tensor tensor)
        {
            Check(StableAbi.aoti_torch_new_tensor_handle(tensor.Handle, out var copy), "aoti_torch_new_tensor_handle");
            GC.KeepAlive(tensor);
            return (ulong)copy;
        }

        // libtorch frees it with operator delete, which is free() where malloc() is what NativeMemory calls.
        static ulong Boxed(ulong value)
        {
            var box = (ulong*)NativeMemory.Alloc(sizeof(ulong));
            *box = value;
            return (ulong)box;
        }

        static nint NewList(int size)
        {
            Check(StableAbi.torch_new_list_reserve_size((nuint)size, out var list), "torch_new_list_reserve_size");
            return list;
        }

        static void Check(int result, string what)
        {
            if (result != 0) throw new InvalidOperationException($"libtorch's {what} failed; it has written the reason to the standard error stream.");
        }
    }
}
