// Passed on a GPU: sha256 33dd81615306dbe1351860ccdc347b0a8eba6724cc5bf4e625f7baeee93fb85f
// A mixer's pass over many tokens, of which nothing is kept that its gradients' pass does not make again.

// All projections, rounded, as one matrix (Width, HIDDEN), and the small weights in float32. Which of them are float32 already the bits tell, in the order of the parameters; the others are bfloat16.
struct Given
{
    const void* at;
    bool single;

    __device__ __forceinline__ float value_at(long long i) const { return single ? ((const float*)at)[i] : value(((const Bf16*)at)[i]); }
};

DEVICE void gather_small(Given from, int at, int count, float* small)
{
    for (int i = blockIdx.x * Threads + threadIdx.x; i < count; i += gridDim.x * Threads) small[at + i] = from.value_at(i);
}

extern "C" __global__ void __launch_bounds__(Threads) gather_weights(
    const void* v, const void* k, const void* q, const void* gate, const void* dt,
    const void* conv_weight, const void* conv_bias, const void* dt_bias, const void* decay, const void* skip, const void* norm, int singles, Bf16* weights, float* small)
{
    after_earlier_kernels();
    launch_later_kernels();
    int row = blockIdx.x, own = row;
    Given from = { v, (singles & 1) != 0 };
    if (row >= Values) from = { k, (singles & 2) != 0 }, own = row - Values;
    if (row >= 2 * Values) from = { q, (singles & 4) != 0 }, own = row - 2 * Values;
    if (GATE && row >= GateAt) from = { gate, (singles & 8) != 0 }, own = row - GateAt;
    if (row >= DtAt) from = { dt, (singles & 16) != 0 }, own = row - DtAt;
    for (int i = 8 * threadIdx.x; i < HIDDEN; i += 8 * Threads)
    {
        uint4 taken = make_uint4(0, 0, 0, 0);
        if (row < Rows && from.single)
        {
            const float4* at = (const float4*)((const float*)from.at + (long long)own * HIDDEN + i);
            float4 first = at[0], second = at[1];
            taken = make_uint4(pack_bf16(first.x, first.y), pack_bf16(first.z, first.w), pack_bf16(second.x, second.y), pack_bf16(second.z, second.w));
        }
        else if (row < Rows)
            taken = *(const uint4*)((const Bf16*)from.at + (long long)own * HIDDEN + i);
        *(uint4*)(weights + (long long)row * HIDDEN + i) = taken;
    }
    if (TAPS > 0)
    {
        gather_small({ conv_weight, (singles & 32) != 0 }, 0, Channels * TAPS, small);
        gather_small({ conv_bias, (singles & 64) != 0 }, BiasAt, Channels, small);
    }
    gather_small({ dt_bias, (singles & 128) != 0 }, DtBiasAt, HEADS, small);
    if (DECAY) gather_small({ decay, (singles & 256) != 0 }, DecayAt, HEADS, small);
    if (SKIP) gather_small({ skip, (singles & 512) != 0 }, SkipAt, HEADS, small);
    if (GATE_NORM) gather_small({ norm, (singles & 1024) != 0 }, NormAt, HEAD_DIM, small);
}

// A channel pair's convolution: its weights, and the inputs that reach a token.
struct Taps
{
#if TAPS > 0
    float weight[TAPS][2], bias[2], input[TAPS][2];
#else
    float input[1][2];
#endif

    __device__ __forceinline__ void load(const float* small, int channel)
    {
#if TAPS > 0
#pragma unroll
        for (int i = 0; i < 2; i++)
        {
            bias[i] = small[BiasAt + channel + i];
#pragma unroll
            for (int tap = 0; tap < TAPS; tap++) weight[tap][i] = small[(channel + i) * TAPS + tap];
        }
#endif
    }

    // The inputs of the tokens before a chunk's first.
    __device__ __forceinline__ void begin(const Bf16* at, int before)
    {
#if TAPS > 1
#pragma unroll
        for (int tap = 1; tap < TAPS; tap++)
        {
            unsigned pair = TAPS - tap <= before ? *(const unsigned*)(at - (long long)(TAPS - tap) * Width) : 0;
            input[tap][0] = low(pair);
            input[tap][1] = high(pair);
        }
#endif
    }

    // One token on.
    __device__ __forceinline__ void take(unsigned pair)
    {
#if TAPS > 1
#pragma unroll
        for (int tap = 0; tap < TAPS - 1; tap++)
#pragma unroll
            for (int i = 0; i < 2; i++) input[tap][i] = input[tap + 1][i];
#endif
        input[TAPS > 1 ? TAPS - 1 : 0][0] = low(pair);
        input[TAPS > 1 ? TAPS - 1 : 0][1] = high(pair);
    }

    __device__ __forceinline__ float output(int i) const
    {
#if TAPS > 0
        float y = bias[i];
#pragma unroll
        for (int tap = 0; tap < TAPS; tap++) y += weight[tap][i] * input[tap][i];
        return y;
#else
        return input[0][i];
#endif
    }
};

// Convolution and SiLU: activated. Blocks of channels by chunks, a thread has two channels.
extern "C" __global__ void __launch_bounds__(Threads) activate(const Bf16* projected, const float* small, const int4* packed, int length, Bf16* activated)
{
    after_earlier_kernels();
    launch_later_kernels();
    int channel = 2 * (blockIdx.x * Threads + threadIdx.x);
    if (channel >= Channels) return;
    Chunk chunk = chunk_of(packed, length, blockIdx.y);
    const Bf16* from = projected + (long long)chunk.first * Width + channel;
    Bf16* to = activated + (long long)chunk.first * Channels + channel;
    Taps taps;
    taps.load(small, channel);
    taps.begin(from, chunk.before);
    for (int begin = 0; begin < chunk.tokens; begin += Ahead)
    {
        unsigned inputs[Ahead];
#pragma unroll
        for (int i = 0; i < Ahead; i++) inputs[i] = begin + i < chunk.tokens ? *(const unsigned*)(from + (long long)(begin + i) * Width) : 0;
#pragma unroll
        for (int i = 0; i < Ahead; i++)
        {
            if (begin + i >= chunk.tokens) continue;
            taps.take(inputs[i]);
            float x = taps.output(0), y = taps.output(1);
            *(unsigned*)(to + (long long)(begin + i) * Channels) = pack_bf16(x * sigmoid(x), y * sigmoid(y));
        }
    }
}

// What each chunk adds to its heads' states by its end: states (chunks, HEADS, HEAD_DIM, HEAD_DIM), value by key; and totals (chunks, HEADS), the logarithms of the decays over a chunk.
extern "C" __global__ void __launch_bounds__(Threads) chunk_states(
    const Bf16* projected, const Bf16* activated, const float* small, const unsigned char* mask, const int4* packed, int length, Bf16* states, float* totals)
{
    __shared__ Steps steps;
    Bf16 *v = tiles, *k = v + Tile;
    int head = blockIdx.x, index = blockIdx.y;
    after_earlier_kernels();
    launch_later_kernels();
    Chunk chunk = chunk_of(packed, length, index);
    load_tile(v, values_of(activated, chunk, head), Channels, chunk.tokens);
    load_tile(k, keys_of(activated, chunk, head), Channels, chunk.tokens);
    find_steps(steps, chunk, projected, small, mask, head);
    copies_are_there();
    if (threadIdx.x == 0) totals[index * HEADS + head] = steps.decay[Tokens - 1];
    if (chunk.after == 0) return;
    for (int i = threadIdx.x; i < Tokens * HEAD_DIM / 8; i += Threads)
    {
        int token = i / (HEAD_DIM / 8);
        uint4* at = (uint4*)(v + token * Pitch + i % (HEAD_DIM / 8) * 8);
        float x[8], left = steps.size[token] * fast_exp2(steps.decay[Tokens - 1] - steps.decay[token]);
        unpack(*at, x);
#pragma unroll
        for (int j = 0; j < 8; j++) x[j] *= left;
        *at = pack(x);
    }
    __syncthreads();
    for (int strip = threadIdx.x / 32; strip < HEAD_DIM / 16; strip += Warps)
    {
        Strip<HEAD_DIM> sum;
        clear(sum);
        multiply<HEAD_DIM, Tokens, true, true>(sum, v + 16 * strip, k);
        Bf16* to = states + state_of(index, head) + 16 * strip * HEAD_DIM;
#pragma unroll
        for (int t = 0; t < HEAD_DIM / 8; t++)
#pragma unroll
            for (int i = 0; i < 4; i += 2) *(unsigned*)(to + row_of(i) * HEAD_DIM + column_of(t, i)) = pack_bf16(sum[t][i], sum[t][i + 1]);
    }
}

// Eight cells of a state through the chunks of a sequence: what they add, in memory, gives way to the state before each of them; or, backwards, behind each.
template<bool Backwards> DEVICE void carry(Bf16* states, const float* totals, const int4* packed, int length, int chunks)
{
    int cell = (blockIdx.x * Threads + threadIdx.x) * 8, head = cell / Cells;
    if (head >= HEADS) return;
    float running[8] = {};
    for (int done = 0; done < chunks; done += Ahead)
    {
        uint4 added[Ahead];
        float total[Ahead];
        bool begins[Ahead];
#pragma unroll
        for (int i = 0; i < Ahead; i++)
        {
            if (done + i >= chunks) continue;
            int index = blockIdx.y * chunks + (Backwards ? chunks - 1 - done - i : done + i);
            Chunk chunk = chunk_of(packed, length, index);
            added[i] = *(const uint4*)(states + (long long)index * HEADS * Cells + cell);
            total[i] = fast_exp2(totals[index * HEADS + head]);
            begins[i] = (Backwards ? chunk.after : chunk.before) == 0;
        }
#pragma unroll
        for (int i = 0; i < Ahead; i++)
        {
            if (done + i >= chunks) continue;
            int index = blockIdx.y * chunks + (Backwards ? chunks - 1 - done - i : done + i);
            float own[8];
            unpack(added[i], own);
            if (begins[i])
            {
#pragma unroll
                for (int j = 0; j < 8; j++) running[j] = 0.0f;
            }
            *(uint4*)(states + (long long)index * HEADS * Cells + cell) = pack(running);
#pragma unroll
            for (int j = 0; j < 8; j++) running[j] = running[j] * total[i] + own[j];
        }
    }
}

// Blocks of cells by sequences; packed ones go by as one.
extern "C" __global__ void __launch_bounds__(Threads) carry_states(Bf16* states, const float* totals, const int4* packed, int length, int chunks)
{
    after_earlier_kernels();
    launch_later_kernels();
    carry<false>(states, totals, packed, length, chunks);
}

// y of a warp's 16 tokens, before norm and gate. The queries are in a tile; room is for a state, or for keys and values, which stay there.
DEVICE void read_out(Strip<HEAD_DIM>& y, Chunk chunk, const Steps& steps, const Bf16* queries, Bf16* room, const Bf16* state, const Bf16* activated, const float* small, int head)
{
    Bf16 *k = room, *v = room + Tile;
    int warp = threadIdx.x / 32;
    clear(y);
    if (chunk.before > 0)
    {
        load_state(room, state);
        copies_are_there();
        multiply<HEAD_DIM, HEAD_DIM, false, false>(y, queries + 16 * warp * Pitch, room);
#pragma unroll
        for (int i = 0; i < 4; i++)
        {
            float left = fast_exp2(steps.decay[16 * warp + row_of(i)]);
#pragma unroll
            for (int t = 0; t < HEAD_DIM / 8; t++) y[t][i] *= left;
        }
        __syncthreads();
    }
    load_tile(k, keys_of(activated, chunk, head), Channels, chunk.tokens);
    load_tile(v, values_of(activated, chunk, head), Channels, chunk.tokens);
    copies_are_there();
    Strip<Tokens> scores;
    clear(scores);
    multiply<Tokens, HEAD_DIM, false, false>(scores, queries + 16 * warp * Pitch, k);
#pragma unroll
    for (int t = 0; t < Tokens / 8; t++)
#pragma unroll
        for (int i = 0; i < 4; i++)
        {
            int token = 16 * warp + row_of(i), heard = column_of(t, i);
            scores[t][i] = heard <= token ? scores[t][i] * fast_exp2(steps.decay[token] - steps.decay[heard]) * steps.size[heard] : 0.0f;
        }
    unsigned weights[Tokens / 16][4];
    round_strip<Tokens>(weights, scores);
    multiply<HEAD_DIM, Tokens>(y, weights, v);
    if (SKIP)
    {
        float d = small[SkipAt + head];
#pragma unroll
        for (int t = 0; t < HEAD_DIM / 8; t++)
#pragma unroll
            for (int i = 0; i < 4; i += 2)
            {
                unsigned pair = pair_of(v, 16 * warp + row_of(i), column_of(t, i));
                y[t][i] += d * low(pair);
                y[t][i + 1] += d * high(pair);
            }
    }
}

// 1 / sqrt(mean(y^2) + eps) of the two tokens that a lane has a part of.
DEVICE void norm_scales(float (&scale)[2], const Strip<HEAD_DIM>& y, float eps)
{
#pragma unroll
    for (int half = 0; half < 2; half++)
    {
        float squares = 0.0f;
#pragma unroll
        for (int t = 0; t < HEAD_DIM / 8; t++) squares += y[t][2 * half] * y[t][2 * half] + y[t][2 * half + 1] * y[t][2 * half + 1];
        scale[half] = GATE_NORM ? rsqrtf(row_sum(squares) / HEAD_DIM + eps) : 1.0f;
    }
}

// The mixer's output (tokens, HEADS, HEAD_DIM): what each query reads, the norm by head, the gate.
extern "C" __global__ void __launch_bounds__(Threads) mix_outputs(
    const Bf16* projected, const Bf16* activated, const float* small, const unsigned char* mask, const int4* packed, int length, const Bf16* states, float eps, Bf16* outputs)
{
    __shared__ Steps steps;
    int head = blockIdx.x, index = blockIdx.y, warp = threadIdx.x / 32;
    after_earlier_kernels();
    launch_later_kernels();
    Chunk chunk = chunk_of(packed, length, index);
    load_tile(tiles, queries_of(activated, chunk, head), Channels, chunk.tokens);
    find_steps(steps, chunk, projected, small, mask, head);
    copies_are_there();
    Strip<HEAD_DIM> y;
    read_out(y, chunk, steps, tiles, tiles + Tile, states + state_of(index, head), activated, small, head);
    float scale[2];
    norm_scales(scale, y, eps);
#pragma unroll
    for (int i = 0; i < 4; i += 2)
    {
        int token = 16 * warp + row_of(i);
        if (token >= chunk.tokens) continue;
        const Bf16* gates = projected + (long long)(chunk.first + token) * Width + GateAt + head * HEAD_DIM;
        Bf16* to = outputs + (long long)(chunk.first + token) * Mixed + head * HEAD_DIM;
#pragma unroll
        for (int t = 0; t < HEAD_DIM / 8; t++)
        {
            int column = column_of(t, i);
            float first = y[t][i] * scale[i / 2], second = y[t][i + 1] * scale[i / 2];
            if (GATE_NORM)
            {
                first *= small[NormAt + column];
                second *= small[NormAt + column + 1];
            }
            if (GATE)
            {
                unsigned pair = *(const unsigned*)(gates + column);
                first *= low(pair) * sigmoid(low(pair));
                second *= high(pair) * sigmoid(high(pair));
            }
            *(unsigned*)(to + column) = pack_bf16(first, second);
        }
    }
}
