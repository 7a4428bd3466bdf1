/*
 * Stored payments in the order of their arrival, a page at a time: no cursor stays open between pages, so
 * that a reader who takes hours is in nobody's way.
 */
#ifndef SS_STORE_HISTORY_H
#define SS_STORE_HISTORY_H

#include "store/db.h"

struct ss_past {
    int64_t seq, time_us;
    int label; /* 1, 0, or -1 when it is not known */
    int action;
    struct ss_str record; /* the whole line */
};

/* Where to go through the payments of event time [from, until): how many there are, `limit` of them at most,
 * the latest; the first and the last number of arrival among them. Reads an index, no records. */
int ss_history_span(struct ss_db *db, int64_t from_us, int64_t until_us, int64_t limit, int64_t *n,
                    int64_t *first_seq, int64_t *last_seq) SS_MUST_CHECK;
/* Payments behind `after`, up to `last`, whose event time is in [from, until). Close with ss_rows_free. */
int ss_history_page(struct ss_db *db, int64_t after, int64_t last, int64_t from_us, int64_t until_us,
                    int64_t limit, struct ss_rows **rows) SS_MUST_CHECK;
/* The newest ones, newest first. */
int ss_history_newest(struct ss_db *db, int64_t limit, struct ss_rows **rows) SS_MUST_CHECK;
/* One by its txn_id: no row, or one. */
int ss_history_find(struct ss_db *db, struct ss_str txn_id, struct ss_rows **rows) SS_MUST_CHECK;
/* Of such rows the present one; the text lives as long as it. */
void ss_history_row(const struct ss_rows *rows, struct ss_past *past);

#endif
