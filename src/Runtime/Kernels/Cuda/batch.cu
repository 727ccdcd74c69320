// Passed on a GPU: sha256 fd1e13701659470f5c86b6b20f3a09150a63703a1bc4241ed65703c9a6482562
// Products of one more token of several sequences: a weight is read once and multiplied with the vectors of all of them. TILES is how many times 8 sequences a block
// has, MIXER_SPLITS and MLP_SPLITS are how many blocks share the columns of an output matrix.
#if TILES
constexpr int Columns = 8 * TILES;                         // sequences of a block
constexpr int Unit = 4 * Width;                            // columns of weights that the four lanes of a row hold at once
constexpr int Stride = Columns + (TILES % 2 ? 0 : 8);      // of a row of sums in shared memory, so that lanes don't meet in a bank

DEVICE int lane_row() { return threadIdx.x % 32 / 4; }
DEVICE int lane_part() { return threadIdx.x % 4; }

// The columns of a row of K weights that a block has, one of so many. Its warps take the units in turns.
template<int K, int Splits> struct Share
{
    static constexpr int Whole = (K + Unit - 1) / Unit;
    static constexpr int Units = (Whole + Splits - 1) / Splits;
    static constexpr int OfWarp = (Units + Warps - 1) / Warps;
    // Tiles of 16 rows side by side: where a warp has few units of a row, it asks for more rows at once.
    static constexpr int Tall = OfWarp <= 4 ? 2 : 1;

    // Where a lane's weights of its warp's unit begin in the row; behind the row where there are none.
    DEVICE int column(int split, int unit)
    {
        int own = unit * Warps + threadIdx.x / 32;
        return Units % Warps && own >= Units ? K : (split * Units + own) * Unit + lane_part() * Width;
    }

    // Whether there are weights at a column; where all units are whole and shared evenly there always are.
    DEVICE bool has(int column) { return (K % Unit == 0 && Whole % Splits == 0 && Units % Warps == 0) || column < K; }
};

// 16 rows times the block's vectors, as far as a lane has their sums.
struct Sums
{
#if WEIGHT_BF16
    // Of tensor cores: rows lane_row() and 8 below, vectors 2 * lane_part() and its neighbour.
    float own[TILES][4];
#else
    // Over the lane's own columns: of each vector rows lane_row() and 8 below.
    float own[Columns][2];
#endif

    __device__ __forceinline__ void clear()
    {
#pragma unroll
        for (int i = 0; i < (int)(sizeof(own) / sizeof(float)); i++) ((float*)own)[i] = 0.0f;
    }

    // Adds a unit: 16 bytes of both rows, and the vectors' numbers in the same columns. In which order products over k are summed is free as long as weights and
    // vectors agree on it: 8 adjacent numbers of a lane are its share of two products of tensor cores.
    __device__ __forceinline__ void add(uint4 upper, uint4 lower, const uint4* vectors)
    {
#if WEIGHT_BF16
        unsigned first[4] = { upper.x, lower.x, upper.y, lower.y }, second[4] = { upper.z, lower.z, upper.w, lower.w };
#pragma unroll
        for (int j = 0; j < TILES; j++)
        {
            uint4 x = vectors[j * Threads + threadIdx.x];
            mma(own[j], first, x.x, x.y);
            mma(own[j], second, x.z, x.w);
        }
#else
        float a[Width], b[Width];
        unpack(upper, a);
        unpack(lower, b);
#pragma unroll
        for (int n = 0; n < Columns; n++)
        {
            float x[Width];
            unpack(vectors[n / 8 * Threads + threadIdx.x / 32 * 32 + n % 8 * 4 + lane_part()], x);
#pragma unroll
            for (int k = 0; k < Width; k++)
            {
                own[n][0] += a[k] * x[k];
                own[n][1] += b[k] * x[k];
            }
        }
#endif
    }

    // To shared memory (16, Stride).
    __device__ __forceinline__ void store(float* rows)
    {
#if WEIGHT_BF16
#pragma unroll
        for (int j = 0; j < TILES; j++)
        {
            float* at = rows + lane_row() * Stride + 8 * j + 2 * lane_part();
            *(float2*)at = make_float2(own[j][0], own[j][1]);
            *(float2*)(at + 8 * Stride) = make_float2(own[j][2], own[j][3]);
        }
#else
#pragma unroll
        for (int n = 0; n < Columns; n++)
#pragma unroll
            for (int half = 0; half < 2; half++)
            {
                float sum = own[n][half];
                sum += __shfl_xor_sync(0xffffffff, sum, 1);
                sum += __shfl_xor_sync(0xffffffff, sum, 2);
                if (n % 4 == lane_part()) rows[(lane_row() + 8 * half) * Stride + n] = sum;
            }
#endif
    }
};

// The block's vectors, numbers of a part of K columns each, where the lanes that multiply with them find them: 16 bytes a lane, unit by unit.
template<int K, int Splits> DEVICE void stage_vectors(const Weight* vectors, int first, int sequences, int split, uint4* staged)
{
#pragma unroll
    for (int unit = 0; unit < Share<K, Splits>::OfWarp; unit++)
    {
        int column = Share<K, Splits>::column(split, unit);
#pragma unroll
        for (int j = 0; j < TILES; j++)
        {
            int n = first + 8 * j + lane_row();
            bool there = n < sequences && Share<K, Splits>::has(column);
            copy_async_or_zero(staged + (unit * TILES + j) * Threads + threadIdx.x, there ? vectors + (long long)n * K + column : vectors, there);
        }
    }
    commit_copies();
    wait_for_copies<0>();
    __syncwarp();
}

// Tiles of rows times the vectors of the block's sequences, which begin with the first. A lane asks for weights of the next tile as soon as it has used those of this one.
// row(tile, m, within) is where a row of the tile's m-th 16 begins; done(round, tile, within, n, sums) is given the sums of a row of each of them for sequence n.
template<int K, int Splits, int Tall, class Row, class Done>
DEVICE void multiply(int tiles, Row row, const Weight* vectors, int first, int sequences, int split, Done done)
{
    typedef Share<K, Splits> Own;
    constexpr int Ahead = Own::OfWarp < Depth / Tall ? Own::OfWarp : Depth / Tall;
    constexpr int Steps = (Own::OfWarp + Ahead - 1) / Ahead;
    constexpr int Rounds = (16 * Columns + Threads - 1) / Threads;
    extern __shared__ __align__(16) uint4 staged[];
    float* parts = (float*)(staged + Own::OfWarp * TILES * Threads);

    uint4 loaded[Ahead][Tall][2];
    const Weight* at[Tall][2];
    auto enter = [&](int tile)
    {
#pragma unroll
        for (int m = 0; m < Tall; m++)
        {
            at[m][0] = row(tile, m, lane_row());
            at[m][1] = row(tile, m, lane_row() + 8);
        }
    };
    auto load = [&](int step, int i)
    {
        int unit = step * Ahead + i, column = Own::column(split, unit);
        bool there = unit < Own::OfWarp && Own::has(column);
#pragma unroll
        for (int m = 0; m < Tall; m++)
#pragma unroll
            for (int half = 0; half < 2; half++) loaded[i][m][half] = there ? stream(at[m][half] + column) : make_uint4(0, 0, 0, 0);
    };

    int tile = blockIdx.x;
    if (tile < tiles)
    {
        enter(tile);
#pragma unroll
        for (int i = 0; i < Ahead; i++) load(0, i);
    }
    wait_for_earlier_kernels();
    stage_vectors<K, Splits>(vectors, first, sequences, split, staged);
    for (; tile < tiles; tile += gridDim.x)
    {
        Sums sums[Tall];
#pragma unroll
        for (int m = 0; m < Tall; m++) sums[m].clear();
#pragma unroll
        for (int step = 0; step < Steps; step++)
        {
            bool last = step == Steps - 1, more = !last || tile + gridDim.x < tiles;
            if (last && more) enter(tile + gridDim.x);
#pragma unroll
            for (int i = 0; i < Ahead; i++)
            {
                if (step * Ahead + i < Own::OfWarp)
#pragma unroll
                    for (int m = 0; m < Tall; m++) sums[m].add(loaded[i][m][0], loaded[i][m][1], staged + (step * Ahead + i) * TILES * Threads);
                if (more) load(last ? 0 : step + 1, i);
            }
        }
        // Nobody reads the sums of the tile before any more.
        __syncthreads();
#pragma unroll
        for (int m = 0; m < Tall; m++) sums[m].store(parts + (threadIdx.x / 32 * Tall + m) * 16 * Stride);
        __syncthreads();
#pragma unroll
        for (int round = 0; round < Rounds; round++)
        {
            int i = round * Threads + threadIdx.x, within = i % 16, n = i / 16;
            if (n >= Columns || first + n >= sequences) continue;
            float y[Tall];
#pragma unroll
            for (int m = 0; m < Tall; m++)
            {
                y[m] = 0.0f;
#pragma unroll
                for (int warp = 0; warp < Warps; warp++) y[m] += parts[((warp * Tall + m) * 16 + within) * Stride + n];
            }
            done(round, tile, within, first + n, y);
        }
    }
}

// The stream takes up a product that blocks have summed in parts (splits, sequences, HIDDEN), and is normed: normed (sequences, HIDDEN). A block a sequence.
extern "C" __global__ void __launch_bounds__(Threads) join(float* x, const float* parts, int splits, const Weight* norm, float eps, Weight* normed)
{
    Norm factors;
    factors.load(norm);
    wait_for_earlier_kernels();
    float4 own[Fours<HIDDEN>];
    float* at = x + (long long)blockIdx.x * HIDDEN;
#pragma unroll
    for (int i = 0; i < Fours<HIDDEN>; i++) own[i] = place_of(i) < HIDDEN ? *(const float4*)(at + place_of(i)) : make_float4(0.0f, 0.0f, 0.0f, 0.0f);
#pragma unroll 4
    for (int split = 0; split < splits; split++)
#pragma unroll
        for (int i = 0; i < Fours<HIDDEN>; i++)
            if (place_of(i) < HIDDEN)
            {
                float4 part = *(const float4*)(parts + ((long long)split * gridDim.x + blockIdx.x) * HIDDEN + place_of(i));
                own[i] = make_float4(own[i].x + part.x, own[i].y + part.y, own[i].z + part.z, own[i].w + part.w);
            }
    if (splits > 0)
#pragma unroll
        for (int i = 0; i < Fours<HIDDEN>; i++)
            if (place_of(i) < HIDDEN) *(float4*)(at + place_of(i)) = own[i];
    factors.apply(own, eps);
#pragma unroll
    for (int i = 0; i < Fours<HIDDEN>; i++)
        if (place_of(i) < HIDDEN) put_four(normed + (long long)blockIdx.x * HIDDEN + place_of(i), own[i]);
}

// A mixer's projections of the normed stream: out (sequences, rows).
extern "C" __global__ void __launch_bounds__(Threads, 2) batch_project(Matrices matrices, int rows, const Weight* normed, int sequences, float* out)
{
    constexpr int Tall = Share<HIDDEN, 1>::Tall;
    multiply<HIDDEN, 1, Tall>(
        (rows + 16 * Tall - 1) / (16 * Tall),
        [&](int tile, int m, int within)
        {
            int row = (tile * Tall + m) * 16 + within;
            return row_of(matrices, row < rows ? row : rows - 1);
        },
        normed, blockIdx.y * Columns, sequences, 0,
        [&](int, int tile, int within, int n, const float* y)
        {
#pragma unroll
            for (int m = 0; m < Tall; m++)
            {
                int row = (tile * Tall + m) * 16 + within;
                if (row < rows) out[(long long)n * rows + row] = y[m];
            }
        });
}

// silu(w1 x) * (w3 x) of the normed stream: inner (sequences, INNER).
extern "C" __global__ void __launch_bounds__(Threads, 2) batch_swiglu(const Weight* w1, const Weight* w3, const Weight* normed, int sequences, Weight* inner)
{
    multiply<HIDDEN, 1, 2>(
        (INNER + 15) / 16,
        [&](int tile, int m, int within)
        {
            int row = tile * 16 + within;
            return (m == 0 ? w1 : w3) + (long long)(row < INNER ? row : INNER - 1) * HIDDEN;
        },
        normed, blockIdx.y * Columns, sequences, 0,
        [&](int, int tile, int within, int n, const float* y)
        {
            int row = tile * 16 + within;
            if (row < INNER) inner[(long long)n * INNER + row] = rounded(silu(y[0]) * y[1]);
        });
}

// What a block's columns of w add to the stream: parts (Splits, sequences, HIDDEN).
template<int K, int Splits> DEVICE void output_parts(const Weight* w, const Weight* vectors, int sequences, float* parts)
{
    constexpr int Tall = Share<K, Splits>::Tall;
    int split = blockIdx.y % Splits;
    multiply<K, Splits, Tall>(
        (HIDDEN + 16 * Tall - 1) / (16 * Tall),
        [&](int tile, int m, int within)
        {
            int row = (tile * Tall + m) * 16 + within;
            return w + (long long)(row < HIDDEN ? row : HIDDEN - 1) * K;
        },
        vectors, blockIdx.y / Splits * Columns, sequences, split,
        [&](int, int tile, int within, int n, const float* y)
        {
#pragma unroll
            for (int m = 0; m < Tall; m++)
            {
                int row = (tile * Tall + m) * 16 + within;
                if (row < HIDDEN) parts[((long long)split * sequences + n) * HIDDEN + row] = y[m];
            }
        });
}

extern "C" __global__ void __launch_bounds__(Threads, 2) batch_mlp_output(const Weight* w2, const Weight* inner, int sequences, float* parts)
{
    output_parts<INNER, MLP_SPLITS>(w2, inner, sequences, parts);
}

#ifdef TAPS
extern "C" __global__ void __launch_bounds__(Threads, 2) batch_ssm_output(
    const Weight* w, const Weight* mixed, int sequences, float* parts, const long long* token, const float* projected, Weight* conv_state)
{
    output_parts<Mixed, MIXER_SPLITS>(w, mixed, sequences, parts);
    hold_inputs(token, sequences, projected, conv_state);
}
#else
extern "C" __global__ void __launch_bounds__(Threads, 2) batch_attention_output(const Weight* w, const Weight* mixed, int sequences, float* parts)
{
    output_parts<Mixed, MIXER_SPLITS>(w, mixed, sequences, parts);
}
#endif

// The logits of the normed stream (sequences, vocab), and the rank of each sequence's most likely id.
extern "C" __global__ void __launch_bounds__(Threads, 2) batch_logits(
    const Weight* head_weight, int vocab, const Weight* normed, int sequences, float* out, unsigned long long* picked)
{
    constexpr int Tall = Share<HIDDEN, 1>::Tall;
    constexpr int Rounds = (16 * Columns + Threads - 1) / Threads;
    unsigned long long best[Rounds] = {};
    multiply<HIDDEN, 1, Tall>(
        (vocab + 16 * Tall - 1) / (16 * Tall),
        [&](int tile, int m, int within)
        {
            int row = (tile * Tall + m) * 16 + within;
            return head_weight + (long long)(row < vocab ? row : vocab - 1) * HIDDEN;
        },
        normed, blockIdx.y * Columns, sequences, 0,
        [&](int round, int tile, int within, int n, const float* y)
        {
#pragma unroll
            for (int m = 0; m < Tall; m++)
            {
                int row = (tile * Tall + m) * 16 + within;
                if (row >= vocab) continue;
                out[(long long)n * vocab + row] = y[m];
                unsigned long long rank = ranked(y[m], row);
                best[round] = rank > best[round] ? rank : best[round];
            }
        });
#pragma unroll
    for (int round = 0; round < Rounds; round++)
    {
        // 16 threads have a sequence.
#pragma unroll
        for (int offset = 8; offset > 0; offset >>= 1)
        {
            unsigned long long other = __shfl_xor_sync(0xffffffff, best[round], offset);
            best[round] = other > best[round] ? other : best[round];
        }
        int n = (round * Threads + threadIdx.x) / 16;
        if (threadIdx.x % 16 == 0 && n < Columns && blockIdx.y * Columns + n < sequences) atomicMax(picked + blockIdx.y * Columns + n, best[round]);
    }
}
#endif
