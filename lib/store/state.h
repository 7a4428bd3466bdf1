/* How a store is: what lies in it, and whether it is whole. */
#ifndef SS_STORE_STATE_H
#define SS_STORE_STATE_H

#include "base/buf.h"
#include "store/db.h"

struct ss_store_count {
    const char *table;
    int64_t rows;
};

#define SS_STORE_COUNTS 8

struct ss_store_state {
    int schema, wants;                            /* the version it has, and this program's */
    int64_t bytes;                                /* without what is in SQLite's log */
    struct ss_store_count count[SS_STORE_COUNTS]; /* payments, alerts, cases, ... */
    int64_t first_us, newest_us;                  /* event times of payments; 0: there are none */
    int64_t open_cases, open_alerts;
};

/* Reads only. Where the schema is another than this program's, nothing behind `bytes` is filled. Inside one
 * transaction for figures of one moment. */
int ss_store_state_read(struct ss_db *db, struct ss_store_state *state) SS_MUST_CHECK;

/* 1: every page and index was read and is sound; 0: not, and `fault` says why; also 0 with an empty `fault`
 * for PostgreSQL, which is not asked: it has its own tools (amcheck). */
int ss_store_check(struct ss_db *db, struct ss_buf *fault) SS_MUST_CHECK;

#endif
