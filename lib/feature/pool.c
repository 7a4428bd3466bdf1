#include "feature/pool.h"
#include "base/err.h"
#include <stdlib.h>
#include <sys/mman.h>

#define CHUNK_BYTES ((size_t)2 << 20) /* one huge page */
#define POOLED_MAX  ((size_t)1 << 18)

/* Classes 32, 48, 64, 96, 128, 192, ...: at most a third is lost to rounding. */
static unsigned class_of(size_t bytes, size_t *size)
{
    size_t power = 32;
    unsigned class = 0;
    while (power < bytes && power + power / 2 < bytes) {
        power *= 2;
        class += 2;
    }
    bool half = power < bytes;
    *size = half ? power + power / 2 : power;
    return class + half;
}

struct chunk {
    struct chunk *next;
    char pad[56];
};

static void *fresh(struct ss_pool *pool, size_t size)
{
    if ((size_t)(pool->end - pool->at) < size) {
        struct chunk *chunk = aligned_alloc(CHUNK_BYTES, CHUNK_BYTES);
        if (!chunk)
            return NULL;
        (void)madvise(chunk, CHUNK_BYTES,
                      MADV_HUGEPAGE); /* fewer TLB misses; a refusal changes nothing else */
        chunk->next = pool->chunk;
        pool->chunk = chunk;
        pool->at = (char *)(chunk + 1);
        pool->end = (char *)chunk + CHUNK_BYTES;
    }
    void *p = pool->at;
    pool->at += size;
    return p;
}

void *ss_memory_take(struct ss_memory *memory, size_t bytes)
{
    size_t size;
    unsigned class = class_of(bytes, &size);
    struct ss_pool *pool = memory->pool;
    void *p;
    if (size > POOLED_MAX) {
        p = aligned_alloc(64, (size + 63) & ~(size_t)63);
    } else if (pool->freed[class]) {
        p = pool->freed[class];
        pool->freed[class] = *(void **)p;
    } else {
        p = fresh(pool, size);
    }
    if (!p) {
        if (!memory->failed)
            (void)ss_fail(SS_ENOMEM, "out of memory for features (%zu bytes)", bytes);
        memory->failed = true;
        return NULL;
    }
    memory->bytes += size;
    return p;
}

void ss_memory_give(struct ss_memory *memory, void *p, size_t bytes)
{
    size_t size;
    unsigned class = class_of(bytes, &size);
    if (!p)
        return;
    memory->bytes -= size;
    if (size > POOLED_MAX) {
        free(p);
        return;
    }
    *(void **)p = memory->pool->freed[class];
    memory->pool->freed[class] = p;
}

void ss_pool_close(struct ss_pool *pool)
{
    for (struct chunk *chunk = pool->chunk, *next; chunk; chunk = next) {
        next = chunk->next;
        free(chunk);
    }
    *pool = (struct ss_pool){0};
}
