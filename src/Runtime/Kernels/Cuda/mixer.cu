// Passed on a GPU: sha256 b339c78e69d786f14dcab25eb2d272a64f12eb33c85f857fed2c802b2978dd82
// What the kernels of a trained Mamba-2 mixer share. Compiled for a mixer's dimensions, which come as macros: HIDDEN, HEADS, KV_HEADS, HEAD_DIM, TAPS (0: no convolution), GATE, GATE_NORM,
// DECAY, SKIP. Activations are bfloat16, sums, decays and their gradients float32. The scan goes by chunks of 64 tokens; a block has a chunk of a head, a warp 16 of its tokens.
// Matrices in memory, a row a token: projected (Width): v k q gate dt, as the products of the input are; activated (Channels): v k q behind convolution and SiLU.
typedef unsigned short Bf16;

constexpr int Threads = 128;
constexpr int Warps = Threads / 32;
constexpr int Tokens = 64;
constexpr int Each = HEADS / KV_HEADS;
constexpr int Mixed = HEADS * HEAD_DIM;
constexpr int Values = KV_HEADS * HEAD_DIM;
constexpr int Channels = Mixed + 2 * Values;
constexpr int GateAt = Channels;
constexpr int DtAt = Channels + (GATE ? Mixed : 0);
constexpr int Rows = DtAt + HEADS;
// Rows of 16 bytes' multiples.
constexpr int Width = (Rows + 7) / 8 * 8;
constexpr int Cells = HEAD_DIM * HEAD_DIM;
// What a thread that goes from one to the next asks for at once.
constexpr int Ahead = 8;
constexpr float Log2E = 1.4426950408889634f;

// The small weights one behind the other in float32, and their gradients alike.
constexpr int BiasAt = Channels * TAPS;
constexpr int DtBiasAt = BiasAt + (TAPS > 0 ? Channels : 0);
constexpr int DecayAt = DtBiasAt + HEADS;
constexpr int SkipAt = DecayAt + (DECAY ? HEADS : 0);
constexpr int NormAt = SkipAt + (SKIP ? HEADS : 0);
constexpr int Small = NormAt + (GATE_NORM ? HEAD_DIM : 0);
// A chunk's part of these gradients: there the norm's are still those of each head.
constexpr int Part = NormAt + (GATE_NORM ? Mixed : 0);

// Rows of a tile in shared memory lie so far apart that eight of them meet no bank twice.
constexpr int Pitch = HEAD_DIM + 8;
constexpr int Tile = Tokens * Pitch;
extern __shared__ __align__(16) Bf16 tiles[];

DEVICE float value(Bf16 x) { return __uint_as_float((unsigned)x << 16); }
DEVICE float low(unsigned pair) { return __uint_as_float(pair << 16); }
DEVICE float high(unsigned pair) { return __uint_as_float(pair & 0xffff0000); }
DEVICE Bf16 rounded(float x) { return (Bf16)(pack_bf16(x, 0.0f) & 0xffff); }

DEVICE float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

DEVICE void unpack(uint4 packed, float (&to)[8])
{
    unsigned words[4] = { packed.x, packed.y, packed.z, packed.w };
#pragma unroll
    for (int i = 0; i < 4; i++)
    {
        to[2 * i] = low(words[i]);
        to[2 * i + 1] = high(words[i]);
    }
}

DEVICE uint4 pack(const float (&x)[8]) { return make_uint4(pack_bf16(x[0], x[1]), pack_bf16(x[2], x[3]), pack_bf16(x[4], x[5]), pack_bf16(x[6], x[7])); }

// Tokens of one sequence. Sequences are of one length, unless they are packed: then a table tells of each chunk what is told here.
struct Chunk
{
    int first;  // row of its first token
    int tokens;
    int before; // tokens of the sequence before it
    int after;  // and behind it
};

DEVICE Chunk chunk_of(const int4* packed, int length, int index)
{
    if (packed)
    {
        int4 told = packed[index];
        return { told.x, told.y, told.z, told.w };
    }
    int chunks = (length + Tokens - 1) / Tokens, begin = index % chunks * Tokens, tokens = min(Tokens, length - begin);
    return { index / chunks * length + begin, tokens, begin, length - begin - tokens };
}

// What a head's steps are at the tokens of a chunk. Behind its last token they are 0.
struct Steps
{
    float size[Tokens];  // dt
    float decay[Tokens]; // the logarithm to base 2 of what is left, behind a token, of the state before the chunk
    float slope[Tokens]; // of dt, with respect to the projection
};

DEVICE float rate_of(const float* small, int head) { return DECAY ? -expf(small[DecayAt + head]) : -1.0f; }

// By the first warp; a barrier has to follow.
DEVICE void find_steps(Steps& steps, Chunk chunk, const Bf16* projected, const float* small, const unsigned char* mask, int head)
{
    if (threadIdx.x >= 32) return;
    float bias = small[DtBiasAt + head], rate = rate_of(small, head) * Log2E, decay[2];
#pragma unroll
    for (int i = 0; i < 2; i++)
    {
        int token = 2 * threadIdx.x + i;
        bool there = token < chunk.tokens && (!mask || mask[chunk.first + token]);
        float x = there ? value(projected[(long long)(chunk.first + token) * Width + DtAt + head]) + bias : 0.0f;
        float size = there ? (x > 20.0f ? x : log1pf(expf(x))) : 0.0f;
        steps.size[token] = size;
        steps.slope[token] = there ? (x > 20.0f ? 1.0f : sigmoid(x)) : 0.0f;
        decay[i] = size * rate;
    }
    float sum = decay[0] + decay[1];
#pragma unroll
    for (int by = 1; by < 32; by *= 2)
    {
        float earlier = __shfl_up_sync(0xffffffff, sum, by);
        if (threadIdx.x >= by) sum += earlier;
    }
    steps.decay[2 * threadIdx.x] = sum - decay[1];
    steps.decay[2 * threadIdx.x + 1] = sum;
}

// A head's numbers at a chunk's tokens, zeros behind them; they are there once the thread has waited for its copies and the block for its threads.
DEVICE void load_tile(Bf16* to, const Bf16* from, int stride, int count)
{
    constexpr int parts = HEAD_DIM / 8;
    for (int i = threadIdx.x; i < Tokens * parts; i += Threads)
    {
        int row = i / parts, part = i % parts * 8;
        copy_async_or_zero(to + row * Pitch + part, from + (row < count ? (long long)row * stride : 0) + part, row < count);
    }
    commit_copies();
}

DEVICE void load_state(Bf16* to, const Bf16* from)
{
    constexpr int parts = HEAD_DIM / 8;
    for (int i = threadIdx.x; i < HEAD_DIM * parts; i += Threads) copy_async(to + i / parts * Pitch + i % parts * 8, from + i * 8);
    commit_copies();
}

DEVICE void copies_are_there()
{
    wait_for_copies<0>();
    __syncthreads();
}

// A warp's 16 rows of a matrix of N columns, as the matrix instructions give them: number i of tile t is of this row and column.
template<int N> using Strip = float[N / 8][4];
DEVICE int row_of(int i) { return threadIdx.x % 32 / 4 + i / 2 * 8; }
DEVICE int column_of(int t, int i) { return t * 8 + threadIdx.x % 4 * 2 + i % 2; }

template<int N> DEVICE void clear(float (&sum)[N][4])
{
#pragma unroll
    for (int t = 0; t < N; t++)
#pragma unroll
        for (int i = 0; i < 4; i++) sum[t][i] = 0.0f;
}

// sum += a b for 16 rows of a and N columns of b, over K. Both lie in tiles: a by rows, or turned by columns; b by columns, or turned by rows.
template<int N, int K, bool TurnedA, bool TurnedB> DEVICE void multiply(float (&sum)[N / 8][4], const Bf16* a, const Bf16* b)
{
    int lane = threadIdx.x % 32, matrix = lane / 8, row = lane % 8;
#pragma unroll
    for (int k = 0; k < K; k += 16)
    {
        unsigned left[4];
        if (TurnedA) load_transposed(left, a + (k + matrix / 2 * 8 + row) * Pitch + matrix % 2 * 8);
        else load_matrices(left, a + lane % 16 * Pitch + k + lane / 16 * 8);
#pragma unroll
        for (int n = 0; n < N; n += 16)
        {
            unsigned right[4];
            if (TurnedB) load_transposed(right, b + (k + matrix % 2 * 8 + row) * Pitch + n + matrix / 2 * 8);
            else load_matrices(right, b + (n + matrix / 2 * 8 + row) * Pitch + k + matrix % 2 * 8);
            mma(sum[n / 8], left, right[0], right[1]);
            mma(sum[n / 8 + 1], left, right[2], right[3]);
        }
    }
}

// The same for a strip of a that the warp holds, rounded, and b by rows.
template<int N, int K> DEVICE void multiply(float (&sum)[N / 8][4], const unsigned (&a)[K / 16][4], const Bf16* b)
{
    int lane = threadIdx.x % 32, matrix = lane / 8, row = lane % 8;
#pragma unroll
    for (int k = 0; k < K; k += 16)
#pragma unroll
        for (int n = 0; n < N; n += 16)
        {
            unsigned right[4];
            load_transposed(right, b + (k + matrix % 2 * 8 + row) * Pitch + n + matrix / 2 * 8);
            mma(sum[n / 8], a[k / 16], right[0], right[1]);
            mma(sum[n / 8 + 1], a[k / 16], right[2], right[3]);
        }
}

// A strip, rounded, as the left side of a product.
template<int K> DEVICE void round_strip(unsigned (&to)[K / 16][4], const float (&from)[K / 8][4])
{
#pragma unroll
    for (int k = 0; k < K / 16; k++)
    {
        to[k][0] = pack_bf16(from[2 * k][0], from[2 * k][1]);
        to[k][1] = pack_bf16(from[2 * k][2], from[2 * k][3]);
        to[k][2] = pack_bf16(from[2 * k + 1][0], from[2 * k + 1][1]);
        to[k][3] = pack_bf16(from[2 * k + 1][2], from[2 * k + 1][3]);
    }
}

// Two numbers of a tile that lie side by side.
DEVICE unsigned pair_of(const Bf16* tile, int row, int column) { return *(const unsigned*)(tile + row * Pitch + column); }

// Sums of the four lanes that share a row.
DEVICE float row_sum(float x)
{
    x += __shfl_xor_sync(0xffffffff, x, 1);
    return x + __shfl_xor_sync(0xffffffff, x, 2);
}

DEVICE float warp_sum(float x)
{
#pragma unroll
    for (int by = 16; by > 0; by /= 2) x += __shfl_xor_sync(0xffffffff, x, by);
    return x;
}

// A chunk's own places in matrices of all tokens.
DEVICE const Bf16* values_of(const Bf16* activated, Chunk chunk, int head) { return activated + (long long)chunk.first * Channels + head / Each * HEAD_DIM; }
DEVICE const Bf16* keys_of(const Bf16* activated, Chunk chunk, int head) { return values_of(activated, chunk, head) + Values; }
DEVICE const Bf16* queries_of(const Bf16* activated, Chunk chunk, int head) { return activated + (long long)chunk.first * Channels + 2 * Values + head * HEAD_DIM; }
DEVICE long long state_of(int index, int head) { return ((long long)index * HEADS + head) * Cells; }
