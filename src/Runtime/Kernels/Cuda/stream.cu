// Passed on a GPU: sha256 11dea244220e9f9023b96a180daf4f2ecf2a485962188ca95300e07b7d82b4d1
// The stream at the beginning (sequences, HIDDEN): each token's embedding, 0 of a sequence that rests, whose token is below 0. Nothing is picked yet. Of several sequences
// the place of this token in the caches is marked real (sequences, room) where one is read.
extern "C" __global__ void embed(
    const long long* token, const long long* place, const Weight* embedding, float* x, unsigned long long* picked, unsigned char* marks, long long room)
{
    wait_for_earlier_kernels();
    int k = blockIdx.x * blockDim.x + threadIdx.x, sequence = blockIdx.y;
    long long own = token[sequence];
    bool rests = TILES && own < 0;
    if (k < HIDDEN) x[sequence * HIDDEN + k] = rests ? 0.0f : value(embedding[own * HIDDEN + k]);
    if (k > 0) return;
    picked[sequence] = 0;
    if (TILES) marks[sequence * room + place[0]] = !rests;
}

// The norm before the mixer, and its projections: out (rows).
extern "C" __global__ void __launch_bounds__(Threads) project(Matrices matrices, int rows, const float* x, const Weight* norm, float eps, float* out)
{
    __shared__ __align__(16) float vector[HIDDEN];
    int row = first_row();
    Part<HIDDEN> head;
    if (row < rows) head.load(row_of(matrices, row), 0);
    Norm normed;
    normed.load(norm);
    wait_for_earlier_kernels();
    normed.stage(x, eps, vector);
    while (row < rows)
    {
        float y = product<HIDDEN>(row_of(matrices, row), head, vector);
        if (threadIdx.x % 32 == 0) out[row] = y;
        row += row_step();
        if (row < rows) head.load(row_of(matrices, row), 0);
    }
}

// The norm before the MLP, and silu(w1 x) * (w3 x): inner (INNER).
extern "C" __global__ void __launch_bounds__(Threads) swiglu(const Weight* w1, const Weight* w3, const float* x, const Weight* norm, float eps, float* inner)
{
    __shared__ __align__(16) float vector[HIDDEN];
    int row = first_row();
    Part<HIDDEN> gate, up;
    if (row < INNER)
    {
        gate.load(w1 + (long long)row * HIDDEN, 0);
        up.load(w3 + (long long)row * HIDDEN, 0);
    }
    Norm normed;
    normed.load(norm);
    wait_for_earlier_kernels();
    normed.stage(x, eps, vector);
    while (row < INNER)
    {
        float g = product<HIDDEN>(w1 + (long long)row * HIDDEN, gate, vector);
        float u = product<HIDDEN>(w3 + (long long)row * HIDDEN, up, vector);
        if (threadIdx.x % 32 == 0) inner[row] = silu(g) * u;
        row += row_step();
        if (row >= INNER) break;
        gate.load(w1 + (long long)row * HIDDEN, 0);
        up.load(w3 + (long long)row * HIDDEN, 0);
    }
}

// x += w in, for a vector of K numbers. What is added to is asked for before the product.
template<int K> DEVICE void add_product(const Weight* w, const float* in, float* x)
{
    __shared__ __align__(16) float vector[K];
    int row = first_row();
    bool adds = threadIdx.x % 32 == 0;
    Part<K> head;
    if (row < HIDDEN) head.load(w + (long long)row * K, 0);
    wait_for_earlier_kernels();
    float before = adds && row < HIDDEN ? x[row] : 0.0f;
    stage_plain<K>(in, vector);
    while (row < HIDDEN)
    {
        float y = product<K>(w + (long long)row * K, head, vector);
        if (adds) x[row] = before + y;
        row += row_step();
        if (row >= HIDDEN) break;
        head.load(w + (long long)row * K, 0);
        if (adds) before = x[row];
    }
}

// x += w2 inner.
extern "C" __global__ void __launch_bounds__(Threads) mlp_output(const Weight* w2, const float* inner, float* x)
{
    add_product<INNER>(w2, inner, x);
}

// A logit with its id as one number: of two the greater logit is the greater number, of equal logits the lesser id.
DEVICE unsigned long long ranked(float logit, int id)
{
    unsigned bits = __float_as_uint(logit);
    bits = bits & 0x80000000 ? ~bits : bits | 0x80000000;
    return (unsigned long long)bits << 32 | (0xffffffff - (unsigned)id);
}

// The norm after the last layer, the logits (vocab), and the rank of the most likely id.
extern "C" __global__ void __launch_bounds__(Threads) logits(
    const Weight* head_weight, int vocab, const float* x, const Weight* norm, float eps, float* out, unsigned long long* picked)
{
    __shared__ __align__(16) float vector[HIDDEN];
    __shared__ unsigned long long best[Warps];
    int row = first_row();
    Part<HIDDEN> head;
    if (row < vocab) head.load(head_weight + (long long)row * HIDDEN, 0);
    Norm normed;
    normed.load(norm);
    wait_for_earlier_kernels();
    normed.stage(x, eps, vector);
    unsigned long long own = 0;
    while (row < vocab)
    {
        float y = product<HIDDEN>(head_weight + (long long)row * HIDDEN, head, vector);
        unsigned long long rank = ranked(y, row);
        own = rank > own ? rank : own;
        if (threadIdx.x % 32 == 0) out[row] = y;
        row += row_step();
        if (row < vocab) head.load(head_weight + (long long)row * HIDDEN, 0);
    }
    if (threadIdx.x % 32 == 0) best[threadIdx.x / 32] = own;
    __syncthreads();
    if (threadIdx.x > 0) return;
    for (int i = 1; i < Warps; i++) own = best[i] > own ? best[i] : own;
    atomicMax(picked, own);
}

#ifdef HEADS
constexpr int Mixed = HEADS * HEAD_DIM;
constexpr int Each = HEADS / KV_HEADS;
#endif

