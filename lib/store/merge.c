#include "store/merge.h"
#include "base/err.h"
#include "base/hash.h"
#include <stdlib.h>

/* In front of each row. */
struct head {
    const char *key;
    size_t n;
};

void ss_merge_init(struct ss_merge *merge, size_t row_size)
{
    *merge = (struct ss_merge){.row_size = row_size};
    ss_arena_init(&merge->arena, 0);
}

void ss_merge_free(struct ss_merge *merge)
{
    free(merge->row);
    free(merge->hash);
    free(merge->slot);
    ss_arena_free(&merge->arena);
    *merge = (struct ss_merge){.row_size = merge->row_size};
}

void ss_merge_reset(struct ss_merge *merge)
{
    /* After a large batch a small one should not pay for its slots. */
    if (merge->n * 16 < merge->slots) {
        for (uint32_t i = 0; i < merge->n; i++) {
            uint32_t mask = merge->slots - 1, at = (uint32_t)merge->hash[i] & mask;
            while (merge->slot[at] != i + 1)
                at = (at + 1) & mask;
            merge->slot[at] = 0;
        }
    }
    if (merge->n * 16 >= merge->slots && merge->slots)
        memset(merge->slot, 0, merge->slots * sizeof *merge->slot);
    merge->n = 0;
    ss_arena_reset(&merge->arena);
}

static int grow(struct ss_merge *merge)
{
    uint32_t slots = merge->slots ? merge->slots * 2 : 1024;
    void **row = realloc(merge->row, slots / 2 * sizeof *row);
    if (row)
        merge->row = row;
    uint64_t *hash = realloc(merge->hash, slots / 2 * sizeof *hash);
    if (hash)
        merge->hash = hash;
    uint32_t *slot = calloc(slots, sizeof *slot);
    if (!row || !hash || !slot) {
        free(slot);
        return ss_fail(SS_ENOMEM, "out of memory");
    }
    free(merge->slot);
    merge->slot = slot;
    merge->slots = slots;
    for (uint32_t i = 0; i < merge->n; i++) {
        uint32_t at = (uint32_t)hash[i] & (slots - 1);
        while (slot[at])
            at = (at + 1) & (slots - 1);
        slot[at] = i + 1;
    }
    return 0;
}

void *ss_merge_row(struct ss_merge *merge, const void *key, size_t n, const char **kept, bool *fresh)
{
    if (merge->n >= merge->slots / 2 && grow(merge) < 0)
        return NULL;
    uint64_t hash = ss_hash64(key, n);
    uint32_t mask = merge->slots - 1, at = (uint32_t)hash & mask;
    for (; merge->slot[at]; at = (at + 1) & mask) {
        uint32_t i = merge->slot[at] - 1;
        const struct head *head = (const struct head *)merge->row[i] - 1;
        if (merge->hash[i] != hash || head->n != n || memcmp(head->key, key, n) != 0)
            continue;
        *fresh = false;
        if (kept)
            *kept = head->key;
        return merge->row[i];
    }
    struct head *head = ss_arena_zalloc(&merge->arena, sizeof *head + merge->row_size);
    char *copy = head ? ss_arena_copy(&merge->arena, key, n) : NULL;
    if (!copy)
        return NULL;
    *head = (struct head){copy, n};
    merge->row[merge->n] = head + 1;
    merge->hash[merge->n] = hash;
    merge->slot[at] = ++merge->n;
    *fresh = true;
    if (kept)
        *kept = copy;
    return head + 1;
}
