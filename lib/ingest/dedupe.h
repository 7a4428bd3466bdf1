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
/* Remembers an id, forgetting the oldest. True when it was there (it then keeps its place in the order). */
bool ss_dedupe_seen(struct ss_dedupe *dedupe, struct ss_str id);

#endif
