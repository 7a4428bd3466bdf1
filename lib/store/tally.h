/*
 * The counts that analytics are made of (the table `buckets`): what a batch of payments adds to each hour,
 * day and minute of event time, merged in memory and written once a key. Inside lib/store only.
 *
 * A dimension has at most SS_TALLY_WORDS keys a process; further ones are counted as '(other)', so that
 * damaged data cannot fill the table. Merchants are not limited.
 */
#ifndef SS_STORE_TALLY_H
#define SS_STORE_TALLY_H

#include "base/map.h"
#include "store/merge.h"
#include "store/entry.h"

#define SS_TALLY_WORDS 2048
#define SS_TALLY_KEY   128 /* bytes of a key; longer ones are cut */
#define SS_SCORE_BINS  20

struct ss_counts {
    int64_t payments, amount, alerts, blocked, fraud, genuine;
};

/* What a row belongs to, by its key alone: one part may be written without the others. */
#define SS_TALLY_PARTS 64

struct ss_tally {
    struct ss_merge rows, held; /* held: no longer added to */
    struct ss_map words[9];     /* the keys of the dimensions that are limited */
    struct ss_arena args;
};

void ss_tally_init(struct ss_tally *tally);
void ss_tally_free(struct ss_tally *tally);
void ss_tally_reset(struct ss_tally *tally);

/* Adds `add` under everything that the payment is counted under. */
int ss_tally_add(struct ss_tally *tally, const struct ss_entry *row,
                 const struct ss_counts *add) SS_MUST_CHECK;
/* Writes and empties it, but for what is held. */
int ss_tally_write(struct ss_tally *tally, struct ss_db *db) SS_MUST_CHECK;
/* The same, only the parts from `part` on. */
int ss_tally_write_from(struct ss_tally *tally, struct ss_db *db, int part) SS_MUST_CHECK;

/* Holds what there is, to be written part after part; nothing may be held before. */
void ss_tally_hold(struct ss_tally *tally);
/* Writes the held parts from `from` up to `to` (exclusive); with the last one nothing is held any more. */
int ss_tally_write_held(struct ss_tally *tally, struct ss_db *db, int from, int to) SS_MUST_CHECK;

/*
 * Latencies are counted per step of a scale with eight steps per power of two, the key being the step's
 * number with three digits. A step's lower bound in microseconds:
 */
int ss_latency_step(int64_t latency_us);
int64_t ss_latency_from(int step);

#endif
