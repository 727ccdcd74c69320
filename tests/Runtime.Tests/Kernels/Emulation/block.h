// The threads of a block as fibers on one thread of the CPU. A warp's lanes run one after the other until each of them waits or has ended; warps, lanes and blocks take
// turns in an order that a seed draws, so that what no barrier puts in order does not stay right by luck. What a GPU would do wrong silently is a failure here:
// shared memory begins as numbers that are none, behind dynamic shared memory lies a guard, and threads that wait for one another for ever are reported.
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <pthread.h>
#include <ucontext.h>
#include <type_traits>
#include <utility>

struct uint3 { unsigned x, y, z; };
typedef uint3 dim3;
static uint3 threadIdx, blockIdx;
static dim3 blockDim, gridDim;

extern "C" __attribute__((visibility("hidden"), weak)) char __start_shared_memory[], __stop_shared_memory[];

namespace emulator
{
    constexpr int MostThreads = 1024, StackBytes = 128 * 1024, MostDynamic = 227 * 1024, Guard = 8 * 1024;

    enum State { Ready, AtBarrier, AtCollective, Ended };
    enum Kind { SyncWarp, Shuffle, Mma, LoadMatrix };

    // What a lane brings to what a warp does together, and gets of it.
    union Operand
    {
        uint32_t words[10];
        float floats[10];
        uint64_t number;
        const void* address;
    };

    // A line of a kernel's file.
    struct Place
    {
        const char* file;
        int line;
        Place(const char* file = __builtin_FILE(), int line = __builtin_LINE()) : file(file), line(line) {}
        bool operator!=(const Place& other) const { return line != other.line || strcmp(file, other.file); }
    };

    struct Copy { void* to; const void* from; int bytes; };

    struct Lane
    {
        jmp_buf at;
        bool started;
        State state;
        Kind kind;
        unsigned mask;
        Place place;
        int detail;
        Operand offered, result;
        uint32_t seen[32][2];
        Copy* copies;
        int copied, room, groups, group_end[64];
    };

    static Lane lanes[MostThreads];
    static Lane* current;
    static jmp_buf scheduler, abandoned;
    static ucontext_t first_context;
    static char* stacks;
    static int threads;
    static bool waited;
    static uint64_t random_state;
    static const char* kernel_name;
    static void (*entry)(void**);
    static void** arguments;
    static char* message;
    static int message_room;
    alignas(1024) static unsigned char dynamic_shared[MostDynamic + Guard];

    static unsigned draw(unsigned below)
    {
        random_state ^= random_state << 13;
        random_state ^= random_state >> 7;
        random_state ^= random_state << 17;
        return (unsigned)(random_state >> 11) % below;
    }

    [[noreturn]] static __attribute__((noinline, format(printf, 1, 2))) void fail(const char* format, ...)
    {
        int length = snprintf(message, message_room, "kernel %s, block (%u, %u), ", kernel_name, blockIdx.x, blockIdx.y);
        if (current) length += snprintf(message + length, message_room - length, "thread %d: ", (int)(current - lanes));
        va_list rest;
        va_start(rest, format);
        vsnprintf(message + length, message_room - length, format, rest);
        va_end(rest);
        _longjmp(abandoned, 1);
    }

    // Back to the scheduler until it is this lane's turn again.
    static __attribute__((noinline)) void pause(State state)
    {
        current->state = state;
        if (!_setjmp(current->at)) _longjmp(scheduler, 1);
    }

    static void live()
    {
        for (;;)
        {
            entry(arguments);
            if (current->groups > 0 || current->copied > 0) fail("ended with asynchronous copies that nobody waited for");
            pause(Ended);
        }
    }

    static __attribute__((noinline)) void resume(int thread)
    {
        current = lanes + thread;
        threadIdx = { (unsigned)thread, 0, 0 };
        current->state = Ready;
        if (!_setjmp(scheduler))
        {
            if (current->started) _longjmp(current->at, 1);
            current->started = true;
            getcontext(&first_context);
            first_context.uc_stack.ss_sp = stacks + (size_t)thread * StackBytes;
            first_context.uc_stack.ss_size = StackBytes;
            makecontext(&first_context, live, 0);
            setcontext(&first_context);
        }
        current = nullptr;
    }

    static void barrier(Place place)
    {
        current->place = place;
        pause(AtBarrier);
    }

    // Waits until all lanes of the mask have brought their operand.
    static void together(Kind kind, unsigned mask, Place place, int detail = 0)
    {
        int lane = (current - lanes) % 32;
        if (!(mask >> lane & 1)) fail("%s:%d: is not in its own mask %08x", place.file, place.line, mask);
        current->kind = kind;
        current->mask = mask;
        current->place = place;
        current->detail = detail;
        pause(AtCollective);
    }

    static float of_bf16(uint32_t bits)
    {
        uint32_t word = bits << 16;
        float number;
        memcpy(&number, &word, 4);
        return number;
    }

    // D = A B + C of mma.m16n8k16 (bf16, float32 sums). A lane holds a0..a3, b0, b1 in words 0..5 and c0..c3 in words 6..9, laid out as the PTX manual has it.
    static void multiply(Lane* warp)
    {
        float a[16][16], b[8][16];
        for (int lane = 0; lane < 32; lane++)
        {
            int row = lane / 4, column = lane % 4 * 2;
            const uint32_t* words = warp[lane].offered.words;
            for (int half = 0; half < 2; half++)
            {
                int shift = 16 * half;
                a[row][column + half] = of_bf16(words[0] >> shift & 0xffff);
                a[row + 8][column + half] = of_bf16(words[1] >> shift & 0xffff);
                a[row][column + 8 + half] = of_bf16(words[2] >> shift & 0xffff);
                a[row + 8][column + 8 + half] = of_bf16(words[3] >> shift & 0xffff);
                b[row][column + half] = of_bf16(words[4] >> shift & 0xffff);
                b[row][column + 8 + half] = of_bf16(words[5] >> shift & 0xffff);
            }
        }
        for (int lane = 0; lane < 32; lane++)
            for (int i = 0; i < 4; i++)
            {
                int row = lane / 4 + i / 2 * 8, column = lane % 4 * 2 + i % 2;
                float sum = 0.0f;
                for (int k = 0; k < 16; k++) sum += a[row][k] * b[column][k];
                warp[lane].result.floats[i] = warp[lane].offered.floats[6 + i] + sum;
            }
    }

    // ldmatrix: lane i names row i % 8 of matrix i / 8, 8 numbers of 16 bits; each lane gets two neighbours of each matrix, of its transpose where detail is negative.
    static void load_matrices(Lane* warp)
    {
        int count = abs(warp[0].detail);
        bool transposed = warp[0].detail < 0;
        for (int i = 0; i < 8 * count; i++)
            if ((uintptr_t)warp[i].offered.address % 16 != 0) fail("%s:%d: row %d of ldmatrix is not aligned to 16 bytes", warp[0].place.file, warp[0].place.line, i);
        for (int lane = 0; lane < 32; lane++)
            for (int matrix = 0; matrix < count; matrix++)
            {
                uint16_t pair[2];
                for (int half = 0; half < 2; half++)
                {
                    int row = transposed ? lane % 4 * 2 + half : lane / 4, column = transposed ? lane / 4 : lane % 4 * 2 + half;
                    memcpy(pair + half, (const uint16_t*)warp[matrix * 8 + row].offered.address + column, 2);
                }
                memcpy(warp[lane].result.words + matrix, pair, 4);
            }
    }

    // Ends what some lanes of a warp wait to do together, once all of them are there.
    static bool complete(Lane* warp, int width)
    {
        for (int first = 0; first < width; first++)
        {
            if (warp[first].state != AtCollective) continue;
            unsigned mask = warp[first].mask;
            bool all = true;
            for (int lane = 0; lane < width; lane++)
                if (mask >> lane & 1 && warp[lane].state != Ended)
                    all &= warp[lane].state == AtCollective && warp[lane].mask == mask && warp[lane].kind == warp[first].kind;
            if (!all) continue;
            Kind kind = warp[first].kind;
            if (kind == Mma || kind == LoadMatrix)
            {
                for (int lane = 0; lane < 32; lane++)
                    if (lane >= width || warp[lane].state == Ended) fail("%s:%d: a matrix instruction without lane %d", warp[first].place.file, warp[first].place.line, lane);
                if (kind == Mma) multiply(warp);
                else load_matrices(warp);
            }
            for (int lane = 0; lane < width; lane++)
            {
                if (!(mask >> lane & 1) || warp[lane].state == Ended) continue;
                if (kind == Shuffle)
                    for (int other = 0; other < 32; other++)
                    {
                        bool there = other < width && mask >> other & 1 && warp[other].state != Ended;
                        // Nobody's value is a number that is none.
                        warp[lane].seen[other][0] = there ? warp[other].offered.words[0] : 0xffffffff;
                        warp[lane].seen[other][1] = there ? warp[other].offered.words[1] : 0xffffffff;
                    }
            }
            for (int lane = 0; lane < width; lane++)
                if (mask >> lane & 1 && warp[lane].state == AtCollective) warp[lane].state = Ready;
            return true;
        }
        return false;
    }

    static void run_warp(int first, int width)
    {
        Lane* warp = lanes + first;
        do
        {
            int begin = draw(width), step = draw(2) ? 1 : width - 1;
            for (int i = 0, lane = begin; i < width; i++, lane = (lane + step) % width)
                if (warp[lane].state == Ready) resume(first + lane);
        } while (complete(warp, width));
        for (int lane = 0; lane < width; lane++)
            if (warp[lane].state == AtCollective)
                for (int other = 0; other < width; other++)
                    if (warp[lane].mask >> other & 1 && warp[other].state == AtBarrier)
                        fail("deadlock: lane %d of warp %d waits at %s:%d for lane %d, which stands at the barrier of %s:%d",
                            lane, first / 32, warp[lane].place.file, warp[lane].place.line, other, warp[other].place.file, warp[other].place.line);
                    else if (warp[lane].mask >> other & 1 && warp[other].state == AtCollective && (warp[other].mask != warp[lane].mask || warp[other].kind != warp[lane].kind))
                        fail("deadlock: lanes %d and %d of warp %d wait for one another at %s:%d and %s:%d",
                            lane, other, first / 32, warp[lane].place.file, warp[lane].place.line, warp[other].place.file, warp[other].place.line);
    }

    static void run_block(int shared_bytes)
    {
        if (__start_shared_memory) memset(__start_shared_memory, 0xff, __stop_shared_memory - __start_shared_memory);
        memset(dynamic_shared, 0xff, shared_bytes + Guard);
        for (int i = 0; i < threads; i++) lanes[i].state = Ready;
        waited = false;
        for (;;)
        {
            int warps = (threads + 31) / 32, begin = draw(warps), step = draw(2) ? 1 : warps - 1;
            for (int i = 0, warp = begin; i < warps; i++, warp = (warp + step) % warps)
                run_warp(32 * warp, threads - 32 * warp < 32 ? threads - 32 * warp : 32);
            int at = -1;
            for (int i = 0; i < threads; i++)
            {
                if (lanes[i].state == Ended) continue;
                if (at >= 0 && lanes[i].place != lanes[at].place)
                    fail("threads %d and %d stand at different barriers, %s:%d and %s:%d",
                        at, i, lanes[at].place.file, lanes[at].place.line, lanes[i].place.file, lanes[i].place.line);
                at = i;
                lanes[i].state = Ready;
            }
            if (at < 0) break;
        }
        for (int i = 0; i < Guard; i++)
            if (dynamic_shared[shared_bytes + i] != 0xff) fail("wrote %d bytes behind its %d bytes of dynamic shared memory", i, shared_bytes);
        if (!waited) fail("never waits for the kernel before it");
    }

    static pthread_t launching;
    static struct sigaction earlier;

    static void touched_nothing(int signal, siginfo_t* information, void* context)
    {
        if (pthread_equal(pthread_self(), launching)) fail("touched memory that is nobody's, at %p", information->si_addr);
        if (earlier.sa_flags & SA_SIGINFO) earlier.sa_sigaction(signal, information, context);
        else abort();
    }

    template<auto Kernel> struct Thunk;
    template<class... Parameters, void (*Kernel)(Parameters...)> struct Thunk<Kernel>
    {
        static constexpr int count = sizeof...(Parameters);
        static constexpr int sizes[count + 1] = { (int)sizeof(Parameters)..., 0 };
        template<size_t... I> static void call(void** values, std::index_sequence<I...>) { Kernel(*(std::remove_const_t<Parameters>*)values[I]...); }
        static void run(void** values) { call(values, std::index_sequence_for<Parameters...>{}); }
    };

    struct Entry
    {
        const char* name;
        void (*run)(void**);
        int count;
        const int* sizes;
    };

    template<auto Kernel> constexpr Entry entry_of(const char* name) { return { name, Thunk<Kernel>::run, Thunk<Kernel>::count, Thunk<Kernel>::sizes }; }
}

extern const emulator::Entry emulated_kernels[];

static const emulator::Entry* emulated(const char* name)
{
    for (const emulator::Entry* each = emulated_kernels; each->name; each++)
        if (!strcmp(each->name, name)) return each;
    return nullptr;
}

// The bytes of each of a kernel's parameters; their number, or -1 where there is no such kernel.
extern "C" __attribute__((visibility("default"))) int emulated_parameters(const char* name, int* sizes, int most)
{
    const emulator::Entry* entry = emulated(name);
    if (!entry) return -1;
    for (int i = 0; i < entry->count && i < most; i++) sizes[i] = entry->sizes[i];
    return entry->count;
}

// 0, or 1 with what went wrong in the message.
extern "C" __attribute__((visibility("default"))) int emulated_launch(
    const char* name, int grid_x, int grid_y, int threads, int shared_bytes, uint64_t seed, void** arguments, char* stacks, char* message, int message_room)
{
    const emulator::Entry* entry = emulated(name);
    emulator::kernel_name = name;
    emulator::message = message;
    emulator::message_room = message_room;
    emulator::threads = threads;
    emulator::entry = entry->run;
    emulator::arguments = arguments;
    emulator::stacks = stacks;
    emulator::random_state = seed * 0x9e3779b97f4a7c15 + 1;
    emulator::current = nullptr;
    blockDim = { (unsigned)threads, 1, 1 };
    gridDim = { (unsigned)grid_x, (unsigned)grid_y, 1 };
    for (int i = 0; i < threads; i++)
    {
        emulator::lanes[i].started = false;
        emulator::lanes[i].copied = emulator::lanes[i].groups = 0;
    }
    struct sigaction action = {};
    action.sa_sigaction = emulator::touched_nothing;
    action.sa_flags = SA_SIGINFO | SA_NODEFER;
    emulator::launching = pthread_self();
    sigaction(SIGSEGV, &action, &emulator::earlier);
    volatile int failed = 0;
    if (!_setjmp(emulator::abandoned))
    {
        int blocks = grid_x * grid_y, begin = emulator::draw(blocks), step = emulator::draw(2) ? 1 : blocks - 1;
        for (int i = 0, block = begin; i < blocks; i++, block = (block + step) % blocks)
        {
            blockIdx = { (unsigned)(block % grid_x), (unsigned)(block / grid_x), 0 };
            emulator::run_block(shared_bytes);
        }
    }
    else
        failed = 1;
    sigaction(SIGSEGV, &emulator::earlier, nullptr);
    return failed;
}
