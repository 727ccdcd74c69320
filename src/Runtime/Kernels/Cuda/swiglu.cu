// Passed on a GPU: sha256 67fe218e8b9975ac4bd99a5e16395023db450d089a00c8e1dca0a38fa2e6577d
// The gate of an MLP: a thread has 8 numbers. Comes behind numbers.cu.
DEVICE float sigmoid(float x)
{
#if ELEMENT_BF16
    // Eight bits are left of what it is multiplied with.
    return __fdividef(1.0f, 1.0f + __expf(-x));
#else
    return 1.0f / (1.0f + expf(-x));
#endif
}

template<int Count> DEVICE void gate_some(const Element* gate, const Element* up, Element* inner)
{
    float a[Count], b[Count];
    load(gate, a);
    load(up, b);
#pragma unroll
    for (int i = 0; i < Count; i++) a[i] *= sigmoid(a[i]) * b[i];
    store(inner, a);
}

// inner = silu(gate) * up; inner may be gate.
extern "C" __global__ void __launch_bounds__(256) swiglu(const Element* gate, const Element* up, Element* inner, long long count)
{
    after_earlier_kernels();
    long long first = 8 * ((long long)blockIdx.x * 256 + threadIdx.x);
    if (first + 8 <= count) gate_some<8>(gate + first, up + first, inner + first);
    else
        for (long long i = first; i < count; i++) gate_some<1>(gate + i, up + i, inner + i);
}

template<int Count> DEVICE void open_some(const Element* gate, const Element* up, Element* given, Element* of_up)
{
    float a[Count], b[Count], back[Count];
    load(gate, a);
    load(up, b);
    load(given, back);
#pragma unroll
    for (int i = 0; i < Count; i++)
    {
        float open = sigmoid(a[i]), through = a[i] * open;
        b[i] *= back[i] * (open + through * (1.0f - open));
        back[i] *= through;
    }
    store(given, b);
    store(of_up, back);
}

// Given the gradient of inner, that of gate in its place and that of up.
extern "C" __global__ void __launch_bounds__(256) swiglu_back(const Element* gate, const Element* up, Element* given, Element* of_up, long long count)
{
    after_earlier_kernels();
    long long first = 8 * ((long long)blockIdx.x * 256 + threadIdx.x);
    if (first + 8 <= count) open_some<8>(gate + first, up + first, given + first, of_up + first);
    else
        for (long long i = first; i < count; i++) open_some<1>(gate + i, up + i, given + i, of_up + i);
}

