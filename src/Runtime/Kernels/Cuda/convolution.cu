// Passed on a GPU: sha256 3426029a20ab9d5e07304d4459cf8dfafbd21414f6b3ec42a10f71cd80f590e3
// The causal depthwise convolution of values, keys and queries over time, and SiLU; compiled behind scan.cu with TAPS, 0 for SiLU alone.
constexpr int Run = 16;                        // tokens of a thread, which has eight channels of them
constexpr int Eights = Channels / 8;
constexpr int Before = TAPS > 1 ? TAPS - 1 : 0; // tokens that the first one hears

DEVICE void unpack(uint4 packed, float (&to)[8])
{
    unsigned words[4] = { packed.x, packed.y, packed.z, packed.w };
#pragma unroll
    for (int i = 0; i < 4; i++) to[2 * i] = low(words[i]), to[2 * i + 1] = high(words[i]);
}

// Inputs are rows of a stride, outputs (sequences, length, Channels). The history (sequences, Channels, Before) are the inputs of the tokens before, and is left as those of the last
// tokens; null is zeros, and stays so. Threads (Eights * runs of tokens, sequences).
extern "C" __global__ void __launch_bounds__(256) convolution(
    const Bf16* inputs, int stride, const Bf16* weight, const Bf16* bias, Bf16* history, long long length, Bf16* outputs)
{
    after_earlier_kernels();
    long long number = (long long)blockIdx.x * 256 + threadIdx.x, first = number / Eights * Run;
    int channel = number % Eights * 8;
    if (first >= length) return;
    inputs += blockIdx.y * length * stride + channel;
    outputs += blockIdx.y * length * Channels + channel;
    if (history) history += ((long long)blockIdx.y * Channels + channel) * Before;

    uint4 loaded[Before + Run];
#pragma unroll
    for (int i = 0; i < Before + Run; i++)
    {
        long long token = first + i - Before;
        loaded[i] = token >= 0 && token < length ? *(const uint4*)(inputs + token * stride) : make_uint4(0, 0, 0, 0);
    }
#if TAPS > 1
    if (first == 0 && history)
    {
        Bf16 held[Before][8];
#pragma unroll
        for (int i = 0; i < Before * 8; i++) held[i / 8][i % 8] = history[i % 8 * Before + i / 8];
#pragma unroll
        for (int i = 0; i < Before; i++)
            loaded[i] = make_uint4(
                held[i][0] | (unsigned)held[i][1] << 16, held[i][2] | (unsigned)held[i][3] << 16, held[i][4] | (unsigned)held[i][5] << 16, held[i][6] | (unsigned)held[i][7] << 16);
        // Whoever reads a channel's history is who writes it.
#pragma unroll
        for (int i = 0; i < Before; i++)
        {
            long long token = length - Before + i;
            for (int c = 0; c < 8; c++)
                history[c * Before + i] = token >= 0 ? inputs[token * stride + c] : history[c * Before + i + length];
        }
    }
#endif
#if TAPS > 0
    float weights[TAPS][8], biases[8];
#pragma unroll
    for (int c = 0; c < 8; c++)
    {
        biases[c] = value(bias[channel + c]);
#pragma unroll
        for (int tap = 0; tap < TAPS; tap++) weights[tap][c] = value(weight[(channel + c) * TAPS + tap]);
    }
#endif
#pragma unroll
    for (int i = 0; i < Run; i++)
    {
        if (first + i >= length) break;
        float y[8];
#if TAPS > 0
#pragma unroll
        for (int c = 0; c < 8; c++) y[c] = biases[c];
#pragma unroll
        for (int tap = 0; tap < TAPS; tap++)
        {
            float x[8];
            unpack(loaded[i + tap], x);
#pragma unroll
            for (int c = 0; c < 8; c++) y[c] += x[c] * weights[tap][c];
        }
#else
        unpack(loaded[i], y);
#endif
#pragma unroll
        for (int c = 0; c < 8; c++) y[c] = silu(y[c]);
        *(uint4*)(outputs + (first + i) * Channels) = make_uint4(pack_bf16(y[0], y[1]), pack_bf16(y[2], y[3]), pack_bf16(y[4], y[5]), pack_bf16(y[6], y[7]));
    }
}
