/*
 * Which payments `buckets` counts. A payment is inserted in one transaction and counted in a later one,
 * together with hundreds of others: one row of `buckets` stands for many payments, and writing it for each
 * would cost more than the payment itself. `counted` holds the seq up to which that has been done. What lies
 * beyond it is in the memory of the ledger that inserted it; whoever finds such payments of another ledger,
 * or of a process that died, counts them from their rows. Counts may also be written in parts, over several
 * transactions: then all up to `upto` are in the first `parts` parts of `buckets` (tally.h). Inside lib/store
 * only.
 */
#ifndef SS_STORE_RECOUNT_H
#define SS_STORE_RECOUNT_H

#include "store/tally.h"

/* What a new payment counts for. */
struct ss_counts ss_counts_of(const struct ss_entry *row, bool opened_alert);

struct ss_counted {
    int64_t seq;  /* all up to it are counted */
    int64_t upto; /* and those up to it, where it is greater, in some parts */
    int parts;    /* 0: upto means nothing */
};

/* `newest` is the greatest seq of a payment. */
int ss_counted(struct ss_db *db, struct ss_counted *counted, int64_t *newest) SS_MUST_CHECK;
int ss_counted_set(struct ss_db *db, const struct ss_counted *counted) SS_MUST_CHECK;
/* Counts, in the caller's writing transaction, all payments that are not counted yet, from their rows. The
 * tally must be empty, and is again. */
int ss_recount(struct ss_db *db, struct ss_tally *tally, struct ss_arena *arena) SS_MUST_CHECK;

#endif
