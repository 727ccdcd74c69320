// Passed on a GPU: sha256 98011445655415e15fccb55bd1e01589c3dba0be094c7fd97c4c37c2f69fab0d
// Numbers in memory, bfloat16 or float32, as floats: several that lie side by side are loaded and stored at once, from and to a multiple of their bytes. Comes behind ptx.cu.
//   ELEMENT_BF16: whether activations and weights are bfloat16; otherwise they are float32.
typedef unsigned short Bf16;
#if ELEMENT_BF16
typedef Bf16 Element;
#else
typedef float Element;
#endif

DEVICE float low_half(unsigned pair) { return __uint_as_float(pair << 16); }
DEVICE float high_half(unsigned pair) { return __uint_as_float(pair & 0xffff0000); }

template<int Count> DEVICE void load(const float* at, float (&to)[Count])
{
    if constexpr (Count % 4 == 0)
    {
#pragma unroll
        for (int i = 0; i < Count; i += 4)
        {
            float4 four = *(const float4*)(at + i);
            to[i] = four.x;
            to[i + 1] = four.y;
            to[i + 2] = four.z;
            to[i + 3] = four.w;
        }
    }
    else
    {
#pragma unroll
        for (int i = 0; i < Count; i++) to[i] = at[i];
    }
}

template<int Count> DEVICE void load(const Bf16* at, float (&to)[Count])
{
    if constexpr (Count == 8)
    {
        uint4 eight = *(const uint4*)at;
        unsigned pairs[4] = { eight.x, eight.y, eight.z, eight.w };
#pragma unroll
        for (int i = 0; i < 4; i++)
        {
            to[2 * i] = low_half(pairs[i]);
            to[2 * i + 1] = high_half(pairs[i]);
        }
    }
    else if constexpr (Count == 4)
    {
        uint2 four = *(const uint2*)at;
        to[0] = low_half(four.x);
        to[1] = high_half(four.x);
        to[2] = low_half(four.y);
        to[3] = high_half(four.y);
    }
    else
    {
#pragma unroll
        for (int i = 0; i < Count; i++) to[i] = low_half(at[i]);
    }
}

template<int Count> DEVICE void store(float* at, const float (&from)[Count])
{
    if constexpr (Count % 4 == 0)
    {
#pragma unroll
        for (int i = 0; i < Count; i += 4) *(float4*)(at + i) = make_float4(from[i], from[i + 1], from[i + 2], from[i + 3]);
    }
    else
    {
#pragma unroll
        for (int i = 0; i < Count; i++) at[i] = from[i];
    }
}

template<int Count> DEVICE void store(Bf16* at, const float (&from)[Count])
{
    if constexpr (Count == 8)
        *(uint4*)at = make_uint4(pack_bf16(from[0], from[1]), pack_bf16(from[2], from[3]), pack_bf16(from[4], from[5]), pack_bf16(from[6], from[7]));
    else if constexpr (Count == 4)
        *(uint2*)at = make_uint2(pack_bf16(from[0], from[1]), pack_bf16(from[2], from[3]));
    else
    {
#pragma unroll
        for (int i = 0; i < Count; i++) at[i] = (Bf16)pack_bf16(from[i], 0.0f);
    }
}

// Numbers from one sequence, head or token to the next.
struct Places
{
    long long batch, head, token;
};

DEVICE long long place(const Places& places, long long batch, long long head, long long token) { return batch * places.batch + head * places.head + token * places.token; }

