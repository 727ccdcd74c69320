// Passed on a GPU: sha256 ca16995c33eeef1af46ddb8a17df3678bfb9a77540cea701d3755adefaa290ec
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

// The heads of all tokens, each in its place.
struct Heads
{
    Element *queries, *keys, *values;
    Places of_queries, of_keys, of_values;
};

// A thread has a piece of all heads of a token's group.
struct Part
{
    int piece, group;
    long long token, batch, at;

    __device__ __forceinline__ explicit Part(long long length)
    {
        long long thread = (long long)blockIdx.x * 256 + threadIdx.x;
        piece = thread % Pieces * PIECE;
        group = thread / Pieces % KV_HEADS;
        token = thread / (Pieces * KV_HEADS);
        batch = token / length;
        at = token % length;
    }

    __device__ __forceinline__ long long in_fused() const { return (token * KV_HEADS + group) * (EACH + 2) * HEAD_DIM + piece; }
    __device__ __forceinline__ Element* query(const Heads& heads, int i) const { return heads.queries + place(heads.of_queries, batch, group * EACH + i, at) + piece; }
    __device__ __forceinline__ Element* key(const Heads& heads) const { return heads.keys + place(heads.of_keys, batch, group, at) + piece; }
    __device__ __forceinline__ Element* value(const Heads& heads) const { return heads.values + place(heads.of_values, batch, group, at) + piece; }

    __device__ __forceinline__ void angles(const float* cosines, const float* sines, long long of_batch, float (&cosine)[PIECE], float (&sine)[PIECE]) const
    {
        long long first = batch * of_batch + at * HEAD_DIM + piece;
        load(cosines + first, cosine);
        load(sines + first + Half, sine);
    }
};

// From the fused projection, for each token and key head EACH queries, a key and a value (tokens of all sequences, KV_HEADS, EACH + 2, HEAD_DIM), to heads: queries and keys are
// turned by the token's angles, of which cosines and sines (batch or 1, length, HEAD_DIM) are given, sines of the first half negated.
extern "C" __global__ void __launch_bounds__(256) place_heads(
    const Element* __restrict__ fused, const float* __restrict__ cosines, const float* __restrict__ sines, long long angles_of_batch, Element* queries, Places of_queries, Element* keys, Places of_keys,
    Element* values, Places of_values, long long length, long long tokens)
{
    after_earlier_kernels();
    Part part(length);
    if (part.token >= tokens) return;
    Heads heads = { queries, keys, values, of_queries, of_keys, of_values };
    const Element* own = fused + part.in_fused();
    float cosine[PIECE], sine[PIECE];
    part.angles(cosines, sines, angles_of_batch, cosine, sine);
#pragma unroll
    for (int i = 0; i < EACH; i++)
    {
        Pair query;
        query.load_from(own + i * HEAD_DIM);
        query.turn(cosine, sine);
        query.store_to(part.query(heads, i));
    }
    Pair key, value;
    key.load_from(own + EACH * HEAD_DIM);
    value.load_from(own + (EACH + 1) * HEAD_DIM);
    key.turn(cosine, sine);
    key.store_to(part.key(heads));
    value.store_to(part.value(heads));
}

// The way back, of gradients: heads are turned the other way round.
extern "C" __global__ void __launch_bounds__(256) place_heads_back(
    Element* __restrict__ fused, const float* __restrict__ cosines, const float* __restrict__ sines, long long angles_of_batch, Element* queries, Places of_queries, Element* keys, Places of_keys,
    Element* values, Places of_values, long long length, long long tokens)
{
    after_earlier_kernels();
    Part part(length);
    if (part.token >= tokens) return;
    Heads heads = { queries, keys, values, of_queries, of_keys, of_values };
    Element* own = fused + part.in_fused();
    float cosine[PIECE], sine[PIECE];
    part.angles(cosines, sines, angles_of_batch, cosine, sine);
#pragma unroll
    for (int i = 0; i < PIECE; i++) sine[i] = -sine[i];
#pragma unroll
    for (int i = 0; i < EACH; i++)
    {
        Pair query;
        query.load_from(part.query(heads, i));
        query.turn(cosine, sine);
        query.store_to(own + i * HEAD_DIM);
    }
    Pair key, value;
    key.load_from(part.key(heads));
    value.load_from(part.value(heads));
    key.turn(cosine, sine);
    key.store_to(own + EACH * HEAD_DIM);
    value.store_to(own + (EACH + 1) * HEAD_DIM);
}

