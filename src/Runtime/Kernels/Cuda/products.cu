// Passed on a GPU: sha256 04b92a8ed0f98086967f35acd6f6b4cf25cbe63a216c718a08fd892fa0e5a6fb
// One more token of a sequence, or of each of several. Compiled by NVRTC for a layer's dimensions, which come as macros:
//   WEIGHT_BF16 (1 or 0: float32), HIDDEN, INNER, HEADS, KV_HEADS, HEAD_DIM, and for Mamba-2 TAPS, GATE, GATE_NORM, DECAY, SKIP; TILES is 0 for one sequence.
// Weights, caches and the convolution's state are of the weights' type; the residual stream, activations and sums are float32.
// Every kernel may be started before the one before it has ended: it asks for weights at once, and waits before it touches anything else.

#define DEVICE static __device__ __forceinline__

constexpr int Threads = 256;
constexpr int Warps = Threads / 32;

#if WEIGHT_BF16
typedef unsigned short Weight;
DEVICE float value(Weight w) { return __uint_as_float((unsigned)w << 16); }
DEVICE Weight rounded(float x)
{
    // To the nearest, ties to even. Numbers that are none stay so.
    unsigned bits = __float_as_uint(x);
    if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fff;
    return (Weight)((bits + 0x7fff + ((bits >> 16) & 1)) >> 16);
}
#else
typedef float Weight;
DEVICE float value(Weight w) { return w; }
DEVICE Weight rounded(float x) { return x; }
#endif

// Weights come 16 bytes at a time.
constexpr int Width = 16 / sizeof(Weight);

DEVICE void wait_for_earlier_kernels()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// Read once a token: not worth a place in the nearest cache.
DEVICE uint4 stream(const Weight* at)
{
    uint4 loaded;
    asm volatile("ld.global.nc.L1::no_allocate.v4.u32 {%0, %1, %2, %3}, [%4];" : "=r"(loaded.x), "=r"(loaded.y), "=r"(loaded.z), "=r"(loaded.w) : "l"(at));
    return loaded;
}

DEVICE void unpack(uint4 packed, float* to)
{
    unsigned words[4] = { packed.x, packed.y, packed.z, packed.w };
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
#if WEIGHT_BF16
        to[2 * i] = __uint_as_float(words[i] << 16);
        to[2 * i + 1] = __uint_as_float(words[i] & 0xffff0000);
#else
        to[i] = __uint_as_float(words[i]);
#endif
    }
}

// Four weights that lie side by side.
DEVICE float4 four(const Weight* at)
{
#if WEIGHT_BF16
    uint2 packed = *(const uint2*)at;
    return make_float4(
        __uint_as_float(packed.x << 16), __uint_as_float(packed.x & 0xffff0000), __uint_as_float(packed.y << 16), __uint_as_float(packed.y & 0xffff0000));
#else
    return *(const float4*)at;
#endif
}

// Where several sequences are multiplied at once, activations lie as tensor cores take them.
#if TILES
typedef Weight Activation;
DEVICE Activation activation(float x) { return rounded(x); }
#else
typedef float Activation;
DEVICE Activation activation(float x) { return value(rounded(x)); }
#endif

DEVICE void put_four(Weight* to, float4 x)
{
#if WEIGHT_BF16
    *(uint2*)to = make_uint2(rounded(x.x) | (unsigned)rounded(x.y) << 16, rounded(x.z) | (unsigned)rounded(x.w) << 16);
#else
    *(float4*)to = x;
#endif
}

DEVICE float silu(float x) { return x / (1.0f + expf(-x)); }

DEVICE float warp_sum(float x)
{
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) x += __shfl_xor_sync(0xffffffff, x, offset);
    return x;
}

DEVICE float block_sum(float x)
{
    __shared__ float parts[Warps];
    x = warp_sum(x);
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
    __syncthreads();
    float sum = 0.0f;
#pragma unroll
    for (int i = 0; i < Warps; i++) sum += parts[i];
    return sum;
}

// A vector of K numbers in shared memory. A lane reads Width of them for each 16 bytes of weights; they lie four and four apart, so that lanes don't meet in a bank.
template<int K> struct Vector
{
    static constexpr int Chunks = K / Width;
    DEVICE int place(int k) { return (k % Width / 4) * (4 * Chunks) + k / Width * 4 + k % 4; }
};

// How many 16-byte loads a lane has under way at once.
constexpr int Depth = 8;

// A part of a row of K weights as the lanes of a warp hold it.
template<int K> struct Part
{
    static constexpr int Chunks = K / Width;
    static constexpr int Steps = (Chunks + 31) / 32 < Depth ? (Chunks + 31) / 32 : Depth;
    uint4 loaded[Steps];

    __device__ __forceinline__ void load(const Weight* row, int first)
    {
#pragma unroll
        for (int i = 0; i < Steps; i++)
        {
            int chunk = first + i * 32 + threadIdx.x % 32;
            loaded[i] = chunk < Chunks ? stream(row + (long long)chunk * Width) : make_uint4(0, 0, 0, 0);
        }
    }

    __device__ __forceinline__ float dot(const float* vector, int first) const
    {
        float sum = 0.0f;
#pragma unroll
        for (int i = 0; i < Steps; i++)
        {
            int chunk = first + i * 32 + threadIdx.x % 32;
            if (chunk >= Chunks) break;
            float weights[Width];
            unpack(loaded[i], weights);
#pragma unroll
            for (int j = 0; j < Width; j += 4)
            {
                float4 x = *(const float4*)(vector + j * Chunks + chunk * 4);
                sum += weights[j] * x.x + weights[j + 1] * x.y + weights[j + 2] * x.z + weights[j + 3] * x.w;
            }
        }
        return sum;
    }
};

// The rest of a row's product, whose first part is loaded already.
template<int K> DEVICE float product(const Weight* row, const Part<K>& head, const float* vector)
{
    float sum = head.dot(vector, 0);
    for (int first = 32 * Part<K>::Steps; first < Part<K>::Chunks; first += 32 * Part<K>::Steps)
    {
        Part<K> part;
        part.load(row, first);
        sum += part.dot(vector, first);
    }
    return warp_sum(sum);
}

// A thread's share of a vector of K numbers: four and four, asked for all at once.
template<int K> constexpr int Fours = (K / 4 + Threads - 1) / Threads;

DEVICE int place_of(int i) { return 4 * (i * Threads + threadIdx.x); }

template<int K> DEVICE void stage_plain(const float* x, float* vector)
{
    float4 own[Fours<K>];
#pragma unroll
    for (int i = 0; i < Fours<K>; i++)
        if (place_of(i) < K) own[i] = *(const float4*)(x + place_of(i));
#pragma unroll
    for (int i = 0; i < Fours<K>; i++)
        if (place_of(i) < K) *(float4*)(vector + Vector<K>::place(place_of(i))) = own[i];
    __syncthreads();
}

// x / sqrt(mean(x^2) + eps) * weight of the residual stream, rounded as activations are. The weight is asked for beforehand.
struct Norm
{
    float4 weight[Fours<HIDDEN>];

    __device__ __forceinline__ void load(const Weight* at)
    {
#pragma unroll
        for (int i = 0; i < Fours<HIDDEN>; i++)
            if (place_of(i) < HIDDEN) weight[i] = four(at + place_of(i));
    }

    // Of a thread's share of the stream, 0 behind its end.
    __device__ __forceinline__ void apply(float4 (&own)[Fours<HIDDEN>], float eps) const
    {
        float squares = 0.0f;
#pragma unroll
        for (int i = 0; i < Fours<HIDDEN>; i++) squares += own[i].x * own[i].x + own[i].y * own[i].y + own[i].z * own[i].z + own[i].w * own[i].w;
        float scale = rsqrtf(block_sum(squares) / HIDDEN + eps);
#pragma unroll
        for (int i = 0; i < Fours<HIDDEN>; i++)
            if (place_of(i) < HIDDEN)
                own[i] = make_float4(
                    value(rounded(own[i].x * scale * weight[i].x)), value(rounded(own[i].y * scale * weight[i].y)),
                    value(rounded(own[i].z * scale * weight[i].z)), value(rounded(own[i].w * scale * weight[i].w)));
    }

    __device__ __forceinline__ void stage(const float* x, float eps, float* vector) const
    {
        float4 own[Fours<HIDDEN>];
#pragma unroll
        for (int i = 0; i < Fours<HIDDEN>; i++) own[i] = place_of(i) < HIDDEN ? *(const float4*)(x + place_of(i)) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
        apply(own, eps);
#pragma unroll
        for (int i = 0; i < Fours<HIDDEN>; i++)
            if (place_of(i) < HIDDEN) *(float4*)(vector + Vector<HIDDEN>::place(place_of(i))) = own[i];
        __syncthreads();
    }
};

DEVICE int first_row() { return blockIdx.x * Warps + threadIdx.x / 32; }
DEVICE int row_step() { return gridDim.x * Warps; }

// Several matrices (rows, HIDDEN) as if they were one: each stands up to its last row.
struct Matrices
{
    const Weight* at[5];
    int end[5];
};

DEVICE const Weight* row_of(const Matrices& matrices, int row)
{
    int before = 0;
#pragma unroll
    for (int i = 0; i < 5; i++)
    {
        if (row < matrices.end[i]) return matrices.at[i] + (long long)(row - before) * HIDDEN;
        before = matrices.end[i];
    }
    return 0;
}

