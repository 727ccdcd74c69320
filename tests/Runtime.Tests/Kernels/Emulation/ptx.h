// Stands in for ptx.cu, function by function. Asynchronous copies are made when somebody waits for them, as late as they may be on a GPU.
#define DEVICE static __device__ __forceinline__

namespace emulator
{
    static __attribute__((noinline)) void copy(void* to, const void* from, bool there, Place place)
    {
        if ((uintptr_t)to % 16 != 0 || (there && (uintptr_t)from % 16 != 0)) fail("%s:%d: an asynchronous copy is not aligned to 16 bytes", place.file, place.line);
        if (current->copied == current->room)
        {
            current->room = current->room ? 2 * current->room : 16;
            current->copies = (Copy*)realloc(current->copies, current->room * sizeof(Copy));
        }
        current->copies[current->copied++] = { to, there ? from : nullptr, 16 };
    }

    static __attribute__((noinline)) void commit(Place place)
    {
        if (current->groups == 64) fail("%s:%d: more than 64 groups of asynchronous copies are under way", place.file, place.line);
        current->group_end[current->groups++] = current->copied;
    }

    static __attribute__((noinline)) void finish(int left)
    {
        int ended = current->groups - left;
        if (ended <= 0) return;
        int copied = current->group_end[ended - 1];
        for (int i = 0; i < copied; i++)
            if (current->copies[i].from) memcpy(current->copies[i].to, current->copies[i].from, current->copies[i].bytes);
            else memset(current->copies[i].to, 0, current->copies[i].bytes);
        current->copied -= copied;
        memmove(current->copies, current->copies + copied, current->copied * sizeof(Copy));
        current->groups -= ended;
        for (int i = 0; i < current->groups; i++) current->group_end[i] = current->group_end[i + ended] - copied;
    }
}

DEVICE void after_earlier_kernels() { emulator::waited = true; }
DEVICE void launch_later_kernels() {}

DEVICE void copy_async(void* to, const void* from, emulator::Place place = {}) { emulator::copy(to, from, true, place); }
DEVICE void copy_async_or_zero(void* to, const void* from, bool there, emulator::Place place = {}) { emulator::copy(to, from, there, place); }
DEVICE void commit_copies(emulator::Place place = {}) { emulator::commit(place); }
template<int Left> DEVICE void wait_for_copies() { emulator::finish(Left); }

template<int Count, bool Transposed> DEVICE void emulated_load_matrices(unsigned (&to)[Count], const void* row, emulator::Place place)
{
    emulator::current->offered.address = row;
    emulator::together(emulator::LoadMatrix, 0xffffffff, place, Transposed ? -Count : Count);
    for (int i = 0; i < Count; i++) to[i] = emulator::current->result.words[i];
}
DEVICE void load_matrices(unsigned (&to)[2], const void* row, emulator::Place place = {}) { emulated_load_matrices<2, false>(to, row, place); }
DEVICE void load_matrices(unsigned (&to)[4], const void* row, emulator::Place place = {}) { emulated_load_matrices<4, false>(to, row, place); }
DEVICE void load_transposed(unsigned (&to)[2], const void* row, emulator::Place place = {}) { emulated_load_matrices<2, true>(to, row, place); }
DEVICE void load_transposed(unsigned (&to)[4], const void* row, emulator::Place place = {}) { emulated_load_matrices<4, true>(to, row, place); }

DEVICE void mma(float (&sum)[4], const unsigned (&a)[4], unsigned b0, unsigned b1, emulator::Place place = {})
{
    auto& offered = emulator::current->offered;
    for (int i = 0; i < 4; i++) offered.words[i] = a[i];
    offered.words[4] = b0;
    offered.words[5] = b1;
    for (int i = 0; i < 4; i++) offered.floats[6 + i] = sum[i];
    emulator::together(emulator::Mma, 0xffffffff, place);
    for (int i = 0; i < 4; i++) sum[i] = emulator::current->result.floats[i];
}

DEVICE unsigned emulated_bf16(float x)
{
    unsigned bits = __float_as_uint(x);
    if ((bits & 0x7fffffff) > 0x7f800000) return 0x7fff;
    return (bits + 0x7fff + (bits >> 16 & 1)) >> 16;
}
DEVICE unsigned pack_bf16(float low, float high) { return emulated_bf16(high) << 16 | emulated_bf16(low); }
DEVICE float fast_exp2(float x) { return exp2f(x); }
