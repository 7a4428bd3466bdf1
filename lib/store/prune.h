/*
 * Retention: what is old is deleted, a little at a time, so that nobody waits for it. Counts are not changed
 * by it: what happened has happened.
 */
#ifndef SS_STORE_PRUNE_H
#define SS_STORE_PRUNE_H

#include "store/db.h"

/*
 * What is older than these times goes; 0: nothing of it. Payments, and all that only they stand for (their
 * labels, alerts of no case, customers without payments and what these were seen with), by event time.
 * Payments stay that are labelled fraud, in a case that is not over or in an alert of one, or not counted
 * yet; and the newest one, so that no number of its order comes twice.
 */
struct ss_prune_policy {
    int64_t payments_us;
    int64_t minutes_us; /* counts by the minute */
    int64_t hours_us;   /* counts by the hour of what is also counted by the day */
    int64_t answers_us; /* to requests with an idempotency key */
    int64_t notices_us; /* that were read, or not */
};

/* Payments as many days as given (0: for good), answers 2, notices 180, by the clock now_us; minutes 8 days
 * and hours of what has days 70, before the newest payment: what happened long ago can be loaded and looked
 * at. */
int ss_prune_default(struct ss_db *db, int64_t now_us, int64_t payments_days,
                     struct ss_prune_policy *policy) SS_MUST_CHECK;

struct ss_pruned {
    int64_t payments, labels, alerts, customers, links, counts, answers, notices;
    int64_t kept; /* payments that were old enough, and stay */
};

#define SS_PRUNE_ID 260 /* an id of the greatest length, and a NUL */

/* Where a run has come to; zeroed at its beginning. */
struct ss_prune_run {
    int stage;
    int64_t time_us, seq;
    char user_id[SS_PRUNE_ID];
    struct ss_pruned pruned;
};

/* One step: a transaction of its own, some milliseconds. 1: there is more to do; 0: done. */
int ss_prune_step(struct ss_db *db, const struct ss_prune_policy *policy,
                  struct ss_prune_run *run) SS_MUST_CHECK;

#endif
