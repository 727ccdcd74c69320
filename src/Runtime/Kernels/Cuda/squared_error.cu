// Passed on a GPU: sha256 2dea8a65ec52d123c17af19b1844a8318388c5548707911cd117b29734275d34
// A mean squared error and its gradient, over rows of numbers. Behind numbers.cu.
constexpr int Threads = 256;
constexpr int Count = 16 / sizeof(Element);

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

// gradient = slope * (prediction - target) in rows that count, all where nothing is told of them; and each block's part of the sum of squares.
extern "C" __global__ void __launch_bounds__(Threads) squared_errors(
    const Element* prediction, const Element* target, const float* counts, int rows, int width, float slope, Element* gradient, float* sums)
{
    after_earlier_kernels();
    launch_later_kernels();
    float sum = 0.0f;
    for (int row = blockIdx.x; row < rows; row += gridDim.x)
    {
        float weight = counts ? counts[row] : 1.0f;
        for (int i = Count * threadIdx.x; i < width; i += Count * Threads)
        {
            long long at = (long long)row * width + i;
            float error[Count], other[Count];
            load(prediction + at, error);
            load(target + at, other);
#pragma unroll
            for (int j = 0; j < Count; j++)
            {
                error[j] = (error[j] - other[j]) * weight;
                sum += error[j] * error[j];
                error[j] *= slope;
            }
            store(gradient + at, error);
        }
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) sums[blockIdx.x] = sum;
}

// scale times the sum of all parts, by one block.
extern "C" __global__ void __launch_bounds__(Threads) sum_errors(const float* sums, int count, float scale, float* loss)
{
    after_earlier_kernels();
    launch_later_kernels();
    float sum = 0.0f;
    for (int i = threadIdx.x; i < count; i += Threads) sum += sums[i];
    sum = block_sum(sum);
    if (threadIdx.x == 0) loss[0] = sum * scale;
}
