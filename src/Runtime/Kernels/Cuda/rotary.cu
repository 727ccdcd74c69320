// Passed on a GPU: sha256 -
// From a fused projection to what attention reads. Comes behind numbers.cu.
//   KV_HEADS.  EACH: query heads that share a key head.  HEAD_DIM: even.  PIECE: numbers that are loaded at once, a divisor of HEAD_DIM / 2.
constexpr int Half = HEAD_DIM / 2, Pieces = Half / PIECE;

// What is read of a head: a piece of its first half and the one that it is turned with.
struct Pair
{
    float low[PIECE], high[PIECE];

    __device__ __forceinline__ void load_from(const Element* head)
    {
        load(head, low);
        load(head + Half, high);
    }

    __device__ __forceinline__ void store_to(Element* head) const
    {
        store(head, low);
        store(head + Half, high);
    }

    __device__ __forceinline__ void turn(const float (&cosine)[PIECE], const float (&sine)[PIECE])
    {
#pragma unroll
        for (int i = 0; i < PIECE; i++)
        {
            float x = low[i], y = high[i];
            low[i] = x * cosine[i] - y * sine[i];
            high[i] = y * cosine[i] + x * sine[i];
        }
    }
};

// For each token and key head EACH queries, a key and a value (tokens of all sequences, KV_HEADS, EACH + 2, HEAD_DIM): queries and keys are turned by the token's angles, of which
// cosines (batch or 1, length, HEAD_DIM) and sines of the second half are given. A thread has a piece of all heads of a group.
extern "C" __global__ void __launch_bounds__(256) place_heads(
    const Element* fused, const float* cosines, const float* sines, long long angles_of_batch, Element* queries, Places of_queries, Element* keys, Places of_keys,
    Element* values, Places of_values, long long length, long long tokens)
{
    after_earlier_kernels();
    long long thread = (long long)blockIdx.x * 256 + threadIdx.x;
    int piece = thread % Pieces * PIECE, group = thread / Pieces % KV_HEADS;
    long long token = thread / (Pieces * KV_HEADS);
    if (token >= tokens) return;
    long long batch = token / length, at = token % length;

    const Element* own = fused + (token * KV_HEADS + group) * (EACH + 2) * HEAD_DIM + piece;
    float cosine[PIECE], sine[PIECE];
    load(cosines + batch * angles_of_batch + at * HEAD_DIM + piece, cosine);
    load(sines + batch * angles_of_batch + at * HEAD_DIM + Half + piece, sine);
#pragma unroll
    for (int i = 0; i < EACH; i++)
    {
        Pair query;
        query.load_from(own + i * HEAD_DIM);
        query.turn(cosine, sine);
        query.store_to(queries + place(of_queries, batch, group * EACH + i, at) + piece);
    }
    Pair key, value;
    key.load_from(own + EACH * HEAD_DIM);
    value.load_from(own + (EACH + 1) * HEAD_DIM);
    key.turn(cosine, sine);
    key.store_to(keys + place(of_keys, batch, group, at) + piece);
    value.store_to(values + place(of_values, batch, group, at) + piece);
}

