/*
 * Payments that the store has, as a pipeline that lives beside it needs them: is this one known already, and
 * which came after that one.
 */
#ifndef SS_STORE_PASSED_H
#define SS_STORE_PASSED_H

#include "base/arena.h"
#include "store/db.h"

/* The line of a stored payment, copied into the arena, and its place in the order of arrival; p == NULL when
 * there is none. */
int ss_passed_find(struct ss_db *db, struct ss_str txn_id, struct ss_arena *arena, struct ss_str *line,
                   int64_t *seq) SS_MUST_CHECK;

/* The place of the last one; 0 in an empty store. */
int ss_passed_last(struct ss_db *db, int64_t *seq) SS_MUST_CHECK;

/* The place before the newest `span_us` of event time. */
int ss_passed_before(struct ss_db *db, int64_t span_us, int64_t *seq) SS_MUST_CHECK;

/*
 * Up to n lines of those behind place *seq, in the order of arrival, copied into the arena; *seq becomes the
 * last one's. Returns how many, 0 at the end.
 */
int64_t ss_passed_next(struct ss_db *db, int64_t *seq, struct ss_str *line, size_t n,
                       struct ss_arena *arena) SS_MUST_CHECK;

#endif
