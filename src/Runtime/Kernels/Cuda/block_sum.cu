// Passed on a GPU: sha256 b54b143b19cad94011750f32d97ab0644edfed43376eefd917957c2a6372f0dc
// A sum over many numbers: a block of so many threads has a part of them.
constexpr int Threads = 256;

// The sum over a block, for its first thread.
DEVICE float block_sum(float x)
{
    __shared__ float parts[Threads / 32];
#pragma unroll
    for (int by = 16; by > 0; by /= 2) x += __shfl_xor_sync(0xffffffff, x, by);
    if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
    __syncthreads();
    x = 0.0f;
#pragma unroll
    for (int i = 0; i < Threads / 32; i++) x += parts[i];
    return x;
}
