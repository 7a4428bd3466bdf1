#include "base/arena.h"
#include "base/err.h"
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BLOCK_BYTES ((size_t)256 * 1024)
#define ALIGN       16

struct ss_arena_block {
    struct ss_arena_block *next;
    size_t bytes;
    _Alignas(ALIGN) char data[];
};

void ss_arena_init(struct ss_arena *arena, size_t ceiling_bytes)
{
    *arena = (struct ss_arena){.ceiling = ceiling_bytes};
}

static struct ss_arena_block *block_new(struct ss_arena *arena, size_t bytes)
{
    size_t need = bytes, left = arena->ceiling ? arena->ceiling - arena->allocated : SIZE_MAX;
    if (need > left) {
        (void)ss_fail(SS_ENOMEM, "more than %zu bytes asked of one arena", arena->ceiling);
        return NULL;
    }
    /* Powers of two: ever longer records then leave few outgrown blocks behind them, not one each. */
    for (bytes = BLOCK_BYTES; bytes < need; bytes *= 2)
        ;
    if (bytes > left)
        bytes = need;
    struct ss_arena_block *block = malloc(sizeof *block + bytes);
    if (!block) {
        (void)ss_fail(SS_ENOMEM, "out of memory (%zu bytes)", bytes);
        return NULL;
    }
    block->next = NULL;
    block->bytes = bytes;
    arena->allocated += bytes;
    return block;
}

/* Moves to the next block that holds `bytes`, inserting one where none does. */
static int advance(struct ss_arena *arena, size_t bytes)
{
    struct ss_arena_block *next = arena->now ? arena->now->next : arena->first;
    if (!next || next->bytes < bytes) {
        struct ss_arena_block *block = block_new(arena, bytes);
        if (!block)
            return SS_ENOMEM;
        block->next = next;
        if (arena->now)
            arena->now->next = block;
        else
            arena->first = block;
        next = block;
    }
    arena->now = next;
    arena->used = 0;
    return 0;
}

void *ss_arena_alloc(struct ss_arena *arena, size_t bytes)
{
    if (SS_UNLIKELY(bytes > SIZE_MAX / 2)) {
        (void)ss_fail(SS_ENOMEM, "absurd allocation of %zu bytes", bytes);
        return NULL;
    }
    bytes = (bytes + ALIGN - 1) & ~(size_t)(ALIGN - 1);
    if (SS_UNLIKELY(!arena->now || arena->now->bytes - arena->used < bytes) && advance(arena, bytes) < 0)
        return NULL;
    void *p = arena->now->data + arena->used;
    arena->used += bytes;
    return p;
}

void *ss_arena_zalloc(struct ss_arena *arena, size_t bytes)
{
    void *p = ss_arena_alloc(arena, bytes);
    return p ? memset(p, 0, bytes) : NULL;
}

char *ss_arena_copy(struct ss_arena *arena, const void *bytes, size_t len)
{
    char *p = ss_arena_alloc(arena, len + 1);
    if (!p)
        return NULL;
    if (len)
        memcpy(p, bytes, len);
    p[len] = '\0';
    return p;
}

void ss_arena_reset(struct ss_arena *arena)
{
    arena->now = NULL;
    arena->used = 0;
}

void ss_arena_free(struct ss_arena *arena)
{
    for (struct ss_arena_block *block = arena->first, *next; block; block = next) {
        next = block->next;
        free(block);
    }
    *arena = (struct ss_arena){.ceiling = arena->ceiling};
}
