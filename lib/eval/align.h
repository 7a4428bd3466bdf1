/*
 * Pairs the rows of two streams of one history, without holding either: row by row where they agree, and
 * through a bounded window where a row is missing on one side or out of its place.
 *
 * The caller asks which side is wanted next, so that a row missing on one side is passed by reading on in the
 * other only: the two are in step again one row later. A row waits until its partner comes, the window is
 * full (rows or bytes), or the other side ends; then it is alone. Rows are partners when their txn_ids are
 * equal; rows without one, when they also have neither and the same time and amount.
 */
#ifndef SS_EVAL_ALIGN_H
#define SS_EVAL_ALIGN_H

#include "eval/diff.h"

#define SS_ALIGN_WINDOW_MAX 1000000
#define SS_ALIGN_BYTES_MAX  ((size_t)64 << 20) /* of waiting rows, each side */

struct ss_align_to {
    /* Rows are the callee's until it returns. `displaced`: they came in another order than other pairs. */
    int (*pair)(void *ctx, const struct ss_diff_row *old, const struct ss_diff_row *new_, bool displaced);
    int (*only)(void *ctx, enum ss_side side, const struct ss_diff_row *row);
    void *ctx;
};

struct ss_align;

/* Rows a side that may wait, 1 to SS_ALIGN_WINDOW_MAX. NULL (with a message) when out of memory. */
struct ss_align *ss_align_new(uint32_t window, const struct ss_align_to *to) SS_MUST_CHECK;
void ss_align_free(struct ss_align *align); /* accepts NULL; waiting rows are dropped */

/* The side whose next row is wanted; SS_SIDES: either, best both by ss_align_both. Never a side that ended.
 */
enum ss_side ss_align_wants(const struct ss_align *align);
/* The next row of a side. Errors are those of the callbacks, or SS_ENOMEM. */
int ss_align_put(struct ss_align *align, enum ss_side side, const struct ss_diff_row *row) SS_MUST_CHECK;
/* The next rows of both: as two puts, but nothing is copied where they are partners. */
int ss_align_both(struct ss_align *align, const struct ss_diff_row *old,
                  const struct ss_diff_row *new_) SS_MUST_CHECK;
/* No more rows of this side: what waits on the other can have no partner any more. */
int ss_align_end(struct ss_align *align, enum ss_side side) SS_MUST_CHECK;

#endif
