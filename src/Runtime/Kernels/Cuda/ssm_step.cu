// Passed on a GPU: sha256 ec46d91ff2f1fcacc4c34a67d0acbb5554ecf6512445ecdcf1a54c7c8b3875ae
#ifdef TAPS
constexpr int Values = KV_HEADS * HEAD_DIM;
constexpr int Channels = Mixed + 2 * Values;
constexpr int GateAt = Channels;
constexpr int DtAt = Channels + (GATE ? Mixed : 0);
constexpr int Projections = DtAt + HEADS;

DEVICE float softplus(float x) { return x > 20.0f ? x : log1pf(expf(x)); }

// A channel of the convolution: what does not depend on this token, asked for beforehand. The state (Channels, TAPS - 1) are the inputs of the tokens before.
struct Channel
{
#if TAPS > 0
    float weight[TAPS], bias, held[TAPS];
#endif

    __device__ __forceinline__ void load(int channel, const Weight* state, const Weight* weights, const Weight* biases)
    {
#if TAPS > 0
        bias = value(biases[channel]);
#pragma unroll
        for (int tap = 0; tap < TAPS; tap++) weight[tap] = value(weights[channel * TAPS + tap]);
#pragma unroll
        for (int tap = 0; tap < TAPS - 1; tap++) held[tap] = value(state[channel * (TAPS - 1) + tap]);
#endif
    }

    // Its output at this token, activated.
    __device__ __forceinline__ float output(float input) const
    {
#if TAPS > 0
        float y = bias + value(rounded(input)) * weight[TAPS - 1];
#pragma unroll
        for (int tap = 0; tap < TAPS - 1; tap++) y += held[tap] * weight[tap];
        return silu(y);
#else
        return silu(input);
#endif
    }
};

// More threads than elsewhere: a block has a whole head, a warp some rows of its state, a lane some cells of each.
constexpr int StepThreads = 1024;
constexpr int StepWarps = StepThreads / 32;
constexpr int StepRows = (HEAD_DIM + StepWarps - 1) / StepWarps;
constexpr int StepCells = (HEAD_DIM + 31) / 32;

// The state after this token, what its query reads there, the norm by head and the gate: mixed (sequences, HEADS, HEAD_DIM). A sequence that rests keeps its state.
extern "C" __global__ void __launch_bounds__(StepThreads) ssm_step(
    const long long* token, const float* projected, const Weight* conv_state, const Weight* conv_weight, const Weight* conv_bias,
    const Weight* dt_bias, const Weight* a_log, const Weight* skip, const Weight* gate_norm, float eps, float* state, Activation* mixed)
{
    __shared__ float activated[3][HEAD_DIM]; // value, key, query
    __shared__ float y[HEAD_DIM];
    int head = blockIdx.x, group = head / Each, warp = threadIdx.x / 32, lane = threadIdx.x % 32, sequence = blockIdx.y;
    float* cells = state + (long long)(sequence * HEADS + head) * HEAD_DIM * HEAD_DIM;
    projected += (long long)sequence * Projections;
    conv_state += (long long)sequence * Channels * (TAPS > 1 ? TAPS - 1 : 0);
    mixed += (sequence * HEADS + head) * HEAD_DIM;
    float cell[StepRows][StepCells];
#pragma unroll
    for (int r = 0; r < StepRows; r++)
#pragma unroll
        for (int c = 0; c < StepCells; c++)
        {
            int row = r * StepWarps + warp, n = c * 32 + lane;
            if (row < HEAD_DIM && n < HEAD_DIM) cell[r][c] = cells[row * HEAD_DIM + n];
        }
    int part = threadIdx.x / HEAD_DIM, within = threadIdx.x % HEAD_DIM;
    int number = part == 0 ? group * HEAD_DIM + within : part == 1 ? Values + group * HEAD_DIM + within : 2 * Values + head * HEAD_DIM + within;
    Channel channel;
    if (part < 3) channel.load(number, conv_state, conv_weight, conv_bias);
    float bias = value(dt_bias[head]);
    float rate = DECAY ? expf(value(a_log[head])) : 1.0f;
    float weight = GATE_NORM && part == 0 ? value(gate_norm[within]) : 1.0f;

    wait_for_earlier_kernels();
    if (TILES && token[sequence] < 0)
    {
        if (part == 0) mixed[within] = activation(0.0f);
        return;
    }
    float gate = GATE && part == 0 ? projected[GateAt + head * HEAD_DIM + within] : 0.0f;
    float dt = softplus(projected[DtAt + head] + bias);
    if (part < 3) activated[part][within] = channel.output(projected[number]);
    float decay = expf(-dt * rate);
    __syncthreads();
#pragma unroll
    for (int r = 0; r < StepRows; r++)
    {
        int row = r * StepWarps + warp;
        if (row >= HEAD_DIM) break;
        float v = activated[0][row], sum = 0.0f;
#pragma unroll
        for (int c = 0; c < StepCells; c++)
        {
            int n = c * 32 + lane;
            if (n >= HEAD_DIM) break;
            cell[r][c] = cell[r][c] * decay + dt * v * activated[1][n];
            cells[row * HEAD_DIM + n] = cell[r][c];
            sum += cell[r][c] * activated[2][n];
        }
        sum = warp_sum(sum);
        if (lane == 0) y[row] = sum + (SKIP ? value(skip[head]) * v : 0.0f);
    }
    __syncthreads();
    if (threadIdx.x >= (HEAD_DIM + 31) / 32 * 32) return;
    float scale = 1.0f;
    if (GATE_NORM)
    {
        float squares = 0.0f;
        for (int i = lane; i < HEAD_DIM; i += 32) squares += y[i] * y[i];
        scale = rsqrtf(warp_sum(squares) / HEAD_DIM + eps);
    }
    if (part == 0) mixed[within] = activation(y[within] * scale * weight * (GATE ? silu(gate) : 1.0f));
}

// The convolution's states take up this token's inputs here, when nobody reads them any more.
DEVICE void hold_inputs(const long long* token, int sequences, const float* projected, Weight* conv_state)
{
#if TAPS > 1
    for (int i = (blockIdx.y * gridDim.x + blockIdx.x) * Threads + threadIdx.x; i < sequences * Channels; i += gridDim.x * gridDim.y * Threads)
    {
        int sequence = i / Channels, channel = i % Channels;
        if (TILES && token[sequence] < 0) continue;
        Weight* held = conv_state + (long long)i * (TAPS - 1);
#pragma unroll
        for (int tap = 0; tap < TAPS - 2; tap++) held[tap] = held[tap + 1];
        held[TAPS - 2] = rounded(projected[(long long)sequence * Projections + channel]);
    }
#endif
}

// x += w mixed.
extern "C" __global__ void __launch_bounds__(Threads) ssm_output(
    const Weight* w, const float* mixed, const long long* token, const float* projected, Weight* conv_state, float* x)
{
    add_product<Mixed>(w, mixed, x);
    hold_inputs(token, 1, projected, conv_state);
}
#endif
