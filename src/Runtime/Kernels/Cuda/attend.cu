// Passed on a GPU: sha256 f92214d0e64abb3a54cf5c675837b31a490750bdfcdfc31797e4122a80c77c84
#ifdef ROPE_THETA
constexpr int Lanes = HEAD_DIM / Width;      // that share a token
constexpr int Parties = Threads / Lanes;     // tokens that a block looks at side by side
constexpr int Ahead = 4;                     // times as many are asked for at once
constexpr float Lowest = -3e38f;

// A channel turned by the token's position; past MAX_POSITIONS the base grows with the length where there is a dynamic factor.
DEVICE float turned(const float* head, int i, long long position)
{
    double theta = ROPE_THETA;
    long long length = position + 1;
    if (DYNAMIC_FACTOR > 0 && length > MAX_POSITIONS)
        theta *= pow(DYNAMIC_FACTOR * length / MAX_POSITIONS - (DYNAMIC_FACTOR - 1), HEAD_DIM / (HEAD_DIM - 2.0));
    int pair = i % (HEAD_DIM / 2);
    float angle = (float)position * (1.0f / powf((float)theta, 2.0f * pair / HEAD_DIM));
    float sine, cosine;
    sincosf(angle, &sine, &cosine);
    float other = head[i < HEAD_DIM / 2 ? i + HEAD_DIM / 2 : i - HEAD_DIM / 2];
    return head[i] * cosine + (i < HEAD_DIM / 2 ? -other : other) * sine;
}

// Attention over a part of the tokens of a sequence: for each query head of a kv head the weighted values (HEAD_DIM), the greatest score and the sum of weights.
// The part that has the new token writes its key and value to their place in the cache. projected holds for each kv head its queries, its key, its value; the kv heads
// of the sequences follow one another. Of several sequences the places that are marked (sequences, room) are seen, the others hold pads.
extern "C" __global__ void __launch_bounds__(Threads) attend(
    const float* projected, const long long* token, const long long* position, const long long* place, const unsigned char* marks, Weight* keys, Weight* values, long long room, float* sums, float* weights)
{
    __shared__ __align__(16) float query[Each][HEAD_DIM];
    __shared__ float part[Parties][Each][HEAD_DIM + 2];
    int group = blockIdx.x, sequence = group / KV_HEADS, split = blockIdx.y, splits = gridDim.y;
    wait_for_earlier_kernels();
    if (TILES && token[sequence] < 0) return;
    long long turn = position[sequence], last = place[0], length = last + 1;
    if (TILES) marks += sequence * room;
    long long each = (length + splits - 1) / splits;
    long long begin = split * each, end = begin + each < length ? begin + each : length;
    const float* own = projected + (long long)group * (Each + 2) * HEAD_DIM;
    Weight* group_keys = keys + (long long)group * room * HEAD_DIM;
    Weight* group_values = values + (long long)group * room * HEAD_DIM;
    for (int i = threadIdx.x; i < Each * HEAD_DIM; i += Threads)
        query[i / HEAD_DIM][i % HEAD_DIM] = turned(own + i / HEAD_DIM * HEAD_DIM, i % HEAD_DIM, turn) * rsqrtf((float)HEAD_DIM);
    if (begin <= last && last < end)
        for (int i = threadIdx.x; i < HEAD_DIM; i += Threads)
        {
            group_keys[last * HEAD_DIM + i] = rounded(turned(own + Each * HEAD_DIM, i, turn));
            group_values[last * HEAD_DIM + i] = rounded(own[(Each + 1) * HEAD_DIM + i]);
        }
    __syncthreads();

    int party = threadIdx.x / Lanes, lane = threadIdx.x % Lanes;
    float greatest[Each], total[Each], sum[Each][Width];
#pragma unroll
    for (int h = 0; h < Each; h++)
    {
        greatest[h] = Lowest;
        total[h] = 0.0f;
#pragma unroll
        for (int j = 0; j < Width; j++) sum[h][j] = 0.0f;
    }
    for (long long first = begin; first < end; first += Ahead * Parties)
    {
        uint4 k[Ahead], v[Ahead];
        bool seen[Ahead];
#pragma unroll
        for (int a = 0; a < Ahead; a++)
        {
            long long at = first + a * Parties + party;
            seen[a] = at < end;
            if (!seen[a]) at = begin;
            if (TILES) seen[a] = seen[a] && marks[at];
            k[a] = *(const uint4*)(group_keys + at * HEAD_DIM + lane * Width);
            v[a] = *(const uint4*)(group_values + at * HEAD_DIM + lane * Width);
        }
        float scores[Ahead][Each];
#pragma unroll
        for (int a = 0; a < Ahead; a++)
        {
            float x[Width];
            unpack(k[a], x);
#pragma unroll
            for (int h = 0; h < Each; h++)
            {
                float score = 0.0f;
#pragma unroll
                for (int j = 0; j < Width; j++) score += x[j] * query[h][lane * Width + j];
#pragma unroll
                for (int offset = Lanes / 2; offset > 0; offset >>= 1) score += __shfl_xor_sync(0xffffffff, score, offset);
                scores[a][h] = seen[a] ? score : Lowest;
            }
        }
#pragma unroll
        for (int h = 0; h < Each; h++)
        {
            float higher = greatest[h];
#pragma unroll
            for (int a = 0; a < Ahead; a++) higher = fmaxf(higher, scores[a][h]);
            float fade = expf(greatest[h] - higher);
            greatest[h] = higher;
            total[h] *= fade;
#pragma unroll
            for (int j = 0; j < Width; j++) sum[h][j] *= fade;
#pragma unroll
            for (int a = 0; a < Ahead; a++)
            {
                // Also where nothing was seen yet, and all is as low.
                scores[a][h] = seen[a] ? expf(scores[a][h] - higher) : 0.0f;
                total[h] += scores[a][h];
            }
        }
#pragma unroll
        for (int a = 0; a < Ahead; a++)
        {
            float x[Width];
            unpack(v[a], x);
#pragma unroll
            for (int h = 0; h < Each; h++)
#pragma unroll
                for (int j = 0; j < Width; j++) sum[h][j] += scores[a][h] * x[j];
        }
    }
#pragma unroll
    for (int h = 0; h < Each; h++)
    {
#pragma unroll
        for (int j = 0; j < Width; j++) part[party][h][lane * Width + j] = sum[h][j];
        if (lane == 0)
        {
            part[party][h][HEAD_DIM] = greatest[h];
            part[party][h][HEAD_DIM + 1] = total[h];
        }
    }
    __syncthreads();
    for (int i = threadIdx.x; i < Each * HEAD_DIM; i += Threads)
    {
        int h = i / HEAD_DIM, channel = i % HEAD_DIM;
        float highest = Lowest, all = 0.0f, y = 0.0f;
        for (int p = 0; p < Parties; p++) highest = fmaxf(highest, part[p][h][HEAD_DIM]);
        for (int p = 0; p < Parties; p++)
        {
            float fade = expf(part[p][h][HEAD_DIM] - highest);
            all += part[p][h][HEAD_DIM + 1] * fade;
            y += part[p][h][channel] * fade;
        }
        int share = (group * Each + h) * splits + split;
        sums[(long long)share * HEAD_DIM + channel] = y;
        if (channel == 0)
        {
            weights[2 * share] = highest;
            weights[2 * share + 1] = all;
        }
    }
}

// The parts of each head put together: y (sequences, HEADS, HEAD_DIM), 0 of a sequence that rests. A block of whole warps has a head.
extern "C" __global__ void combine(const long long* token, const float* sums, const float* weights, int splits, Activation* y)
{
    wait_for_earlier_kernels();
    int head = blockIdx.x;
    if (TILES && token[head / HEADS] < 0)
    {
        for (int i = threadIdx.x; i < HEAD_DIM; i += blockDim.x) y[head * HEAD_DIM + i] = activation(0.0f);
        return;
    }
    // The lanes of each warp share the parts' weights.
    const float2* own = (const float2*)weights + head * splits;
    float highest = Lowest, all = 0.0f;
    for (int s = threadIdx.x % 32; s < splits; s += 32) highest = fmaxf(highest, own[s].x);
#pragma unroll
    for (int offset = 16; offset > 0; offset >>= 1) highest = fmaxf(highest, __shfl_xor_sync(0xffffffff, highest, offset));
    for (int s = threadIdx.x % 32; s < splits; s += 32) all += own[s].y * expf(own[s].x - highest);
    all = warp_sum(all);
    for (int i = threadIdx.x; i < HEAD_DIM; i += blockDim.x)
    {
        float sum = 0.0f;
#pragma unroll 8
        for (int s = 0; s < splits; s++) sum += sums[((long long)head * splits + s) * HEAD_DIM + i] * expf(own[s].x - highest);
        y[head * HEAD_DIM + i] = activation(sum / all);
    }
}

// x += w y.
extern "C" __global__ void __launch_bounds__(Threads) attention_output(const Weight* w, const float* y, float* x)
{
    add_product<Mixed>(w, y, x);
}
#endif
