/* What the backends share of ss_db_insert: texts, checks and keys. Inside lib/store only. */
#ifndef SS_STORE_BULK_H
#define SS_STORE_BULK_H

#include "base/buf.h"
#include "store/db.h"

#define SS_BULK_KEYS 8 /* columns of a key */

enum ss_bulk_text {
    SS_BULK_VALUES, /* INSERT ... VALUES ($1, $2, ...) ON CONFLICT ...: one row */
    SS_BULK_ARRAYS, /* INSERT ... SELECT from $1, $2, ..., an array a column; RETURNING the key if it must
                       tell */
    SS_BULK_UPDATE, /* UPDATE ... WHERE the key is this row's: only with `update` */
    SS_BULK_COPY,   /* COPY ... FROM STDIN, within a savepoint ss_copy; no conflict is borne */
};

/* In the bulk's text (made anew). */
int ss_bulk_sql(const struct ss_bulk *bulk, enum ss_bulk_text kind, bool tell,
                struct ss_buf *text) SS_MUST_CHECK;

/* Which columns `key` names: how many, at most SS_BULK_KEYS; or an error. */
int ss_bulk_keys(const struct ss_bulk *bulk, int key[SS_BULK_KEYS]) SS_MUST_CHECK;

/* Are the values of the types that were said, and texts without NUL? An integer may stand for a real. */
int ss_bulk_check(const struct ss_bulk *bulk, const struct ss_arg *args, size_t n) SS_MUST_CHECK;

/* How many of the n rows to take for a slice of about this many rows and bytes: at least one. */
size_t ss_bulk_slice(const struct ss_bulk *bulk, const struct ss_arg *args, size_t n, size_t rows,
                     size_t bytes);

/* first[i]: no row before i has the same key. A key with a null is like no other. */
int ss_bulk_firsts(const struct ss_bulk *bulk, const struct ss_arg *args, size_t n,
                   bool *first) SS_MUST_CHECK;

#endif
