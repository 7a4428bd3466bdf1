/*
 * Which payments `buckets` counts. A payment is inserted in one transaction and counted in a later one,
 * together with hundreds of others: one row of `buckets` stands for many payments, and writing it for each
 * would cost more than the payment itself. `counted` holds the seq up to which that has been done. What lies
 * beyond it is in the memory of the ledger that inserted it; whoever finds such payments of another ledger,
 * or of a process that died, counts them from their rows. Inside lib/store only.
 */
#ifndef SS_STORE_RECOUNT_H
#define SS_STORE_RECOUNT_H

#include "store/tally.h"

/* What a new payment counts for. */
struct ss_counts ss_counts_of(const struct ss_entry *row, bool opened_alert);

/* Up to which seq payments are counted, and the greatest there is. */
int ss_counted(struct ss_db *db, int64_t *counted, int64_t *newest) SS_MUST_CHECK;
/* Says that all up to `seq` are. */
int ss_counted_set(struct ss_db *db, int64_t seq) SS_MUST_CHECK;
/* Counts, in the caller's writing transaction, all payments that are not counted yet, from their rows. The
 * tally must be empty, and is again. */
int ss_recount(struct ss_db *db, struct ss_tally *tally, struct ss_arena *arena) SS_MUST_CHECK;

#endif
