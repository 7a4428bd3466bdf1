/*
 * Memory for entity state: blocks by size class from big chunks, freed blocks are handed out again, nothing
 * goes back to the system before the end. One pool a worker. What a shard holds is counted by the size of the
 * classes, so that a memory limit acts at the same record whatever the number of workers.
 */
#ifndef SS_FEATURE_POOL_H
#define SS_FEATURE_POOL_H

#include "base/attr.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SS_POOL_CLASSES 40

struct ss_pool {
    void *freed[SS_POOL_CLASSES];
    void *chunk; /* list of all chunks */
    char *at, *end;
};

/* A shard's account with its worker's pool. */
struct ss_memory {
    struct ss_pool *pool;
    size_t bytes;
    bool failed; /* sticks: out of memory */
};

void ss_pool_close(struct ss_pool *pool);
/* Multiples of 16, aligned to 16, not zeroed. NULL sets `failed`. Give the same size back. */
void *ss_memory_take(struct ss_memory *memory, size_t bytes) SS_MUST_CHECK;
void ss_memory_give(struct ss_memory *memory, void *p, size_t bytes);

#endif
