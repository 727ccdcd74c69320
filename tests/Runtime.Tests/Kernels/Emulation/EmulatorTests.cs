using MmMamba.Runtime.Kernels.Cuda;
using MmMamba.Runtime.Tests.Engine;
using TorchSharp;
using static TorchSharp.torch;

namespace MmMamba.Runtime.Tests.Kernels.Emulation;

/// <summary>The emulator computes what a GPU computes, and fails where a kernel does what a GPU does not forgive.</summary>
public sealed class EmulatorTests
{
    static readonly KernelSource Ptx = new("ptx.cu", "");

    // Kernels with what every one of them begins with.
    static KernelSource Source(string text) => new("test.cu", text.Replace("BEGIN", "after_earlier_kernels();", StringComparison.Ordinal));

    static void Launch(string text, int threads, int sharedBytes, ulong seed, params ReadOnlySpan<KernelArgument> arguments)
    {
        using var module = EmulatedDevice.Here(seed).Load("a test", [Ptx, Source(text)], new Dictionary<string, string> { ["SIZE"] = "64" });
        module.Launch(0, "run", (1, 1), threads, sharedBytes, arguments);
    }

    static string Failure(string text, int threads = 64, int sharedBytes = 0)
    {
        using var x = zeros(64);
        return Assert.Throws<InvalidOperationException>(() => Launch(text, threads, sharedBytes, 1, x)).Message;
    }

    [Theory]
    [InlineData("__syncthreads();", 0)]
    [InlineData("", 1)]
    public void Warps_are_in_an_order_only_where_there_is_a_barrier(string barrier, int least)
    {
        var wrong = 0;
        for (var seed = 0UL; seed < 8; seed++)
        {
            using var x = arange(64, ScalarType.Float32);
            Launch($$"""
                extern "C" __global__ void run(float* x)
                {
                    __shared__ float held[SIZE];
                    BEGIN
                    held[threadIdx.x] = x[threadIdx.x];
                    {{barrier}}
                    x[threadIdx.x] = held[(threadIdx.x + 32) % SIZE];
                }
                """, 64, 0, seed, x);
            using var expected = arange(64, ScalarType.Float32).roll(32);
            if (!x.Equals(expected)) wrong++;
        }
        Assert.InRange(wrong, least, least == 0 ? 0 : 8);
    }

    [Fact]
    public void Shuffles_votes_and_barriers_are_those_of_a_warp()
    {
        using var x = arange(64, ScalarType.Float32);
        Launch("""
            extern "C" __global__ void run(float* x)
            {
                BEGIN
                if (threadIdx.x >= 32) return;
                float own = x[threadIdx.x], sum = own;
                for (int offset = 16; offset > 0; offset >>= 1) sum += __shfl_xor_sync(0xffffffff, sum, offset);
                unsigned odd = __ballot_sync(0xffffffff, threadIdx.x % 2);
                float last = __shfl_sync(0xffffffff, own, 7, 8), before = __shfl_up_sync(0xffffffff, own, 1), next = __shfl_down_sync(0xffffffff, own, 1);
                __syncthreads();
                x[threadIdx.x] = sum + (odd == 0xaaaaaaaa ? 1000 : 0) + 10000 * last;
                x[threadIdx.x + 32] = 100 * before + next;
            }
            """, 64, 0, 3, x);
        using var lanes = arange(32, ScalarType.Float32);
        Golden.Close(496 + 1000 + 10000 * ((lanes / 8).floor() * 8 + 7), x[..32], 0, "sum, ballot and segment");
        Golden.Close(100 * (lanes - 1).clamp(min: 0) + (lanes + 1).clamp(max: 31), x[32..], 0, "up and down");
    }

    [Fact]
    public void Matrix_instructions_have_the_layouts_of_the_manual()
    {
        using var scope = NewDisposeScope();
        random.manual_seed(4);
        Tensor[] held = [randn(16, 16), randn(8, 16), randn(16, 8), randn(16, 8)]; // a, b by columns, b by rows, c
        for (var i = 0; i < 3; i++) held[i] = held[i].to(ScalarType.BFloat16);
        var (byColumns, byRows) = (held[3].clone(), held[3].clone());
        Launch("""
            extern "C" __global__ void run(const unsigned short* a, const unsigned short* columns, const unsigned short* rows, float* first, float* second)
            {
                __shared__ __align__(16) unsigned short matrix[16 * 16], column[8 * 16], row[16 * 8];
                BEGIN
                copy_async(matrix + 8 * threadIdx.x, a + 8 * threadIdx.x);
                commit_copies();
                if (threadIdx.x < 16)
                {
                    copy_async(column + 8 * threadIdx.x, columns + 8 * threadIdx.x);
                    copy_async(row + 8 * threadIdx.x, rows + 8 * threadIdx.x);
                }
                commit_copies();
                wait_for_copies<0>();
                __syncthreads();
                int lane = threadIdx.x;
                unsigned left[4], right[2], turned[2];
                load_matrices(left, matrix + lane % 16 * 16 + lane / 16 * 8);
                load_matrices(right, column + lane % 8 * 16 + lane / 8 % 2 * 8);
                load_transposed(turned, row + lane % 16 * 8);
                float sums[2][4];
                for (int i = 0; i < 4; i++) sums[0][i] = sums[1][i] = first[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2];
                mma(sums[0], left, right[0], right[1]);
                mma(sums[1], left, turned[0], turned[1]);
                for (int i = 0; i < 4; i++)
                {
                    first[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = sums[0][i];
                    second[(lane / 4 + i / 2 * 8) * 8 + lane % 4 * 2 + i % 2] = sums[1][i];
                }
            }
            """, 32, 0, 2, held[0], held[1], held[2], byColumns, byRows);
        var (a, b, c) = (held[0].to(ScalarType.Float32), held[1].to(ScalarType.Float32), held[2].to(ScalarType.Float32));
        Golden.Close(a.matmul(b.T) + held[3], byColumns, 1e-6, "b by columns");
        Golden.Close(a.matmul(c) + held[3], byRows, 1e-6, "b by rows");
    }

    [Fact]
    public void Shared_memory_begins_as_no_number_in_every_block()
    {
        using var x = zeros(64);
        Launch("""
            extern __shared__ float given[];
            extern "C" __global__ void run(float* x)
            {
                __shared__ float held[SIZE];
                BEGIN
                x[threadIdx.x] = threadIdx.x < 32 ? held[threadIdx.x] : given[threadIdx.x];
            }
            """, 64, 256, 0, x);
        Assert.True(x.isnan().all().item<bool>());
    }

    // By name, what a kernel must not do, and what is said of it.
    static readonly Dictionary<string, (string Body, string Message)> Faults = new()
    {
        ["static_array"] = ("__shared__ float held[SIZE]; held[threadIdx.x + 1] = 1; x[0] = held[0];", "static_array.cu:4: index 64 is outside of its array"),
        ["dynamic_array"] = ("given[threadIdx.x + 1] = 1;", "wrote 0 bytes behind its 256 bytes of dynamic shared memory"),
        ["behind_a_tensor"] = ("x[threadIdx.x + 1] = 1;", "wrote outside of argument 0"),
        ["before_a_tensor"] = ("x[(int)threadIdx.x - 1] = 1;", "wrote outside of argument 0"),
        ["odd_address"] = ("*(float4*)(x + 1) = make_float4(0, 0, 0, 0);", "odd_address.cu:4: address"),
        ["no_memory"] = ("*(float*)(threadIdx.x * 4096ull + 8192) = 1;", "touched memory that is nobody's"),
        ["barrier_and_shuffle"] = ("if (threadIdx.x < 16) __syncthreads(); else __shfl_xor_sync(0xffffffff, 1, 1);", "deadlock"),
        ["two_warp_operations"] = ("if (threadIdx.x < 16) __syncwarp(); else __shfl_xor_sync(0xffffffff, 1, 1);", "wait for one another"),
        ["two_barriers"] = ("if (threadIdx.x < 32) __syncthreads();\nelse __syncthreads();", "stand at different barriers, two_barriers.cu:4 and two_barriers.cu:5"),
        ["lost_copy"] = ("copy_async(given, x); commit_copies();", "asynchronous copies that nobody waited for"),
        ["odd_copy"] = ("copy_async(given + 1, x); commit_copies(); wait_for_copies<0>();", "odd_copy.cu:4: an asynchronous copy is not aligned"),
    };

    public static TheoryData<string> FaultNames => [.. Faults.Keys];

    [Theory]
    [MemberData(nameof(FaultNames))]
    public void What_a_GPU_does_not_forgive_fails(string name)
    {
        using var x = zeros(64);
        // All in one module: compiling is what takes time.
        var sources = Faults.Select(fault => new KernelSource(
            fault.Key + ".cu", $"{(fault.Key == Faults.Keys.First() ? "extern __shared__ float given[];" : "")}\nextern \"C\" __global__ void {fault.Key}(float* x)\n{{ after_earlier_kernels();\n{fault.Value.Body} }}"));
        using var module = EmulatedDevice.Here(1).Load("faults", [Ptx, .. sources], new Dictionary<string, string> { ["SIZE"] = "64" });
        var failure = Assert.Throws<InvalidOperationException>(() => module.Launch(0, name, (1, 1), 64, 256, x));
        Assert.StartsWith($"kernel {name}", failure.Message, StringComparison.Ordinal);
        Assert.Contains(Faults[name].Message, failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_kernel_waits_for_the_one_before_it() =>
        Assert.Contains("never waits for the kernel before it", Failure("extern \"C\" __global__ void run(float* x) { x[0] = 1; }"), StringComparison.Ordinal);

    [Fact]
    public void Arguments_are_those_of_the_kernel() => Assert.Equal(
        "kernel run takes parameters of 8 4 bytes, and is given 8.", Failure("extern \"C\" __global__ void run(float* x, int size) { BEGIN }"));

    [Fact]
    public void An_unknown_instruction_is_named() => Assert.StartsWith(
        "test.cu:2: the emulator does not know this asm statement.", Failure("extern \"C\" __global__ void run(float* x) {\nasm volatile(\"bar.sync 1;\"); }"), StringComparison.Ordinal);
}
