/*
 * Inside the PostgreSQL backend only, and the one place where libpq is included. Statements are prepared once
 * per text, values go and come in binary (postgres_rows.c). Rows are read from the wire as they are asked
 * for; when another statement wants the connection first, the rest is taken into memory, up to a ceiling.
 */
#ifndef SS_STORE_POSTGRES_H
#define SS_STORE_POSTGRES_H

#include "base/err.h"
#include "store/backend.h"
#include "store/wire.h"
#include <libpq-fe.h>

/* Prepared statements, found by their text. Texts are constants of this program: some hundreds. */
#define SS_PQ_STATEMENTS 1024
#define SS_PQ_PARAMS     1024
#define SS_PQ_SQL_BYTES  ((size_t)1 << 20)
#define SS_PQ_BULK_BYTES ((size_t)1 << 30) /* PostgreSQL takes no longer message */
/* A value in the binary form of the type that the statement's text gives it. */
#define SS_PQ_RAW ((enum ss_arg_type)(SS_ARG_BLOB + 1))

struct ss_pq_statement {
    char *sql; /* NULL: a free slot */
    uint64_t hash;
    Oid *type; /* of the parameters; SS_WIRE_NONE: it fits nulls only */
    int params;
    unsigned epoch; /* the connection that knows it */
    char name[16];
};

struct ss_pq {
    struct ss_db base;
    PGconn *conn;
    struct ss_db_options options;
    struct ss_pq_statement cache[SS_PQ_STATEMENTS], loose;
    unsigned cached, named, epoch;
    struct ss_pq_rows *stream; /* whose rows are still on the wire */
    char xid[24];              /* of the writing transaction */
    int64_t dialled_ns;
    bool clashes; /* the last bulk insert met keys that were there */
    struct ss_buf bulk, sql;
    const char *value[SS_PQ_PARAMS];
    int length[SS_PQ_PARAMS], format[SS_PQ_PARAMS];
    char number[SS_PQ_PARAMS][8];
    Oid type[SS_PQ_PARAMS];
};

struct ss_pq_rows {
    struct ss_rows base;
    PGresult *row;    /* the present one */
    PGresult *first;  /* read already, to see whether the statement ran */
    PGresult **aside; /* set aside */
    size_t asides, given, bytes;
    int lost; /* why the rest of them was dropped, an ss_err */
    bool ended;
    int scratches;
    char scratch[][SS_NUMBER_MAX];
};

static inline struct ss_pq *ss_pq_of(struct ss_db *db)
{
    return (struct ss_pq *)db;
}

/* ---- postgres.c: the connection ---- */

bool ss_pq_failed(const PGresult *res); /* NULL too */
bool ss_pq_has_state(const PGresult *res, const char *sqlstate);
/* The error of a result, which is freed. */
int ss_pq_fail(struct ss_pq *db, PGresult *res);
int ss_pq_fail_away(struct ss_pq *db);
/* A command of our own, without values. */
int ss_pq_run(struct ss_pq *db, const char *sql);
/* Connects anew. */
int ss_pq_redial(struct ss_pq *db);
/* Takes what is still on the wire into memory, so that the next statement may use the connection. */
void ss_pq_settle(struct ss_pq *db);
/* The connection is there and free; one known to be lost is made again, where no transaction is lost with it.
 */
int ss_pq_ready(struct ss_pq *db);

/* ---- postgres_rows.c: statements and their rows ---- */

/* Starts a statement and reads its first result, which may be an error. */
int ss_pq_start(struct ss_pq *db, const char *sql, const struct ss_arg *args, size_t n, PGresult **first);
int ss_pq_query(struct ss_db *base, const char *sql, const struct ss_arg *args, size_t n,
                struct ss_rows **out);
int ss_pq_next(struct ss_rows *base);
void ss_pq_free_rows(struct ss_rows *base);
struct ss_str ss_pq_bytes(const PGresult *res, int column); /* of its first row */
bool ss_pq_is_null(const struct ss_rows *base, int column);
int64_t ss_pq_int(const struct ss_rows *base, int column);
double ss_pq_real(const struct ss_rows *base, int column);
struct ss_str ss_pq_text(const struct ss_rows *base, int column);
struct ss_str ss_pq_blob(const struct ss_rows *base, int column);

/* ---- postgres_commit.c: transactions, and statements by themselves ---- */

int ss_pq_begin(struct ss_db *base, bool writing);
int ss_pq_commit(struct ss_db *base);
void ss_pq_rollback(struct ss_db *base);
int64_t ss_pq_exec(struct ss_db *base, const char *sql, const struct ss_arg *args, size_t n);
int ss_pq_query_alone(struct ss_db *base, const char *sql, const struct ss_arg *args, size_t n,
                      struct ss_rows **out);

/* ---- postgres_bulk.c ---- */

int ss_pq_insert(struct ss_db *base, const struct ss_bulk *bulk, const struct ss_arg *args, size_t n,
                 bool *fresh);

#endif
