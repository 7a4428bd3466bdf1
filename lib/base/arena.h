/*
 * An arena: memory for things that die together (a batch, a stage). Allocation is a pointer bump; reset keeps
 * the blocks for the next batch, so that nothing calls malloc on the record path after warm-up.
 * Nothing allocated here is freed alone. Not thread safe: one arena a worker.
 */
#ifndef SS_BASE_ARENA_H
#define SS_BASE_ARENA_H

#include "base/attr.h"
#include <stddef.h>

struct ss_arena_block;

struct ss_arena {
    struct ss_arena_block *first, *now;
    size_t used;      /* bytes used in `now` */
    size_t allocated; /* bytes in all blocks */
    size_t ceiling;   /* allocation fails beyond this many bytes; 0 = none */
};

void ss_arena_init(struct ss_arena *arena, size_t ceiling_bytes);
/* Aligned to 16. NULL (and an error message) when memory or the ceiling ran out. Not zeroed. */
void *ss_arena_alloc(struct ss_arena *arena, size_t bytes) SS_MUST_CHECK;
void *ss_arena_zalloc(struct ss_arena *arena, size_t bytes) SS_MUST_CHECK;
/* A copy with a NUL behind it. */
char *ss_arena_copy(struct ss_arena *arena, const void *bytes, size_t len) SS_MUST_CHECK;
/* Forgets everything, keeps the blocks. */
void ss_arena_reset(struct ss_arena *arena);
void ss_arena_free(struct ss_arena *arena);

#endif
