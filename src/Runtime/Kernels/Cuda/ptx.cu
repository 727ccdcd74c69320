// Passed on a GPU: sha256 46b156f8161543c799044fc33ccfe8368e619fbf4d2a9e5fdb56ff9ddb980965
// Instructions that CUDA C++ has no words for, by what they do. Architecture 8.0 or later.
#define DEVICE static __device__ __forceinline__

// Nothing that a kernel before this one writes may be read before; it may be under way still when this one begins.
DEVICE void after_earlier_kernels()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.wait;" ::: "memory");
#endif
}

// The kernel behind this one may begin, up to where it waits.
DEVICE void launch_later_kernels()
{
#if __CUDA_ARCH__ >= 900
    asm volatile("griddepcontrol.launch_dependents;" ::: "memory");
#endif
}

DEVICE unsigned shared_address(const void* at) { return (unsigned)__cvta_generic_to_shared(at); }

// 16 bytes to shared memory, aligned to as many, while the thread goes on.
DEVICE void copy_async(void* to, const void* from)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16;" :: "r"(shared_address(to)), "l"(from) : "memory");
}

// As many, or zeros.
DEVICE void copy_async_or_zero(void* to, const void* from, bool there)
{
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" :: "r"(shared_address(to)), "l"(from), "r"(there ? 16 : 0) : "memory");
}

// What was asked for since the last call is a group.
DEVICE void commit_copies() { asm volatile("cp.async.commit_group;" ::: "memory"); }

// Until at most so many groups of this thread are under way.
template<int Left> DEVICE void wait_for_copies() { asm volatile("cp.async.wait_group %0;" :: "n"(Left) : "memory"); }

// Matrices of 8 x 8 numbers of 16 bits: lane 8 i + r gives the address of row r of matrix i; lane l is given numbers 2 (l % 4) and 2 (l % 4) + 1 of row l / 4 of each.
DEVICE void load_matrices(unsigned (&to)[2], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0, %1}, [%2];" : "=r"(to[0]), "=r"(to[1]) : "r"(shared_address(row)) : "memory");
}
DEVICE void load_matrices(unsigned (&to)[4], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3]) : "r"(shared_address(row)) : "memory");
}

// The same of their transposes.
DEVICE void load_transposed(unsigned (&to)[2], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0, %1}, [%2];" : "=r"(to[0]), "=r"(to[1]) : "r"(shared_address(row)) : "memory");
}
DEVICE void load_transposed(unsigned (&to)[4], const void* row)
{
    asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0, %1, %2, %3}, [%4];" : "=r"(to[0]), "=r"(to[1]), "=r"(to[2]), "=r"(to[3]) : "r"(shared_address(row)) : "memory");
}

// sum (16, 8) += a (16, 16) b (16, 8) of bfloat16, in the fragments of the PTX manual (mma.m16n8k16).
DEVICE void mma(float (&sum)[4], const unsigned (&a)[4], unsigned b0, unsigned b1)
{
    asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0, %1, %2, %3}, {%4, %5, %6, %7}, {%8, %9}, {%0, %1, %2, %3};"
        : "+f"(sum[0]), "+f"(sum[1]), "+f"(sum[2]), "+f"(sum[3]) : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}

// Two numbers rounded to bfloat16, the first in the lower half.
DEVICE unsigned pack_bf16(float low, float high)
{
    unsigned packed;
    asm("cvt.rn.bf16x2.f32 %0, %1, %2;" : "=r"(packed) : "f"(high), "f"(low));
    return packed;
}

// 2^x, to a few units in the last place.
DEVICE float fast_exp2(float x)
{
    float y;
    asm("ex2.approx.ftz.f32 %0, %1;" : "=f"(y) : "f"(x));
    return y;
}
