/* Memory of finished rows: blocks that many arrays share, and that go when the last of them is released.

   One request in place of one for every buffer, and on large pages where the system has them, costs a fraction of the
   page faults; rows of a reading live and die together anyway. */

#if defined(__linux__)
#define _DEFAULT_SOURCE
#include <sys/mman.h>
#endif

#include "x12.h"

enum { ALIGNED = 64, LARGE_PAGE = 2 << 20, LEAST_BLOCK = 16 << 10, MOST_BLOCK = 4 * LARGE_PAGE };

typedef struct block { struct block *before; } block;

struct memory {
    int32_t users;
    block *blocks;
    uint8_t *next, *stop, *zeros;
    int64_t block_bytes, zero_bytes;
};

static int64_t aligned(int64_t bytes) { return (bytes + ALIGNED - 1) / ALIGNED * ALIGNED; }

/* Memory with one user, whose first block will have about so many bytes; NULL when there is none. */
memory *memory_open(int64_t bytes) {
    memory *here = calloc(1, sizeof(memory));
    if (!here) return NULL;
    here->users = 1;
    here->block_bytes = bytes < LEAST_BLOCK ? LEAST_BLOCK : bytes > MOST_BLOCK ? MOST_BLOCK : bytes;
    return here;
}

void memory_join(memory *here) { __atomic_add_fetch(&here->users, 1, __ATOMIC_RELAXED); }

/* One user less; arrays are released in any thread. */
void memory_leave(memory *here) {
    if (__atomic_sub_fetch(&here->users, 1, __ATOMIC_ACQ_REL)) return;
    while (here->blocks) {
        block *before = here->blocks->before;
        free(here->blocks);
        here->blocks = before;
    }
    free(here);
}

static int add_block(memory *here, int64_t bytes) {
    int64_t size = bytes + ALIGNED > here->block_bytes ? bytes + ALIGNED : here->block_bytes;
    int64_t alignment = size < LARGE_PAGE / 2 ? ALIGNED : LARGE_PAGE;
    void *made = NULL;
    size = (size + alignment - 1) / alignment * alignment;
    if (size > INT64_MAX / 2 || posix_memalign(&made, (size_t)alignment, (size_t)size)) return 0;
#if defined(__linux__) && defined(MADV_HUGEPAGE)
    if (alignment == LARGE_PAGE) madvise(made, (size_t)size, MADV_HUGEPAGE);
#endif
    ((block *)made)->before = here->blocks;
    here->blocks = made;
    here->next = (uint8_t *)made + ALIGNED;
    here->stop = (uint8_t *)made + size;
    if (here->block_bytes < MOST_BLOCK) here->block_bytes *= 2;
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
