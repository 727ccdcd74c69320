// Passed on a GPU: sha256 c65f48a1fbc35a66eaa31b18308a5c9b1db319fab9ef2d6c2c306560fb481a14
// The norm over many tensors of float32, sixteen a launch. Behind block_sum.cu.
struct Numbers
{
    const float* at;
    long long count;
};

// Parts of each tensor's sum of squares (tensors, parts): blocks of parts by tensors.
extern "C" __global__ void __launch_bounds__(Threads) add_squares(
    const float* a0, const float* a1, const float* a2, const float* a3, const float* a4, const float* a5, const float* a6, const float* a7,
    const float* a8, const float* a9, const float* a10, const float* a11, const float* a12, const float* a13, const float* a14, const float* a15,
    long long n0, long long n1, long long n2, long long n3, long long n4, long long n5, long long n6, long long n7,
    long long n8, long long n9, long long n10, long long n11, long long n12, long long n13, long long n14, long long n15, float* sums)
{
    after_earlier_kernels();
    launch_later_kernels();
    Numbers own = { a0, n0 };
    switch (blockIdx.y)
    {
    case 1: own = { a1, n1 }; break;
    case 2: own = { a2, n2 }; break;
    case 3: own = { a3, n3 }; break;
    case 4: own = { a4, n4 }; break;
    case 5: own = { a5, n5 }; break;
    case 6: own = { a6, n6 }; break;
    case 7: own = { a7, n7 }; break;
    case 8: own = { a8, n8 }; break;
    case 9: own = { a9, n9 }; break;
    case 10: own = { a10, n10 }; break;
    case 11: own = { a11, n11 }; break;
    case 12: own = { a12, n12 }; break;
    case 13: own = { a13, n13 }; break;
    case 14: own = { a14, n14 }; break;
    case 15: own = { a15, n15 }; break;
    }
    float sum = 0.0f;
#pragma unroll 8
    for (long long i = blockIdx.x * Threads + threadIdx.x; i < own.count; i += gridDim.x * Threads) sum += own.at[i] * own.at[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) sums[blockIdx.y * gridDim.x + blockIdx.x] = sum;
}

// The root of the sum of all parts, by one block.
extern "C" __global__ void __launch_bounds__(Threads) norm_of_sums(const float* sums, int count, float* norm)
{
    after_earlier_kernels();
    launch_later_kernels();
    float sum = 0.0f;
    for (int i = threadIdx.x; i < count; i += Threads) sum += sums[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) norm[0] = sqrtf(sum);
}
