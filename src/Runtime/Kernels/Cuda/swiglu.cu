// Passed on a GPU: sha256 -
// The gate of an MLP: a thread has 8 numbers. Comes behind numbers.cu.
DEVICE float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

template<int Count> DEVICE void gate_some(Element* gate, const Element* up)
{
    float a[Count], b[Count];
    load(gate, a);
    load(up, b);
#pragma unroll
    for (int i = 0; i < Count; i++) a[i] *= sigmoid(a[i]) * b[i];
    store(gate, a);
}

// gate = silu(gate) * up.
extern "C" __global__ void __launch_bounds__(256) swiglu(Element* gate, const Element* up, long long count)
{
    after_earlier_kernels();
    long long first = 8 * ((long long)blockIdx.x * 256 + threadIdx.x);
    if (first + 8 <= count) gate_some<8>(gate + first, up + first);
    else
        for (long long i = first; i < count; i++) gate_some<1>(gate + i, up + i);
}

