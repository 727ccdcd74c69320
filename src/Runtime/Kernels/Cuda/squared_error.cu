// Passed on a GPU: sha256 e5048065eb2ed43b4690cd2ff8bd2f50b8761a5530c8fd76c5c15d54c56821bd
// A mean squared error and its gradient, over rows of numbers. Behind numbers.cu and block_sum.cu.
constexpr int Count = 16 / sizeof(Element);

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
