/*
 * The ids of the last records, as 64-bit hashes: buckets of eight, one cache line each, in which a new id
 * pushes out the oldest of its bucket. An id is pushed out by the eighth later one that falls into its
 * bucket; with two or more buckets for every four ids of the window it is still there after half a window but
 * for one case in 100,000, after a whole one but for one in 1,000, and mostly after three.
 */
#ifndef SS_INGEST_DEDUPE_H
#define SS_INGEST_DEDUPE_H

#include "base/attr.h"
#include "base/str.h"
#include <stdint.h>

#define SS_DEDUPE_MAX  ((uint32_t)1 << 26) /* 2 GiB */
#define SS_DEDUPE_WAYS 8

struct ss_dedupe {
    uint64_t (*bucket)[SS_DEDUPE_WAYS]; /* newest first, 0 = free; NULL: nothing is remembered */
    uint64_t mask;
};

/* A window of so many ids, at most SS_DEDUPE_MAX, at 32 to 64 bytes each; 0 remembers none. */
int ss_dedupe_init(struct ss_dedupe *dedupe, uint32_t window) SS_MUST_CHECK;
void ss_dedupe_free(struct ss_dedupe *dedupe);
/* An id's hash, never 0. */
uint64_t ss_dedupe_hash(struct ss_str id);
/* Remembers an id. True when it was there. */
bool ss_dedupe_seen(struct ss_dedupe *dedupe, uint64_t hash);

/* Asks for an id's memory before its turn comes: the table is larger than the nearer caches, and waiting for
 * it was a third of a whole run. */
static inline void ss_dedupe_prefetch(const struct ss_dedupe *dedupe, uint64_t hash)
{
    __builtin_prefetch(dedupe->bucket[hash & dedupe->mask], 1);
}

#endif
