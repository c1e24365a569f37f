/* Memory of finished rows: blocks that many arrays share, and that go when the last of them is released.

   One request in place of one for every buffer, and on large pages where the system has them, costs a fraction of the
   page faults; rows of a reading live and die together anyway. Some blocks stay for the next reading: the system takes
   longer to give them again than a reading to fill them, and malloc keeps more of them than are of use. */

#if defined(__linux__)
#define _DEFAULT_SOURCE
#include <sys/mman.h>
#endif

#include "x12.h"

enum { ALIGNED = 64, LARGE_PAGE = 2 << 20, LEAST_BLOCK = 16 << 10, USUAL_BLOCK = 2 * LARGE_PAGE, MOST_IDLE = 8 };

typedef struct block {
    struct block *before;
    int64_t bytes;
} block;

struct memory {
    int32_t users;
    block *blocks;
    uint8_t *next, *stop, *zeros;
    int64_t block_bytes, zero_bytes;
};

/* Usual blocks without a user. Who finds it busy does without, as does for good a process
   forked at such a moment. */
static struct {
    char is_busy;
    int32_t count;
    block *first;
} idle;

static int64_t rounded(int64_t bytes, int64_t to) { return (bytes + to - 1) / to * to; }

static int64_t aligned(int64_t bytes) { return rounded(bytes, ALIGNED); }

/* The first place from this one on that is a multiple of so many bytes. */
static uint8_t *place_at(const void *from, uintptr_t multiple) {
    return (uint8_t *)(((uintptr_t)from + multiple - 1) / multiple * multiple);
}

/* A block from the system; a usual or larger one begins a large page, where there are any. */
static block *block_made(int64_t bytes) {
    if (bytes > INT64_MAX / 2) return NULL;
    if (bytes < USUAL_BLOCK) return malloc((size_t)bytes);
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    int how = MAP_PRIVATE | MAP_ANONYMOUS;
    uint8_t *mapped = mmap(NULL, (size_t)(bytes + LARGE_PAGE), PROT_READ | PROT_WRITE, how, -1, 0);
    if (mapped == MAP_FAILED) return NULL;
    uint8_t *begin = place_at(mapped, LARGE_PAGE);
    if (begin > mapped) munmap(mapped, (size_t)(begin - mapped));
    munmap(begin + bytes, (size_t)(mapped + LARGE_PAGE - begin));
    madvise(begin, (size_t)bytes, MADV_HUGEPAGE);
    return (block *)begin;
#else
    return malloc((size_t)bytes);
#endif
}

static void block_gone(block *here) {
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (here->bytes >= USUAL_BLOCK) {
        munmap(here, (size_t)here->bytes);
        return;
    }
#endif
    free(here);
}

static block *idle_taken(void) {
    if (__atomic_test_and_set(&idle.is_busy, __ATOMIC_ACQUIRE)) return NULL;
    block *found = idle.first;
    if (found) idle.first = found->before, idle.count--;
    __atomic_clear(&idle.is_busy, __ATOMIC_RELEASE);
    return found;
}

static int idle_kept(block *here) {
    if (here->bytes != USUAL_BLOCK || __atomic_test_and_set(&idle.is_busy, __ATOMIC_ACQUIRE)) return 0;
    int kept = idle.count < MOST_IDLE;
    if (kept) here->before = idle.first, idle.first = here, idle.count++;
    __atomic_clear(&idle.is_busy, __ATOMIC_RELEASE);
    return kept;
}

/* Memory with one user, which will have about so many bytes; NULL when there is none. */
memory *memory_open(int64_t bytes) {
    memory *here = calloc(1, sizeof(memory));
    if (!here) return NULL;
    here->users = 1;
    here->block_bytes = bytes < LEAST_BLOCK ? LEAST_BLOCK : bytes > USUAL_BLOCK ? USUAL_BLOCK : bytes;
    return here;
}

void memory_join(memory *here) { __atomic_add_fetch(&here->users, 1, __ATOMIC_RELAXED); }

/* One user less; arrays are released in any thread. */
void memory_leave(memory *here) {
    if (__atomic_sub_fetch(&here->users, 1, __ATOMIC_ACQ_REL)) return;
    while (here->blocks) {
        block *last = here->blocks;
        here->blocks = last->before;
        if (!idle_kept(last)) block_gone(last);
    }
    free(here);
}

static int add_block(memory *here, int64_t bytes) {
    int64_t size = bytes + 2 * ALIGNED > here->block_bytes ? bytes + 2 * ALIGNED : here->block_bytes;
    if (size > USUAL_BLOCK / 4) size = size <= USUAL_BLOCK ? USUAL_BLOCK : rounded(size, LARGE_PAGE);
    block *made = size == USUAL_BLOCK ? idle_taken() : NULL;
    if (!made) made = block_made(size);
    if (!made) return 0;
    made->bytes = size;
    made->before = here->blocks;
    here->blocks = made;
    here->next = place_at(made + 1, ALIGNED);
    here->stop = (uint8_t *)made + size;
    here->block_bytes = here->block_bytes < USUAL_BLOCK / 2 ? here->block_bytes * 2 : USUAL_BLOCK;
    return 1;
}

/* Room for so many bytes, and for none as well; NULL when there is none. */
void *memory_take(memory *here, int64_t bytes) {
    int64_t size = aligned(bytes ? bytes : 1);
    if (here->stop - here->next < size && !add_block(here, size)) return NULL;
    void *taken = here->next;
    here->next += size;
    return taken;
}

/* So many bytes that are zero and stay so: columns without a value share them. */
void *memory_zeros(memory *here, int64_t bytes) {
    if (bytes > here->zero_bytes) {
        here->zeros = memory_take(here, bytes);
        here->zero_bytes = here->zeros ? bytes : 0;
        if (here->zeros) memset(here->zeros, 0, (size_t)bytes);
    }
    return here->zeros;
}

/* The same with more or less room: in place when nothing was taken since, else a copy. */
void *memory_resize(memory *here, void *at, int64_t from, int64_t to) {
    if (!at) return memory_take(here, to);
    uint8_t *end = (uint8_t *)at + aligned(from ? from : 1);
    if (end == here->next && here->stop - (uint8_t *)at >= aligned(to ? to : 1)) {
        here->next = (uint8_t *)at + aligned(to ? to : 1);
        return at;
    }
    if (to <= from) return at;
    void *taken = memory_take(here, to);
    if (taken) memcpy(taken, at, (size_t)from);
    return taken;
}
