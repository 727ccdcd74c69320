// Passed on a GPU: sha256 bb74a5afc82faa3d4d3a72047be2cb15288e3ab96a2f9582e3fbd8aa46836850
// Attention over two parts of the keys, put together. Comes behind numbers.cu.
//   HEAD_DIM.  PIECE: numbers of a thread, a divisor of HEAD_DIM.

// near = the values of both parts by their weights, given the logarithms of each part's sum of weights: (batch, heads, length, HEAD_DIM), and without HEAD_DIM.
extern "C" __global__ void __launch_bounds__(256) merge(
    Element* near, const Element* far, Places of_values, const float* near_sums, Places of_near_sums, const float* far_sums, Places of_far_sums,
    long long heads, long long length, long long rows)
{
    constexpr int Pieces = HEAD_DIM / PIECE;
    after_earlier_kernels();
    long long thread = (long long)blockIdx.x * 256 + threadIdx.x, row = thread / Pieces;
    if (row >= rows) return;
    long long head = row % heads, token = row / heads % length, batch = row / heads / length;
    float difference = near_sums[place(of_near_sums, batch, head, token)] - far_sums[place(of_far_sums, batch, head, token)];
    float share = 1.0f / (1.0f + expf(difference));
    long long at = place(of_values, batch, head, token) + thread % Pieces * PIECE;
    float x[PIECE], y[PIECE];
    load(near + at, x);
    load(far + at, y);
#pragma unroll
    for (int i = 0; i < PIECE; i++) x[i] += share * (y[i] - x[i]);
    store(near + at, x);
}

