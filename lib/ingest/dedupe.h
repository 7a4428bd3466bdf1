/* The ids of the last N records, as 64-bit hashes in a ring and a table: 24 bytes an id, nothing more. */
#ifndef SS_INGEST_DEDUPE_H
#define SS_INGEST_DEDUPE_H

#include "base/attr.h"
#include "base/str.h"
#include <stdint.h>

#define SS_DEDUPE_MAX ((uint32_t)1 << 26)

struct ss_dedupe {
    uint64_t *ring, *table; /* 0 = free */
    uint32_t n, cap, at, mask;
};

/* `window` ids, at most SS_DEDUPE_MAX; 0 looks for none. */
int ss_dedupe_init(struct ss_dedupe *dedupe, uint32_t window) SS_MUST_CHECK;
void ss_dedupe_free(struct ss_dedupe *dedupe);
/* An id's hash, never 0. */
uint64_t ss_dedupe_hash(struct ss_str id);
/* Remembers an id, forgetting the oldest. True when it was there (it then keeps its place in the order). */
bool ss_dedupe_seen(struct ss_dedupe *dedupe, uint64_t hash);
/*
 * Asks for the memory that the id will need which comes `ahead` new ids from now: the table is larger than
 * the nearer caches, and waiting for it was a third of the time of a whole run.
 */
static inline void ss_dedupe_prefetch(const struct ss_dedupe *dedupe, uint64_t hash, uint32_t ahead)
{
    uint32_t at = dedupe->at + (dedupe->cap > ahead ? ahead : 0);
    if (at >= dedupe->cap)
        at -= dedupe->cap;
    __builtin_prefetch(&dedupe->table[(uint32_t)hash & dedupe->mask], 1);
    __builtin_prefetch(&dedupe->table[(uint32_t)dedupe->ring[at] & dedupe->mask], 1);
}

#endif
