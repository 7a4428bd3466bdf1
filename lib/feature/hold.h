/*
 * Records held back until no earlier one can be expected: with a lateness of D, a record leaves once one of
 * an event time D later has come, in order of (timestamp, txn_id, arrival). What comes later than that leaves
 * at once, out of order. So merged partitions get one order, whatever order they came in.
 *
 * Held records are kept as their text. Beyond SS_HOLD_MAX bytes the earliest leave before their time.
 */
#ifndef SS_FEATURE_HOLD_H
#define SS_FEATURE_HOLD_H

#include "feature/engine.h"

#define SS_HOLD_MAX ((size_t)1 << 30)

struct ss_hold {
    int64_t lateness_us; /* 0: nothing is held */
    int64_t newest_us;
    struct ss_held **heap;
    size_t n, cap, bytes;
    uint64_t arrivals;
};

void ss_hold_init(struct ss_hold *hold, int64_t lateness_us);
void ss_hold_free(struct ss_hold *hold);
/* Takes the batch's records in (they become SS_DROP) and appends those whose time has come. */
int ss_hold_pass(struct ss_hold *hold, struct ss_batch *batch) SS_MUST_CHECK;
/* Appends all that is held. */
int ss_hold_release(struct ss_hold *hold, struct ss_batch *batch) SS_MUST_CHECK;

int ss_hold_save(const struct ss_hold *hold, ss_feature_write *write, void *to) SS_MUST_CHECK;
int ss_hold_load(struct ss_hold *hold, ss_feature_read *read, void *from) SS_MUST_CHECK;

#endif
