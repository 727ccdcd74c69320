// Passed on a GPU: sha256 3b4f521eae146d38a57101f34bcad89c81c04ab975ea631f992baa6ff2e0cfb1
// The gradients of a mixer's pass. What goes back is bfloat16 like the activations; the small weights' gradients are gathered chunk by chunk in parts (chunks, Part), float32, and summed in a fixed order.

// Gradients behind convolution and SiLU (tokens, 3, HEADS, HEAD_DIM): of values, keys and queries, those of a group's heads still apart.
constexpr int Apart = 3 * Mixed;

DEVICE void store_strip(Bf16* to, int stride, int count, const Strip<HEAD_DIM>& from)
{
#pragma unroll
    for (int i = 0; i < 4; i += 2)
    {
        int token = threadIdx.x / 32 * 16 + row_of(i);
        if (token >= count) continue;
#pragma unroll
        for (int t = 0; t < HEAD_DIM / 8; t++) *(unsigned*)(to + (long long)token * stride + column_of(t, i)) = pack_bf16(from[t][i], from[t][i + 1]);
    }
}

DEVICE void scale_rows(Strip<HEAD_DIM>& strip, float upper, float lower)
{
#pragma unroll
    for (int t = 0; t < HEAD_DIM / 8; t++)
    {
        strip[t][0] *= upper;
        strip[t][1] *= upper;
        strip[t][2] *= lower;
        strip[t][3] *= lower;
    }
}

// This lane's share of the products of a strip's two rows with the same rows of a tile.
DEVICE void add_products(float (&sums)[2], const Strip<HEAD_DIM>& strip, const Bf16* rows)
{
#pragma unroll
    for (int t = 0; t < HEAD_DIM / 8; t++)
#pragma unroll
        for (int i = 0; i < 4; i += 2)
        {
            unsigned pair = pair_of(rows, row_of(i), column_of(t, i));
            sums[i / 2] += strip[t][i] * low(pair) + strip[t][i + 1] * high(pair);
        }
}

// Back through gate and norm: what a head reads is made again. Leaves the gradient of y (tokens, HEADS, HEAD_DIM), that of the gate's projection, the norm's part, and what each chunk adds to the
// gradient of the state before it (laid out as states are).
extern "C" __global__ void __launch_bounds__(Threads) output_gradients(
    const Bf16* projected, const Bf16* activated, const float* small, const unsigned char* mask, const int4* packed, int length, const Bf16* states, float eps,
    const Bf16* given, Bf16* read_gradients, Bf16* projected_gradients, Bf16* state_gradients, float* parts)
{
    __shared__ Steps steps;
    __shared__ float norm_parts[Warps][HEAD_DIM];
    Bf16 *queries = tiles, *room = tiles + Tile;
    int head = blockIdx.x, index = blockIdx.y, warp = threadIdx.x / 32;
    after_earlier_kernels();
    launch_later_kernels();
    Chunk chunk = chunk_of(packed, length, index);
    load_tile(queries, queries_of(activated, chunk, head), Channels, chunk.tokens);
    find_steps(steps, chunk, projected, small, mask, head);
    copies_are_there();
    Strip<HEAD_DIM> y, gradient;
    read_out(y, chunk, steps, queries, room, states + state_of(index, head), activated, small, head);
    float scale[2];
    norm_scales(scale, y, eps);
#pragma unroll
    for (int i = 0; i < 4; i += 2)
    {
        int token = 16 * warp + row_of(i);
        bool there = token < chunk.tokens;
        long long row = chunk.first + (there ? token : 0);
        const Bf16* from = given + row * Mixed + head * HEAD_DIM;
        long long gate_at = row * Width + GateAt + head * HEAD_DIM;
        float along = 0.0f;
#pragma unroll
        for (int t = 0; t < HEAD_DIM / 8; t++)
        {
            int column = column_of(t, i);
            unsigned pair = there ? *(const unsigned*)(from + column) : 0, gate_pair = GATE ? *(const unsigned*)(projected + gate_at + column) : 0;
            float gates[2];
#pragma unroll
            for (int j = 0; j < 2; j++)
            {
                float own = j ? high(pair) : low(pair), weight = GATE_NORM ? small[NormAt + column + j] : 1.0f;
                y[t][i + j] *= scale[i / 2];
                if (GATE)
                {
                    float gate = j ? high(gate_pair) : low(gate_pair), open = sigmoid(gate);
                    gates[j] = own * y[t][i + j] * weight * open * (1.0f + gate * (1.0f - open));
                    own *= gate * open;
                }
                gradient[t][i + j] = own;
                along += own * weight * y[t][i + j];
            }
            if (GATE && there) *(unsigned*)(projected_gradients + gate_at + column) = pack_bf16(gates[0], gates[1]);
        }
        along = GATE_NORM ? row_sum(along) / HEAD_DIM : 0.0f;
#pragma unroll
        for (int t = 0; t < HEAD_DIM / 8; t++)
#pragma unroll
            for (int j = 0; j < 2; j++)
            {
                float own = gradient[t][i + j], normed = y[t][i + j];
                if (!GATE_NORM) continue;
                y[t][i + j] = own * normed; // the weight's
                gradient[t][i + j] = scale[i / 2] * (own * small[NormAt + column_of(t, j)] - normed * along);
            }
    }
    store_strip(read_gradients + (long long)chunk.first * Mixed + head * HEAD_DIM, Mixed, chunk.tokens, gradient);
    if (GATE_NORM)
    {
#pragma unroll
        for (int t = 0; t < HEAD_DIM / 8; t++)
#pragma unroll
            for (int j = 0; j < 2; j++)
            {
                float sum = y[t][j] + y[t][j + 2];
#pragma unroll
                for (int by = 4; by < 32; by *= 2) sum += __shfl_xor_sync(0xffffffff, sum, by);
                if (threadIdx.x % 32 < 4) norm_parts[warp][column_of(t, j)] = sum;
            }
        __syncthreads();
        for (int i = threadIdx.x; i < HEAD_DIM; i += Threads)
            parts[(long long)index * Part + NormAt + head * HEAD_DIM + i] = norm_parts[0][i] + norm_parts[1][i] + norm_parts[2][i] + norm_parts[3][i];
    }
    if (chunk.before == 0) return;
    // What the state before the chunk is told by each token that read it.
    scale_rows(gradient, fast_exp2(steps.decay[16 * warp + row_of(0)]), fast_exp2(steps.decay[16 * warp + row_of(2)]));
    __syncthreads();
#pragma unroll
    for (int t = 0; t < HEAD_DIM / 8; t++)
#pragma unroll
        for (int i = 0; i < 4; i += 2) *(unsigned*)(room + (16 * warp + row_of(i)) * Pitch + column_of(t, i)) = pack_bf16(gradient[t][i], gradient[t][i + 1]);
    __syncthreads();
    for (int strip = warp; strip < HEAD_DIM / 16; strip += Warps)
    {
        Strip<HEAD_DIM> sum;
        clear(sum);
        multiply<HEAD_DIM, Tokens, true, true>(sum, room + 16 * strip, queries);
        Bf16* to = state_gradients + state_of(index, head) + 16 * strip * HEAD_DIM;
#pragma unroll
        for (int t = 0; t < HEAD_DIM / 8; t++)
#pragma unroll
            for (int i = 0; i < 4; i += 2) *(unsigned*)(to + row_of(i) * HEAD_DIM + column_of(t, i)) = pack_bf16(sum[t][i], sum[t][i + 1]);
    }
}

extern "C" __global__ void __launch_bounds__(Threads) carry_gradients(Bf16* state_gradients, const float* totals, const int4* packed, int length, int chunks)
{
    after_earlier_kernels();
    launch_later_kernels();
    carry<true>(state_gradients, totals, packed, length, chunks);
}

// Back through the scan of a chunk: the gradients of its values, keys, queries and steps, and the parts of those of dt's bias, of the decay and of the skip.
extern "C" __global__ void __launch_bounds__(Threads) input_gradients(
    const Bf16* projected, const Bf16* activated, const float* small, const unsigned char* mask, const int4* packed, int length, const Bf16* states, const Bf16* state_gradients,
    const Bf16* read_gradients, Bf16* activated_gradients, Bf16* projected_gradients, float* parts)
{
    __shared__ Steps steps;
    // Of each token's decay as one that hears, and of its step as one that is heard; of all that is left at the end; of the skip.
    __shared__ float hearing[Tokens], heard[Tokens], left[Warps], skipped[Warps];
    Bf16 *q = tiles, *k = q + Tile, *v = k + Tile, *dy = v + Tile, *room = dy + Tile;
    int head = blockIdx.x, index = blockIdx.y, warp = threadIdx.x / 32, lane = threadIdx.x % 32, own = 16 * warp;
    after_earlier_kernels();
    launch_later_kernels();
    Chunk chunk = chunk_of(packed, length, index);
    load_tile(q, queries_of(activated, chunk, head), Channels, chunk.tokens);
    load_tile(k, keys_of(activated, chunk, head), Channels, chunk.tokens);
    load_tile(v, values_of(activated, chunk, head), Channels, chunk.tokens);
    load_tile(dy, read_gradients + (long long)chunk.first * Mixed + head * HEAD_DIM, Mixed, chunk.tokens);
    if (chunk.before > 0) load_state(room, states + state_of(index, head));
    find_steps(steps, chunk, projected, small, mask, head);
    copies_are_there();
    float last = steps.decay[Tokens - 1];
    Bf16* to = activated_gradients + (long long)chunk.first * Apart + head * HEAD_DIM;
    {
        // This warp's tokens as those that hear: their queries.
        Strip<HEAD_DIM> sum;
        Strip<Tokens> scores, gains;
        float sums[2] = { 0.0f, 0.0f };
        clear(sum);
        if (chunk.before > 0)
        {
            multiply<HEAD_DIM, HEAD_DIM, false, true>(sum, dy + own * Pitch, room);
            scale_rows(sum, fast_exp2(steps.decay[own + row_of(0)]), fast_exp2(steps.decay[own + row_of(2)]));
            add_products(sums, sum, q + own * Pitch);
        }
        clear(scores);
        clear(gains);
        multiply<Tokens, HEAD_DIM, false, false>(scores, q + own * Pitch, k);
        multiply<Tokens, HEAD_DIM, false, false>(gains, dy + own * Pitch, v);
#pragma unroll
        for (int t = 0; t < Tokens / 8; t++)
#pragma unroll
            for (int i = 0; i < 4; i++)
            {
                int token = own + row_of(i), other = column_of(t, i);
                gains[t][i] = other <= token ? gains[t][i] * fast_exp2(steps.decay[token] - steps.decay[other]) * steps.size[other] : 0.0f;
                sums[i / 2] += gains[t][i] * scores[t][i];
            }
        unsigned weights[Tokens / 16][4];
        round_strip<Tokens>(weights, gains);
        multiply<HEAD_DIM, Tokens>(sum, weights, k);
        store_strip(to + 2 * Mixed, Apart, chunk.tokens, sum);
#pragma unroll
        for (int half = 0; half < 2; half++)
        {
            float all = row_sum(sums[half]);
            if (lane % 4 == 0) hearing[own + row_of(2 * half)] = all;
        }
    }
    // The state before the chunk gives way to the gradient of the one behind it; their product is what the whole chunk's decay is worth.
    float kept = 0.0f;
    __syncthreads();
    if (chunk.after > 0)
        for (int i = threadIdx.x; i < Cells / 8; i += Threads)
        {
            uint4* at = (uint4*)(room + i / (HEAD_DIM / 8) * Pitch + i % (HEAD_DIM / 8) * 8);
            uint4 told = *(const uint4*)(state_gradients + state_of(index, head) + 8 * i);
            if (chunk.before > 0)
            {
                float x[8], y[8];
                unpack(told, x);
                unpack(*at, y);
#pragma unroll
                for (int j = 0; j < 8; j++) kept += x[j] * y[j];
            }
            *at = told;
        }
    kept *= fast_exp2(last);
    __syncthreads();
    {
        // And as those that are heard: their keys and values.
        Strip<Tokens> scores, gains;
        float sums[2] = { 0.0f, 0.0f }, behind[2] = { 0.0f, 0.0f }, skip = 0.0f;
        float size[2] = { steps.size[own + row_of(0)], steps.size[own + row_of(2)] };
        float rest[2] = { fast_exp2(last - steps.decay[own + row_of(0)]), fast_exp2(last - steps.decay[own + row_of(2)]) };
        clear(scores);
        clear(gains);
        multiply<Tokens, HEAD_DIM, false, false>(scores, k + own * Pitch, q);
        multiply<Tokens, HEAD_DIM, false, false>(gains, v + own * Pitch, dy);
#pragma unroll
        for (int t = 0; t < Tokens / 8; t++)
#pragma unroll
            for (int i = 0; i < 4; i++)
            {
                int token = own + row_of(i), other = column_of(t, i);
                float decay = token <= other ? fast_exp2(steps.decay[other] - steps.decay[token]) : 0.0f;
                gains[t][i] *= decay;
                sums[i / 2] += gains[t][i] * scores[t][i];
                gains[t][i] *= size[i / 2];
                scores[t][i] *= decay * size[i / 2];
            }
        unsigned of_keys[Tokens / 16][4], of_values[Tokens / 16][4];
        round_strip<Tokens>(of_keys, gains);
        round_strip<Tokens>(of_values, scores);
        Strip<HEAD_DIM> sum;
        clear(sum);
        if (chunk.after > 0)
        {
            multiply<HEAD_DIM, HEAD_DIM, false, true>(sum, v + own * Pitch, room);
            scale_rows(sum, rest[0], rest[1]);
            add_products(behind, sum, k + own * Pitch);
            scale_rows(sum, size[0], size[1]);
        }
        multiply<HEAD_DIM, Tokens>(sum, of_keys, q);
        store_strip(to + Mixed, Apart, chunk.tokens, sum);
        clear(sum);
        if (chunk.after > 0)
        {
            multiply<HEAD_DIM, HEAD_DIM, false, false>(sum, k + own * Pitch, room);
            scale_rows(sum, rest[0] * size[0], rest[1] * size[1]);
        }
        multiply<HEAD_DIM, Tokens>(sum, of_values, dy);
        if (SKIP)
        {
            float d = small[SkipAt + head];
#pragma unroll
            for (int t = 0; t < HEAD_DIM / 8; t++)
#pragma unroll
                for (int i = 0; i < 4; i += 2)
                {
                    unsigned from = pair_of(dy, own + row_of(i), column_of(t, i)), with = pair_of(v, own + row_of(i), column_of(t, i));
                    sum[t][i] += d * low(from);
                    sum[t][i + 1] += d * high(from);
                    skip += low(from) * low(with) + high(from) * high(with);
                }
        }
        store_strip(to, Apart, chunk.tokens, sum);
#pragma unroll
        for (int half = 0; half < 2; half++)
        {
            float at_end = row_sum(behind[half]), all = row_sum(sums[half]) + at_end;
            if (lane % 4 == 0) heard[own + row_of(2 * half)] = all;
            kept += lane % 4 == 0 ? size[half] * at_end : 0.0f;
        }
        kept = warp_sum(kept);
        skip = warp_sum(skip);
        if (lane == 0)
        {
            left[warp] = kept;
            skipped[warp] = skip;
        }
    }
    __syncthreads();
    if (warp > 0) return;
    // A token's step times the rate adds to the decays of all tokens from it on.
    float rate = rate_of(small, head), suffix[2];
#pragma unroll
    for (int i = 0; i < 2; i++) suffix[i] = hearing[2 * lane + i] - steps.size[2 * lane + i] * heard[2 * lane + i];
    if (lane == 31) suffix[1] += left[0] + left[1] + left[2] + left[3];
    float sum = suffix[0] + suffix[1], own_sum = sum;
#pragma unroll
    for (int by = 1; by < 32; by *= 2)
    {
        float later = __shfl_down_sync(0xffffffff, sum, by);
        if (lane + by < 32) sum += later;
    }
    suffix[1] += sum - own_sum;
    suffix[0] = sum;
    float of_bias = 0.0f, of_decay = 0.0f;
#pragma unroll
    for (int i = 0; i < 2; i++)
    {
        int token = 2 * lane + i;
        float gradient = (heard[token] + rate * suffix[i]) * steps.slope[token];
        of_bias += gradient;
        of_decay += steps.size[token] * suffix[i];
        if (token < chunk.tokens) projected_gradients[(long long)(chunk.first + token) * Width + DtAt + head] = rounded(gradient);
    }
    of_bias = warp_sum(of_bias);
    of_decay = warp_sum(of_decay) * rate;
    if (lane > 0) return;
    float* part = parts + (long long)index * Part;
    part[DtBiasAt + head] = of_bias;
    if (DECAY) part[DecayAt + head] = of_decay;
    if (SKIP) part[SkipAt + head] = skipped[0] + skipped[1] + skipped[2] + skipped[3];
}

// The gradient of a channel pair behind its convolution and SiLU: of values and keys all heads of the group. Zeros where no token is.
DEVICE void gradient_at(float (&to)[2], const Bf16* row, int channel, bool there)
{
    if (channel >= 2 * Values)
    {
        unsigned pair = there ? *(const unsigned*)(row + 2 * Mixed + channel - 2 * Values) : 0;
        to[0] = low(pair);
        to[1] = high(pair);
        return;
    }
    const Bf16* from = row + channel / Values * Mixed + channel % Values / HEAD_DIM * Each * HEAD_DIM + channel % HEAD_DIM;
    to[0] = to[1] = 0.0f;
#pragma unroll
    for (int i = 0; i < Each; i++)
    {
        unsigned pair = there ? *(const unsigned*)(from + i * HEAD_DIM) : 0;
        to[0] += low(pair);
        to[1] += high(pair);
    }
}

// Back through SiLU and convolution, of which the activation is made again: the projections' gradients, and the convolution's parts. Blocks of channels by chunks, a thread has two channels.
// A token's input is heard by the tokens behind it, also by those of the next chunk.
extern "C" __global__ void __launch_bounds__(Threads) convolution_gradients(
    const Bf16* projected, const float* small, const int4* packed, int length, const Bf16* activated_gradients, Bf16* projected_gradients, float* parts)
{
    constexpr int reach = TAPS > 1 ? TAPS - 1 : 0;
    after_earlier_kernels();
    launch_later_kernels();
    int channel = 2 * (blockIdx.x * Threads + threadIdx.x);
    if (channel >= Channels) return;
    Chunk chunk = chunk_of(packed, length, blockIdx.y);
    const Bf16* from = projected + (long long)chunk.first * Width + channel;
    const Bf16* given = activated_gradients + (long long)chunk.first * Apart;
    Bf16* to = projected_gradients + (long long)chunk.first * Width + channel;
    Taps taps;
    taps.load(small, channel);
    taps.begin(from, chunk.before);
    float behind[reach + 1][2] = {}; // gradients before SiLU, of this token and those before it
#if TAPS > 0
    float weights[TAPS][2] = {}, bias[2] = {};
#endif
    int end = chunk.tokens + min(reach, chunk.after);
    for (int begin = 0; begin < chunk.tokens + reach; begin += Ahead)
    {
        unsigned inputs[Ahead];
        float own[Ahead][2];
#pragma unroll
        for (int i = 0; i < Ahead; i++)
        {
            int token = begin + i;
            inputs[i] = token < end ? *(const unsigned*)(from + (long long)token * Width) : 0;
            gradient_at(own[i], given + (long long)token * Apart, channel, token < end);
        }
#pragma unroll
        for (int i = 0; i < Ahead; i++)
        {
            int token = begin + i;
            if (token >= chunk.tokens + reach) continue;
            taps.take(inputs[i]);
            float back[2];
#pragma unroll
            for (int j = 0; j < 2; j++)
            {
                float x = taps.output(j), open = sigmoid(x);
#pragma unroll
                for (int tap = reach; tap > 0; tap--) behind[tap][j] = behind[tap - 1][j];
                behind[0][j] = own[i][j] * open * (1.0f + x * (1.0f - open));
#if TAPS > 0
                back[j] = 0.0f;
#pragma unroll
                for (int tap = 0; tap < TAPS; tap++) back[j] += taps.weight[tap][j] * behind[tap][j];
                if (token >= chunk.tokens) continue;
                bias[j] += behind[0][j];
#pragma unroll
                for (int tap = 0; tap < TAPS; tap++) weights[tap][j] += behind[0][j] * taps.input[tap][j];
#else
                back[j] = behind[0][j];
#endif
            }
            if (token >= reach) *(unsigned*)(to + (long long)(token - reach) * Width) = pack_bf16(back[0], back[1]);
        }
    }
#if TAPS > 0
    float* part = parts + (long long)blockIdx.y * Part;
#pragma unroll
    for (int i = 0; i < 2; i++)
    {
        part[BiasAt + channel + i] = bias[i];
#pragma unroll
        for (int tap = 0; tap < TAPS; tap++) part[(channel + i) * TAPS + tap] = weights[tap][i];
    }
#endif
}

// The small weights' gradients (Small) from the parts of so many chunks: a warp's columns, a part of the rows a warp.
extern "C" __global__ void __launch_bounds__(Threads) sum_parts(const float* parts, int chunks, float* sums)
{
    __shared__ float partial[Warps][32];
    after_earlier_kernels();
    launch_later_kernels();
    int column = blockIdx.x * 32 + threadIdx.x % 32, warp = threadIdx.x / 32;
    float sum = 0.0f;
    if (column < NormAt)
    {
#pragma unroll 8
        for (int i = warp; i < chunks; i += Warps) sum += parts[(long long)i * Part + column];
    }
    else if (column < Small)
    {
        // The norm's weight is that of all heads.
#pragma unroll 8
        for (int i = warp; i < chunks * HEADS; i += Warps) sum += parts[(long long)(i / HEADS) * Part + column + i % HEADS * HEAD_DIM];
    }
    partial[warp][threadIdx.x % 32] = sum;
    __syncthreads();
    if (warp == 0 && column < Small) sums[column] = partial[0][threadIdx.x] + partial[1][threadIdx.x] + partial[2][threadIdx.x] + partial[3][threadIdx.x];
}
