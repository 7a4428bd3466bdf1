/*
 * Rows of one batch, merged by key: what many payments do to one row of a table is added up here and written
 * once. Emptied, not freed, between batches. Inside lib/store only.
 */
#ifndef SS_STORE_MERGE_H
#define SS_STORE_MERGE_H

#include "base/arena.h"
#include "base/str.h"
#include <stdint.h>

struct ss_merge {
    size_t row_size;
    uint32_t n, slots;
    void **row; /* n of them, in the order they first came */
    uint64_t *hash;
    uint32_t *slot; /* index + 1, or 0 */
    struct ss_arena arena;
};

void ss_merge_init(struct ss_merge *merge, size_t row_size);
void ss_merge_free(struct ss_merge *merge);
void ss_merge_reset(struct ss_merge *merge);
/* The row of a key, zeroed where it is new. `key` is copied; *kept (may be NULL) is the copy. NULL: no
 * memory. */
void *ss_merge_row(struct ss_merge *merge, const void *key, size_t n, const char **kept, bool *fresh);

#endif
