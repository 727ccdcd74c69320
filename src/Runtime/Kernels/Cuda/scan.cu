// Passed on a GPU: sha256 2ec7a6697784ee674f28ba8b30076bc3ab4a53e3a036a1ae6d35454f1b6aebf8
// The scan of Mamba-2 over many tokens, S_t = exp(dt_t A) S_{t-1} + dt_t v_t k_t^T and y_t = S_t q_t, with what the mixer does behind it: skip, norm by head, gate.
// Compiled behind ptx.cu with HEADS, KV_HEADS, HEAD_DIM (16, 32, 64 or 128) and the switches GATE, GATE_NORM, DECAY, SKIP.
// Operands are bfloat16, sums, decays and states float32. A sequence is cut into segments of whole chunks. A block has one head in one segment and walks its chunks with
// the state in registers: scan_added finds what a segment adds to the state, scan_starts the state before each segment, scan_outputs walks once more from there.
constexpr int Width = HEAD_DIM;                           // of values and keys: a state is (Width, Width), rows the value's
constexpr int Mixed = HEADS * Width;
constexpr int Values = KV_HEADS * Width;
constexpr int Channels = Mixed + 2 * Values;              // of a token: values, keys, queries
constexpr int Chunk = 64;                                 // tokens
constexpr int Tiles = Chunk / 16;
constexpr int ScanWarps = Width >= 64 ? 4 : Width / 16;
constexpr int ScanThreads = 32 * ScanWarps;
constexpr int Slabs = Width / (16 * ScanWarps);           // of 16 rows of the state, which a warp holds
constexpr int Columns = Width / 8;                        // tiles of 8 columns of the state
constexpr int Fours = Width * Width / 4;                  // of a state as it is kept between kernels: four and four numbers of a thread
constexpr int Tile = Chunk * Width;                       // numbers of a chunk's values, keys or queries
constexpr int Together = 2;                               // tiles of 16 tokens whose outputs are in registers at once
constexpr float Log2E = 1.44269504f;

typedef unsigned short Bf16;
DEVICE float value(Bf16 x) { return __uint_as_float((unsigned)x << 16); }
DEVICE float low(unsigned pair) { return __uint_as_float(pair << 16); }
DEVICE float high(unsigned pair) { return __uint_as_float(pair & 0xffff0000); }
DEVICE float silu(float x) { return __fdividef(x, 1.0f + fast_exp2(-Log2E * x)); }
DEVICE float softplus(float x) { return x > 20.0f ? x : log1pf(expf(x)); }

// Where eight numbers of a row lie in shared memory: rows take turns, so that eight rows of one column lie in different banks.
template<int W> DEVICE int place(unsigned row, unsigned eight)
{
    constexpr unsigned Turns = W / 8 < 8 ? W / 8 : 8;
    return row * W + (eight ^ (row / (8 / Turns) % Turns)) * 8;
}

// This lane's row of the four matrices in rows row to row + 15: the first two have columns 8 eight to 8 eight + 7, the others the next eight.
template<int W> DEVICE const Bf16* tile(const Bf16* at, int row, int eight)
{
    return at + place<W>(row + threadIdx.x % 16, eight + threadIdx.x % 32 / 16);
}

// A thread's share of a head's rows of a chunk, 16 bytes each: one in every RowStep rows.
constexpr int RowStep = ScanThreads * 8 / Width;
DEVICE int first_row() { return threadIdx.x / (Width / 8); }
DEVICE int eight_of_rows() { return threadIdx.x % (Width / 8); }

// To shared memory, from the first row of a chunk that has so many rows; those behind them are zeros.
DEVICE void copy_rows(Bf16* to, const Bf16* channels, long long rows)
{
    const Bf16* from = channels + (long long)first_row() * Channels + eight_of_rows() * 8;
#pragma unroll
    for (int row = 0; row < Chunk; row += RowStep)
        copy_async_or_zero(to + place<Width>(row + first_row(), eight_of_rows()), from + (long long)row * Channels, row + first_row() < rows);
}

// From there to the mixer's outputs.
DEVICE void write_rows(Bf16* mixed, const Bf16* from, long long rows)
{
    Bf16* to = mixed + (long long)first_row() * Mixed + eight_of_rows() * 8;
#pragma unroll
    for (int row = 0; row < Chunk; row += RowStep)
        if (row + first_row() < rows) *(uint4*)(to + (long long)row * Mixed) = *(const uint4*)(from + place<Width>(row + first_row(), eight_of_rows()));
}

// What the steps of a chunk do to the state; logarithms are to base 2.
struct __align__(16) Decays
{
    float log[Chunk];      // of what is left after this token of the state before the chunk
    float carried[Chunk];  // as much
    float step[Chunk];     // dt
    float added[Chunk];    // what the state after the chunk has of this token: dt times what is left of it
    float total;           // the last of log
};

// The steps of a chunk, two tokens a lane.
struct Steps
{
    float raw[2];

    __device__ __forceinline__ void load(const Bf16* dt, int stride, long long first, long long length)
    {
#pragma unroll
        for (int i = 0; i < 2; i++)
        {
            long long token = first + threadIdx.x % 32 * 2 + i;
            raw[i] = token < length ? value(dt[token * stride]) : __int_as_float(0xff800000); // minus infinity: no step
        }
    }

    // The logarithm of the chunk's decay.
    __device__ __forceinline__ float put(Decays& to, float bias, float rate) const
    {
        int lane = threadIdx.x % 32;
        float first = softplus(raw[0] + bias), second = softplus(raw[1] + bias);
        float before = first * rate, own = before + second * rate, sum = own;
#pragma unroll
        for (int by = 1; by < 32; by *= 2)
        {
            float other = __shfl_up_sync(0xffffffff, sum, by);
            if (lane >= by) sum += other;
        }
        float total = __shfl_sync(0xffffffff, sum, 31), log[2] = { sum - own + before, sum }, step[2] = { first, second };
#pragma unroll
        for (int i = 0; i < 2; i++)
        {
            to.log[2 * lane + i] = log[i];
            to.carried[2 * lane + i] = fast_exp2(log[i]);
            to.step[2 * lane + i] = step[i];
            to.added[2 * lane + i] = step[i] * fast_exp2(total - log[i]);
        }
        if (lane == 0) to.total = total;
        return total;
    }
};

// A head's state as the sums of matrix products: a warp has Slabs times 16 rows, a lane of each tile two neighbours in row lane / 4 and two eight rows below.
struct State
{
    float at[Slabs][Columns][4];

    // Where a lane's first number of a tile lies in a state (Width, Width).
    DEVICE int index(int slab, int column)
    {
        return ((threadIdx.x / 32 * Slabs + slab) * 16 + threadIdx.x % 32 / 4) * Width + column * 8 + threadIdx.x % 4 * 2;
    }

    __device__ __forceinline__ void zero()
    {
#pragma unroll
        for (int i = 0; i < Slabs * Columns * 4; i++) at[i / 4 / Columns][i / 4 % Columns][i % 4] = 0.0f;
    }

    __device__ __forceinline__ void load(const float* from)
    {
#pragma unroll
        for (int i = 0; i < Slabs * Columns; i++)
        {
            float* own = at[i / Columns][i % Columns];
            const float* tile = from + index(i / Columns, i % Columns);
            float2 upper = *(const float2*)tile, lower = *(const float2*)(tile + 8 * Width);
            own[0] = upper.x, own[1] = upper.y, own[2] = lower.x, own[3] = lower.y;
        }
    }

    __device__ __forceinline__ void store(float* to) const
    {
#pragma unroll
        for (int i = 0; i < Slabs * Columns; i++)
        {
            const float* own = at[i / Columns][i % Columns];
            float* tile = to + index(i / Columns, i % Columns);
            *(float2*)tile = make_float2(own[0], own[1]);
            *(float2*)(tile + 8 * Width) = make_float2(own[2], own[3]);
        }
    }

    // As it is kept between kernels.
    __device__ __forceinline__ void load_kept(const float* from)
    {
#pragma unroll
        for (int i = 0; i < Slabs * Columns; i++)
        {
            float* own = at[i / Columns][i % Columns];
            float4 four = ((const float4*)from)[i * ScanThreads + threadIdx.x];
            own[0] = four.x, own[1] = four.y, own[2] = four.z, own[3] = four.w;
        }
    }

    __device__ __forceinline__ void keep(float* to) const
    {
#pragma unroll
        for (int i = 0; i < Slabs * Columns; i++)
        {
            const float* own = at[i / Columns][i % Columns];
            ((float4*)to)[i * ScanThreads + threadIdx.x] = make_float4(own[0], own[1], own[2], own[3]);
        }
    }

    // After a chunk: what is left of it, and what each token adds.
    __device__ __forceinline__ void pass(const Bf16* v, const Bf16* k, const Decays& decays)
    {
        int first_slab = threadIdx.x / 32 * Slabs, pair = threadIdx.x % 4 * 2;
        float left = fast_exp2(decays.total);
#pragma unroll
        for (int i = 0; i < Slabs * Columns * 4; i++) at[i / 4 / Columns][i / 4 % Columns][i % 4] *= left;
#pragma unroll
        for (int tokens = 0; tokens < Chunk; tokens += 16)
        {
            float2 near = *(const float2*)(decays.added + tokens + pair), far = *(const float2*)(decays.added + tokens + 8 + pair);
            unsigned values[Slabs][4];
#pragma unroll
            for (int slab = 0; slab < Slabs; slab++)
            {
                unsigned raw[4];
                load_transposed(raw, tile<Width>(v, tokens, (first_slab + slab) * 2));
                values[slab][0] = pack_bf16(low(raw[0]) * near.x, high(raw[0]) * near.y);
                values[slab][1] = pack_bf16(low(raw[2]) * near.x, high(raw[2]) * near.y);
                values[slab][2] = pack_bf16(low(raw[1]) * far.x, high(raw[1]) * far.y);
                values[slab][3] = pack_bf16(low(raw[3]) * far.x, high(raw[3]) * far.y);
            }
#pragma unroll
            for (int column = 0; column < Columns; column += 2)
            {
                unsigned keys[4];
                load_transposed(keys, tile<Width>(k, tokens, column));
#pragma unroll
                for (int slab = 0; slab < Slabs; slab++)
                {
                    mma(at[slab][column], values[slab], keys[0], keys[1]);
                    mma(at[slab][column + 1], values[slab], keys[2], keys[3]);
                }
            }
        }
    }
};

// The part of a sequence that a block has, and where its head's numbers are.
struct Segment
{
    int head, group;
    long long sequence;   // the sequence's first token among those of all sequences
    long long state;      // the head's among those of all sequences
    long long first, end; // chunks

    __device__ __forceinline__ Segment(int segment, int segments, long long length)
    {
        head = blockIdx.x % HEADS;
        group = head / (HEADS / KV_HEADS);
        sequence = blockIdx.y * length;
        state = (long long)blockIdx.y * HEADS + head;
        long long chunks = (length + Chunk - 1) / Chunk;
        first = chunks * segment / segments;
        end = chunks * (segment + 1) / segments;
    }
};

DEVICE float rate_of(const Bf16* a_log, int head) { return -Log2E * (DECAY ? expf(value(a_log[head])) : 1.0f); }

// What each segment but the last adds to the state, behind the room for the state before the first, and the logarithm of its decay. Blocks (HEADS * (segments - 1), sequences).
extern "C" __global__ void __launch_bounds__(ScanThreads, 2) scan_added(
    const Bf16* vkq, const Bf16* dt, int stride, const Bf16* dt_bias, const Bf16* a_log, long long length, int segments, float* states, float* totals)
{
    extern __shared__ __align__(16) Bf16 chunks[]; // twice keys and values
    __shared__ Decays decays[2];
    after_earlier_kernels();
    int number = blockIdx.x / HEADS;
    Segment segment(number, segments, length);
    const Bf16* v = vkq + segment.sequence * Channels + segment.group * Width;
    dt += segment.sequence * stride + segment.head;
    float bias = value(dt_bias[segment.head]), rate = rate_of(a_log, segment.head), total = 0.0f;
    bool steps_here = threadIdx.x / 32 == ScanWarps - 1;

    v += segment.first * Chunk * Channels;
    copy_rows(chunks, v + Values, length - segment.first * Chunk);
    copy_rows(chunks + Tile, v, length - segment.first * Chunk);
    commit_copies();
    Steps steps;
    if (steps_here)
    {
        steps.load(dt, stride, segment.first * Chunk, length);
        total += steps.put(decays[0], bias, rate);
        steps.load(dt, stride, (segment.first + 1) * Chunk, length);
    }
    State state;
    state.zero();
    for (long long chunk = segment.first; chunk < segment.end; chunk++)
    {
        int turn = (chunk - segment.first) % 2;
        wait_for_copies<0>();
        __syncthreads();
        if (chunk + 1 < segment.end)
        {
            Bf16* next = chunks + (1 - turn) * 2 * Tile;
            v += Chunk * Channels;
            copy_rows(next, v + Values, length - (chunk + 1) * Chunk);
            copy_rows(next + Tile, v, length - (chunk + 1) * Chunk);
            commit_copies();
            if (steps_here)
            {
                total += steps.put(decays[1 - turn], bias, rate);
                steps.load(dt, stride, (chunk + 2) * Chunk, length);
            }
        }
        const Bf16* k = chunks + turn * 2 * Tile;
        state.pass(k + Tile, k, decays[turn]);
    }
    launch_later_kernels();
    long long at = segment.state * segments + number + 1;
    state.keep(states + at * 4 * Fours);
    if (threadIdx.x == ScanThreads - 32) totals[at] = total;
}

// The state before each segment, of the state before all and what the segments add. Blocks (parts of a state, HEADS * sequences).
extern "C" __global__ void __launch_bounds__(128) scan_starts(const float* initial, int segments, float* states, const float* totals)
{
    after_earlier_kernels();
    launch_later_kernels();
    int four = blockIdx.x * 128 + threadIdx.x;
    if (four >= Fours) return;
    long long first = (long long)blockIdx.y * segments;
    float4 run = make_float4(0.0f, 0.0f, 0.0f, 0.0f);
    if (initial)
    {
        // The place in a state (Width, Width) of what a thread of the other kernels has there.
        int thread = four % ScanThreads, tile = four / ScanThreads, slab = thread / 32 * Slabs + tile / Columns;
        const float* at = initial + (long long)blockIdx.y * Width * Width + (slab * 16 + thread % 32 / 4) * Width + tile % Columns * 8 + thread % 4 * 2;
        float2 upper = *(const float2*)at, lower = *(const float2*)(at + 8 * Width);
        run = make_float4(upper.x, upper.y, lower.x, lower.y);
    }
    float4* own = (float4*)states + first * Fours + four;
    own[0] = run;
#pragma unroll 4
    for (int segment = 1; segment < segments; segment++)
    {
        float left = fast_exp2(totals[first + segment]);
        float4 added = own[(long long)segment * Fours];
        run = make_float4(run.x * left + added.x, run.y * left + added.y, run.z * left + added.z, run.w * left + added.w);
        own[(long long)segment * Fours] = run;
    }
}

// How much each query hears of each token of its chunk, (q_l . k_s) exp(decay from s to l) dt_s, as an operand (Chunk, Chunk); tiles above the diagonal are left out.
DEVICE void weigh(Bf16* weights, const Bf16* q, const Bf16* k, const Decays& decays)
{
    constexpr int All = Tiles * (Tiles + 1) / 2, Each = 3; // tiles, and those of a warp side by side
    int lane = threadIdx.x % 32;
    for (int begin = threadIdx.x / 32; begin < All; begin += Each * ScanWarps)
    {
        int row[Each], column[Each];
        float sums[Each][2][4] = {};
#pragma unroll
        for (int n = 0; n < Each; n++)
        {
            int i = begin + n * ScanWarps;
            row[n] = i >= 6 ? 3 : i >= 3 ? 2 : i >= 1 ? 1 : 0;
            column[n] = i - row[n] * (row[n] + 1) / 2;
        }
#pragma unroll
        for (int eight = 0; eight < Width / 8; eight += 2)
#pragma unroll
            for (int n = 0; n < Each; n++)
            {
                if (begin + n * ScanWarps >= All) break;
                unsigned queries[4], keys[4];
                load_matrices(queries, tile<Width>(q, row[n] * 16, eight));
                load_matrices(keys, tile<Width>(k, column[n] * 16, eight));
                mma(sums[n][0], queries, keys[0], keys[2]);
                mma(sums[n][1], queries, keys[1], keys[3]);
            }
#pragma unroll
        for (int n = 0; n < Each; n++)
        {
            if (begin + n * ScanWarps >= All) break;
#pragma unroll
            for (int half = 0; half < 2; half++)
#pragma unroll
                for (int below = 0; below < 2; below++)
                {
                    int l = row[n] * 16 + below * 8 + lane / 4, s = column[n] * 16 + half * 8 + lane % 4 * 2;
                    float log = decays.log[l];
                    float2 logs = *(const float2*)(decays.log + s), steps = *(const float2*)(decays.step + s);
                    float first = s <= l ? sums[n][half][2 * below] * fast_exp2(log - logs.x) * steps.x : 0.0f;
                    float second = s < l ? sums[n][half][2 * below + 1] * fast_exp2(log - logs.y) * steps.y : 0.0f;
                    *(unsigned*)(weights + place<Chunk>(l, s / 8) + s % 8) = pack_bf16(first, second);
                }
        }
    }
}

// Outputs of Together tiles of tokens, those of a warp's rows of the state, as sums of matrix products: rows are tokens.
struct Outputs
{
    float at[Together][Slabs][2][4];

    // What the queries read of the state before the chunk.
    __device__ __forceinline__ void carry(int first, const State& state, const Bf16* q, const Decays& decays)
    {
#pragma unroll
        for (int i = 0; i < Together * Slabs * 8; i++) at[i / 8 / Slabs][i / 8 % Slabs][i / 4 % 2][i % 4] = 0.0f;
#pragma unroll
        for (int column = 0; column < Columns; column += 2)
        {
            unsigned states[Slabs][2][2];
#pragma unroll
            for (int i = 0; i < Slabs * 4; i++)
            {
                const float* sums = state.at[i / 4][column + i % 2];
                states[i / 4][i / 2 % 2][i % 2] = pack_bf16(sums[i / 2 % 2 * 2], sums[i / 2 % 2 * 2 + 1]);
            }
#pragma unroll
            for (int m = 0; m < Together; m++)
            {
                unsigned queries[4];
                load_matrices(queries, tile<Width>(q, (first + m) * 16, column));
#pragma unroll
                for (int i = 0; i < Slabs * 2; i++) mma(at[m][i / 2][i % 2], queries, states[i / 2][i % 2][0], states[i / 2][i % 2][1]);
            }
        }
#pragma unroll
        for (int m = 0; m < Together; m++)
#pragma unroll
            for (int below = 0; below < 2; below++)
            {
                float left = decays.carried[(first + m) * 16 + below * 8 + threadIdx.x % 32 / 4];
#pragma unroll
                for (int i = 0; i < Slabs * 4; i++) at[m][i / 4][i / 2 % 2][below * 2 + i % 2] *= left;
            }
    }

    // What they hear of the chunk's own tokens.
    __device__ __forceinline__ void hear(int first, const Bf16* weights, const Bf16* v)
    {
        int first_slab = threadIdx.x / 32 * Slabs;
#pragma unroll 2
        for (int column = 0; column < first + Together; column++)
        {
            unsigned values[Slabs][4];
#pragma unroll
            for (int slab = 0; slab < Slabs; slab++) load_transposed(values[slab], tile<Width>(v, column * 16, (first_slab + slab) * 2));
#pragma unroll
            for (int m = 0; m < Together; m++)
            {
                if (column > first + m) continue;
                unsigned heard[4];
                load_matrices(heard, tile<Chunk>(weights, (first + m) * 16, column * 2));
#pragma unroll
                for (int i = 0; i < Slabs * 2; i++) mma(at[m][i / 2][i % 2], heard, values[i / 2][i % 2 * 2], values[i / 2][i % 2 * 2 + 1]);
            }
        }
    }
};

// The gates of such outputs, asked for long before they are needed.
struct Gates
{
    unsigned at[Together][2][Slabs][2];

    __device__ __forceinline__ void load(int first, const Bf16* gate, int stride, long long rows)
    {
        gate += threadIdx.x / 32 * Slabs * 16 + threadIdx.x % 4 * 2;
#pragma unroll
        for (int i = 0; i < Together * 2; i++)
        {
            int l = (first + i / 2) * 16 + i % 2 * 8 + threadIdx.x % 32 / 4;
#pragma unroll
            for (int n = 0; n < Slabs * 2; n++) at[i / 2][i % 2][n / 2][n % 2] = l < rows ? *(const unsigned*)(gate + (long long)l * stride + n * 8) : 0;
        }
    }
};

// Norm by head and gate of outputs of all warps, and their rows in shared memory: there the queries stood that nobody asks for any more.
DEVICE void finish(Outputs& y, int first, Bf16* rows, const Bf16* v, const Gates& gates, float skip, const unsigned (&norm)[Slabs][2], float eps)
{
    __shared__ float squares[ScanWarps][Chunk];
    int warp = threadIdx.x / 32, lane = threadIdx.x % 32, pair = lane % 4 * 2;
#pragma unroll
    for (int m = 0; m < Together; m++)
#pragma unroll
        for (int below = 0; below < 2; below++)
        {
            int l = (first + m) * 16 + below * 8 + lane / 4;
            float sum = 0.0f;
#pragma unroll
            for (int i = 0; i < Slabs * 2; i++)
            {
                float* own = y.at[m][i / 2][i % 2] + below * 2;
                if (SKIP)
                {
                    unsigned values = *(const unsigned*)(v + place<Width>(l, warp * Slabs * 2 + i) + pair);
                    own[0] += skip * low(values), own[1] += skip * high(values);
                }
                sum += own[0] * own[0] + own[1] * own[1];
            }
            if (GATE_NORM)
            {
                sum += __shfl_xor_sync(0xffffffff, sum, 1);
                sum += __shfl_xor_sync(0xffffffff, sum, 2);
                if (lane % 4 == 0) squares[warp][l] = sum;
            }
        }
    __syncthreads();
#pragma unroll
    for (int m = 0; m < Together; m++)
#pragma unroll
        for (int below = 0; below < 2; below++)
        {
            int l = (first + m) * 16 + below * 8 + lane / 4;
            float scale = 1.0f;
            if (GATE_NORM)
            {
                float sum = 0.0f;
#pragma unroll
                for (int i = 0; i < ScanWarps; i++) sum += squares[i][l];
                scale = rsqrtf(sum / Width + eps);
            }
#pragma unroll
            for (int i = 0; i < Slabs * 2; i++)
            {
                float own[2] = { y.at[m][i / 2][i % 2][below * 2] * scale, y.at[m][i / 2][i % 2][below * 2 + 1] * scale };
                if (GATE_NORM) own[0] *= low(norm[i / 2][i % 2]), own[1] *= high(norm[i / 2][i % 2]);
                if (GATE) own[0] *= silu(low(gates.at[m][below][i / 2][i % 2])), own[1] *= silu(high(gates.at[m][below][i / 2][i % 2]));
                *(unsigned*)(rows + place<Width>(l, warp * Slabs * 2 + i) + pair) = pack_bf16(own[0], own[1]);
            }
        }
}

// The mixer's outputs (sequences, length, Mixed), and the state after the last token where it is kept. Blocks (HEADS * segments, sequences).
// starts are the states before the segments; without them there is one segment, which starts from what is kept, or zero.
extern "C" __global__ void __launch_bounds__(ScanThreads, 2) scan_outputs(
    const Bf16* vkq, const Bf16* gate, const Bf16* dt, int stride, const Bf16* dt_bias, const Bf16* a_log, const Bf16* skip, const Bf16* gate_norm, float eps,
    long long length, int segments, const float* starts, float* kept, Bf16* mixed)
{
    extern __shared__ __align__(16) Bf16 chunks[]; // twice keys, values and queries, then weights
    __shared__ Decays decays[2];
    after_earlier_kernels();
    int number = blockIdx.x / HEADS, warp = threadIdx.x / 32;
    Segment segment(number, segments, length);
    long long start = segment.sequence + segment.first * Chunk;
    const Bf16* v = vkq + start * Channels + segment.group * Width;
    const Bf16* q = vkq + start * Channels + 2 * Values + segment.head * Width;
    dt += segment.sequence * stride + segment.head;
    if (GATE) gate += start * stride + segment.head * Width;
    mixed += start * Mixed + segment.head * Width;
    Bf16* weights = chunks + 6 * Tile;
    bool steps_here = warp == ScanWarps - 1;

    copy_rows(chunks, v + Values, length - segment.first * Chunk);
    copy_rows(chunks + Tile, v, length - segment.first * Chunk);
    copy_rows(chunks + 2 * Tile, q, length - segment.first * Chunk);
    commit_copies();
    float bias = value(dt_bias[segment.head]), rate = rate_of(a_log, segment.head), skipped = SKIP ? value(skip[segment.head]) : 0.0f;
    unsigned norm[Slabs][2];
#pragma unroll
    for (int i = 0; i < Slabs * 2; i++) norm[i / 2][i % 2] = GATE_NORM ? *(const unsigned*)(gate_norm + (warp * Slabs * 2 + i) * 8 + threadIdx.x % 4 * 2) : 0;
    Steps steps;
    if (steps_here)
    {
        steps.load(dt, stride, segment.first * Chunk, length);
        steps.put(decays[0], bias, rate);
        steps.load(dt, stride, (segment.first + 1) * Chunk, length);
    }
    State state;
    if (starts) state.load_kept(starts + (segment.state * segments + number) * 4 * Fours);
    else if (kept) state.load(kept + segment.state * Width * Width);
    else state.zero();

    for (long long chunk = segment.first; chunk < segment.end; chunk++)
    {
        int turn = (chunk - segment.first) % 2;
        Bf16* k_here = chunks + turn * 3 * Tile;
        Bf16* v_here = k_here + Tile;
        Bf16* q_here = v_here + Tile;
        Bf16* next = chunks + (1 - turn) * 3 * Tile;
        wait_for_copies<0>();
        __syncthreads();
        if (chunk > segment.first)
        {
            write_rows(mixed, next + 2 * Tile, Chunk);
            mixed += Chunk * Mixed;
        }
        weigh(weights, q_here, k_here, decays[turn]);
        if (steps_here && chunk + 1 < segment.end)
        {
            steps.put(decays[1 - turn], bias, rate);
            steps.load(dt, stride, (chunk + 2) * Chunk, length);
        }
        __syncthreads();
        // Nobody reads any more what the chunk before has left.
        if (chunk + 1 < segment.end)
        {
            long long rows = length - (chunk + 1) * Chunk;
            v += Chunk * Channels;
            q += Chunk * Channels;
            copy_rows(next, v + Values, rows);
            copy_rows(next + Tile, v, rows);
            copy_rows(next + 2 * Tile, q, rows);
            commit_copies();
        }
#pragma unroll 1
        for (int first = 0; first < Tiles; first += Together)
        {
            Gates gates;
            if (GATE) gates.load(first, gate, stride, length - chunk * Chunk);
            Outputs y;
            y.carry(first, state, q_here, decays[turn]);
            y.hear(first, weights, v_here);
            finish(y, first, q_here, v_here, gates, skipped, norm, eps);
        }
        if (GATE) gate += Chunk * stride;
        state.pass(v_here, k_here, decays[turn]);
    }
    launch_later_kernels();
    __syncthreads();
    write_rows(mixed, chunks + ((segment.end - 1 - segment.first) % 2 * 3 + 2) * Tile, length - (segment.end - 1) * Chunk);
    if (kept && number == segments - 1) state.store(kept + segment.state * Width * Width);
}
