/*
 * Aggregates that need memory of their own beside the event log: extremes, distinct values, order statistics,
 * values ever seen. Each is a side: a small header in the entity's block and one piece of pool memory that
 * grows by doubling. All follow the window's events one by one; costs are per event that enters or leaves.
 */
#ifndef SS_FEATURE_SIDE_H
#define SS_FEATURE_SIDE_H

#include "feature/pool.h"

struct ss_side {
    void *mem;
    uint32_t n, cap; /* used and allocated elements */
    uint32_t x, y;   /* each kind's own */
};

/* The values a person's history keeps for first(): beyond, the least recently seen one is forgotten. */
#define SS_SEEN_MAX 128

/*
 * Extreme: a monotonic deque, amortised O(1). x: index of its front. Values come with the sequence number of
 * their event; they leave in the same order. `sign` 1 keeps the largest, -1 the smallest.
 */
void ss_extreme_add(struct ss_side *side, struct ss_memory *memory, int64_t value, uint32_t seq, int sign);
void ss_extreme_remove(struct ss_side *side, uint32_t seq);
/* For a reading: `side` becomes the extreme of what it holds and one value more, kept in `place`. The caller
 * keeps the old header and puts it back. */
void ss_extreme_stand_in(struct ss_side *side, int64_t place[2], int64_t value, int sign);
int64_t ss_extreme_value(const struct ss_side *side); /* SS_VALUE_NULL when empty */

/* Distinct: a table of value hashes with their multiplicity, O(1). n: how many different values. */
void ss_distinct_add(struct ss_side *side, struct ss_memory *memory, uint64_t hash);
void ss_distinct_remove(struct ss_side *side, uint64_t hash);
bool ss_distinct_has(const struct ss_side *side, uint64_t hash);

/* Order: a balanced (AVL) tree of values with subtree sizes, O(log n). x: root, y: free list. */
void ss_order_add(struct ss_side *side, struct ss_memory *memory, int64_t value);
void ss_order_remove(struct ss_side *side, int64_t value);
uint32_t ss_order_size(const struct ss_side *side);
int64_t ss_order_at(const struct ss_side *side, uint32_t k); /* k < size, smallest first */

/*
 * Seen: when each value first came and last came, at most SS_SEEN_MAX of them.
 * Returns INT64_MAX for a value that never came.
 */
int64_t ss_seen_first(const struct ss_side *side, uint64_t hash);
void ss_seen_add(struct ss_side *side, struct ss_memory *memory, uint64_t hash, int64_t time_us);

enum ss_side_kind { SS_SIDE_EXTREME, SS_SIDE_DISTINCT, SS_SIDE_ORDER, SS_SIDE_SEEN, SS_SIDE_LABELS };

size_t ss_side_bytes(enum ss_side_kind kind, uint32_t cap);
/* Room for one more element (of all kinds but Distinct and Seen, that grow by themselves). */
bool ss_side_reserve(struct ss_side *side, struct ss_memory *memory, enum ss_side_kind kind);
void ss_side_free(struct ss_side *side, struct ss_memory *memory, enum ss_side_kind kind);
/* Empty, keeping its memory. */
void ss_side_clear(struct ss_side *side, enum ss_side_kind kind);

#endif
