// CUDA C++ as far as the kernels use it, for a C++ compiler of the CPU.
// C's own headers: those of C++ take longer to read than all kernels.
#define _GLIBCXX_INCLUDE_NEXT_C_HEADERS
#include <math.h>
#include "block.h"

#define __CUDA_ARCH__ 900
#define __device__
#define __global__ __attribute__((visibility("hidden")))
#define __host__
#define __forceinline__ inline __attribute__((always_inline))
#define __noinline__ __attribute__((noinline))
#define __restrict__
#define __launch_bounds__(...)
#define __align__(bytes) __attribute__((aligned(bytes)))
#define __shared__ static __attribute__((section("shared_memory")))

struct __align__(8) float2 { float x, y; };
struct __align__(16) float4 { float x, y, z, w; };
struct __align__(8) uint2 { unsigned x, y; };
struct __align__(16) uint4 { unsigned x, y, z, w; };
struct __align__(8) int2 { int x, y; };
struct __align__(16) int4 { int x, y, z, w; };
static inline float2 make_float2(float x, float y) { return { x, y }; }
static inline float4 make_float4(float x, float y, float z, float w) { return { x, y, z, w }; }
static inline uint2 make_uint2(unsigned x, unsigned y) { return { x, y }; }
static inline uint4 make_uint4(unsigned x, unsigned y, unsigned z, unsigned w) { return { x, y, z, w }; }
static inline int2 make_int2(int x, int y) { return { x, y }; }
static inline int4 make_int4(int x, int y, int z, int w) { return { x, y, z, w }; }

template<class To, class From> static inline To emulated_bits(From from)
{
    static_assert(sizeof(To) == sizeof(From));
    To to;
    memcpy(&to, &from, sizeof(To));
    return to;
}
static inline unsigned __float_as_uint(float x) { return emulated_bits<unsigned>(x); }
static inline int __float_as_int(float x) { return emulated_bits<int>(x); }
static inline float __uint_as_float(unsigned x) { return emulated_bits<float>(x); }
static inline float __int_as_float(int x) { return emulated_bits<float>(x); }

static inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
// glibc has functions of these names.
#define __expf expf
#define __logf logf
static inline float __fdividef(float x, float y) { return x / y; }
static inline float __frcp_rn(float x) { return 1.0f / x; }
static inline float __fmaf_rn(float x, float y, float z) { return fmaf(x, y, z); }
template<class T> static inline T __ldg(const T* at) { return *at; }
template<class T> static inline T min(T x, T y) { return y < x ? y : x; }
template<class T> static inline T max(T x, T y) { return x < y ? y : x; }
static inline int __popc(unsigned x) { return __builtin_popcount(x); }
static inline int __ffs(int x) { return __builtin_ffs(x); }
static inline int __clz(int x) { return x ? __builtin_clz(x) : 32; }

#define __syncthreads() emulator::barrier({ __FILE__, __LINE__ })
#define __syncwarp(...) emulator::together(emulator::SyncWarp, emulated_mask(__VA_ARGS__), { __FILE__, __LINE__ })
static inline unsigned emulated_mask(unsigned mask = 0xffffffff) { return mask; }
static inline void __threadfence() {}
static inline void __threadfence_block() {}

template<class T> static T emulated_shuffle(unsigned mask, T x, int source, emulator::Place place)
{
    static_assert(sizeof(T) == 4 || sizeof(T) == 8);
    memcpy(emulator::current->offered.words, &x, sizeof(T));
    emulator::together(emulator::Shuffle, mask, place);
    memcpy(&x, emulator::current->seen[source], sizeof(T));
    return x;
}
static inline int emulated_lane() { return threadIdx.x % 32; }
// A lane outside of the segment keeps its own value.
static inline int emulated_within(int source, int width)
{
    int first = emulated_lane() / width * width;
    return source >= first && source < first + width ? source : emulated_lane();
}
#define __shfl_sync(mask, x, source, ...) emulated_shuffle(mask, x, emulated_segment(source, ##__VA_ARGS__), { __FILE__, __LINE__ })
#define __shfl_xor_sync(mask, x, other, ...) emulated_shuffle(mask, x, emulated_within(emulated_lane() ^ (other), emulated_width(__VA_ARGS__)), { __FILE__, __LINE__ })
#define __shfl_down_sync(mask, x, by, ...) emulated_shuffle(mask, x, emulated_within(emulated_lane() + (int)(by), emulated_width(__VA_ARGS__)), { __FILE__, __LINE__ })
#define __shfl_up_sync(mask, x, by, ...) emulated_shuffle(mask, x, emulated_within(emulated_lane() - (int)(by), emulated_width(__VA_ARGS__)), { __FILE__, __LINE__ })
static inline int emulated_width(int width = 32) { return width; }
static inline int emulated_segment(int source, int width = 32) { return emulated_lane() / width * width + (source & (width - 1)); }

static inline unsigned emulated_ballot(unsigned mask, int vote, emulator::Place place)
{
    emulator::current->offered.words[0] = vote != 0;
    emulator::together(emulator::Shuffle, mask, place);
    unsigned votes = 0;
    for (int lane = 0; lane < 32; lane++)
        if (mask >> lane & 1 && emulator::current->seen[lane][0] == 1) votes |= 1u << lane;
    return votes;
}
#define __ballot_sync(mask, vote) emulated_ballot(mask, vote, { __FILE__, __LINE__ })
#define __any_sync(mask, vote) (emulated_ballot(mask, vote, { __FILE__, __LINE__ }) != 0)
#define __all_sync(mask, vote) (emulated_ballot(mask, !(vote), { __FILE__, __LINE__ }) == 0)

// Blocks and threads run one after the other: everything is atomic.
template<class T> static T emulated_exchange(T* at, T to)
{
    T before = *at;
    *at = to;
    return before;
}
template<class T> static inline T atomicAdd(T* at, T x) { return emulated_exchange(at, (T)(*at + x)); }
template<class T> static inline T atomicMax(T* at, T x) { return emulated_exchange(at, *at < x ? x : *at); }
template<class T> static inline T atomicMin(T* at, T x) { return emulated_exchange(at, x < *at ? x : *at); }
template<class T> static inline T atomicExch(T* at, T x) { return emulated_exchange(at, x); }
template<class T> static inline T atomicCAS(T* at, T expected, T x) { return emulated_exchange(at, *at == expected ? x : *at); }

// What the compiler checks before it touches memory (-fsanitize): where, and what went wrong.
struct EmulatedPlace
{
    const char* file;
    unsigned line, column;
};
extern "C" __attribute__((visibility("hidden"))) void __ubsan_handle_out_of_bounds(EmulatedPlace* place, uintptr_t index)
{
    emulator::fail("%s:%u: index %ld is outside of its array", place->file, place->line, (long)index);
}
extern "C" __attribute__((visibility("hidden"))) void __ubsan_handle_type_mismatch_v1(EmulatedPlace* place, uintptr_t address)
{
    emulator::fail("%s:%u: address %p is not aligned, or outside of what it points to", place->file, place->line, (void*)address);
}
