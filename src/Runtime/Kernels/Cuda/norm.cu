// Passed on a GPU: sha256 f8bcab787a91be6062a04cc39597a20285f8cbd67fdd77866f8f51b227e507e9
// The residual stream and its norms. Comes behind numbers.cu.
//   HIDDEN: numbers of a row, a multiple of 4.  WARPS: that share a row, each lane with few enough numbers for its registers.  ROWS: of a block.
constexpr int Fours = HIDDEN / 4, Lanes = 32 * WARPS, Steps = (Fours + Lanes - 1) / Lanes;

// The sum over all lanes of a row.
DEVICE float row_sum(float x)
{
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) x += __shfl_xor_sync(0xffffffff, x, offset);
    if constexpr (WARPS > 1)
    {
        __shared__ float parts[WARPS];
        __syncthreads();
        if (threadIdx.x % 32 == 0) parts[threadIdx.x / 32] = x;
        __syncthreads();
        x = 0.0f;
#pragma unroll
        for (int i = 0; i < WARPS; i++) x += parts[i];
    }
    return x;
}

// sum = x + added, and sum / sqrt(mean(sum^2) + eps) * weight, rounded once: rows of HIDDEN. There may be nothing to add, and no sum to be written, or it may be x.
extern "C" __global__ void __launch_bounds__(Lanes * ROWS) add_norm(
    const float* x, const Element* added, float* sum, const Element* __restrict__ weight, float eps, Element* normed, long long rows)
{
    after_earlier_kernels();
    long long row = (long long)blockIdx.x * ROWS + threadIdx.x / Lanes;
    if (row >= rows) return;
    int lane = threadIdx.x % Lanes;
    long long first = row * HIDDEN;
    float own[Steps][4], squares = 0.0f;
    // All of a row is asked for before anything is written, since the sum may be x.
#pragma unroll
    for (int i = 0; i < Steps; i++)
    {
        int at = 4 * (i * Lanes + lane);
        if (at >= HIDDEN) break;
        load(x + first + at, own[i]);
        if (!added) continue;
        float more[4];
        load(added + first + at, more);
#pragma unroll
        for (int j = 0; j < 4; j++) own[i][j] += more[j];
    }
#pragma unroll
    for (int i = 0; i < Steps; i++)
    {
        int at = 4 * (i * Lanes + lane);
        if (at >= HIDDEN) break;
        if (added && sum) store(sum + first + at, own[i]);
#pragma unroll
        for (int j = 0; j < 4; j++) squares += own[i][j] * own[i][j];
    }
    float scale = rsqrtf(row_sum(squares) / HIDDEN + eps);
#pragma unroll
    for (int i = 0; i < Steps; i++)
    {
        int at = 4 * (i * Lanes + lane);
        if (at >= HIDDEN) break;
        float factor[4];
        load(weight + at, factor);
#pragma unroll
        for (int j = 0; j < 4; j++) factor[j] *= own[i][j] * scale;
        store(normed + first + at, factor);
    }
}

// Given the gradients of both of add_norm's results, of the sum maybe none, that of x and, rounded, that of what was added, each where it is wanted.
extern "C" __global__ void __launch_bounds__(Lanes * ROWS) add_norm_back(
    const float* sum, const Element* __restrict__ weight, float eps, const Element* of_normed, const float* __restrict__ of_sum, float* of_x, Element* of_added, long long rows)
{
    after_earlier_kernels();
    long long row = (long long)blockIdx.x * ROWS + threadIdx.x / Lanes;
    if (row >= rows) return;
    int lane = threadIdx.x % Lanes;
    long long first = row * HIDDEN;
    float own[Steps][4], scaled[Steps][4], squares = 0.0f, product = 0.0f;
#pragma unroll
    for (int i = 0; i < Steps; i++)
    {
        int at = 4 * (i * Lanes + lane);
        if (at >= HIDDEN) break;
        load(sum + first + at, own[i]);
        load(of_normed + first + at, scaled[i]);
    }
#pragma unroll
    for (int i = 0; i < Steps; i++)
    {
        int at = 4 * (i * Lanes + lane);
        if (at >= HIDDEN) break;
        float factor[4];
        load(weight + at, factor);
#pragma unroll
        for (int j = 0; j < 4; j++)
        {
            scaled[i][j] *= factor[j];
            squares += own[i][j] * own[i][j];
            product += own[i][j] * scaled[i][j];
        }
    }
    // y = r x with r = (mean(x^2) + eps)^(-1/2): what comes back to x is r times the gradient less its part along x.
    float scale = rsqrtf(row_sum(squares) / HIDDEN + eps);
    float along = scale * scale * (row_sum(product) / HIDDEN);
#pragma unroll
    for (int i = 0; i < Steps; i++)
    {
        int at = 4 * (i * Lanes + lane);
        if (at >= HIDDEN) break;
        float back[4] = { 0.0f, 0.0f, 0.0f, 0.0f };
        if (of_sum) load(of_sum + first + at, back);
#pragma unroll
        for (int j = 0; j < 4; j++) back[j] += scale * (scaled[i][j] - along * own[i][j]);
        if (of_x) store(of_x + first + at, back);
        if (of_added) store(of_added + first + at, back);
    }
}

