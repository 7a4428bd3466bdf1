/*
 * PostgreSQL: transactions, and statements by themselves.
 *
 * Every write happens under one lock of the database (LOCK), taken at the start: what SQLite does by itself.
 * Under it READ COMMITTED is serial, since nobody else writes; a transaction that only reads is REPEATABLE
 * READ: one moment, as in SQLite. Whoever writes with other programs is held off by PostgreSQL's own row
 * locks only.
 */
#include "base/clock.h"
#include "store/postgres.h"
#include <stdio.h>
#include <unistd.h>

#define LOCK "6004270762890980654" /* "SStream." as a number: any would do that nobody else uses */

void ss_pq_rollback(struct ss_db *base)
{
    struct ss_pq *db = ss_pq_of(base);
    ss_pq_settle(db);
    if (PQstatus(db->conn) == CONNECTION_OK && PQtransactionStatus(db->conn) != PQTRANS_IDLE)
        (void)ss_pq_run(db, "ROLLBACK");
}

int ss_pq_begin(struct ss_db *base, bool writing)
{
    struct ss_pq *db = ss_pq_of(base);
    int err = ss_pq_ready(db);
    if (err)
        return err;
    /* The last tells the name of the transaction, by which it is found again when its commit was cut off. */
    PGresult *res =
        PQexec(db->conn, writing ? "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
                                   "SELECT pg_advisory_xact_lock(" LOCK ");SELECT pg_current_xact_id()"
                                 : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    if (ss_pq_failed(res)) {
        err = ss_pq_fail(db, res);
        if (PQstatus(db->conn) == CONNECTION_OK)
            PQclear(PQexec(db->conn, "ROLLBACK"));
        return err;
    }
    snprintf(db->xid, sizeof db->xid, "%s", writing ? PQgetvalue(res, 0, 0) : "");
    PQclear(res);
    return 0;
}

/*
 * The connection was lost with a commit under way: was it done? The server remembers by the transaction's
 * name. Waits for it as long as for a lock. (After a crash of the server itself, a name that was never
 * written to its log can be given out again; were that one committed before we ask, the answer would be
 * wrong.)
 */
static int outcome(struct ss_pq *db)
{
    int64_t until = ss_clock_mono_ns() + (int64_t)db->options.busy_timeout_ms * 1000000;
    const char *param[] = {db->xid};
    while (*db->xid) {
        if (ss_pq_redial(db) == 0) {
            PGresult *res =
                PQexecParams(db->conn, "SELECT pg_xact_status($1::xid8)", 1, NULL, param, NULL, NULL, 0);
            bool known = PQresultStatus(res) == PGRES_TUPLES_OK;
            char is = known && !PQgetisnull(res, 0, 0) ? *PQgetvalue(res, 0, 0) : 'a';
            PQclear(res);
            if (is == 'c')
                return 0;
            if (is == 'a' && PQstatus(db->conn) == CONNECTION_OK)
                return ss_fail(SS_EAWAY, "lost the connection to '%s' in a commit, which was undone",
                               db->base.name);
        }
        if (ss_clock_mono_ns() > until)
            return ss_fail(SS_EAWAY,
                           "lost the connection to '%s' in a commit, and cannot ask what became of it",
                           db->base.name);
        usleep(50000);
    }
    return ss_pq_fail_away(db);
}

int ss_pq_commit(struct ss_db *base)
{
    struct ss_pq *db = ss_pq_of(base);
    ss_pq_settle(db);
    if (PQstatus(db->conn) != CONNECTION_OK)
        return ss_pq_fail_away(db);
    PGresult *res = PQexec(db->conn, "COMMIT");
    bool done = !ss_pq_failed(res) && strcmp(PQcmdStatus(res), "COMMIT") == 0;
    if (ss_pq_failed(res) && PQstatus(db->conn) == CONNECTION_BAD) {
        PQclear(res);
        return outcome(db);
    }
    if (ss_pq_failed(res))
        return ss_pq_fail(db, res);
    PQclear(res);
    /* A transaction in which a statement failed is rolled back by COMMIT, which calls that a success. */
    return done ? 0 : ss_fail(SS_EDATA, "a statement of the transaction had failed");
}

/* ---- statements by themselves ---- */

/* Constant texts of this program: a word is enough to tell. */
static bool writes(const char *sql)
{
    static const char *const words[] = {"INSERT ", "UPDATE ", "DELETE "};
    for (size_t i = 0; i < SS_COUNT(words); i++)
        if (strstr(sql, words[i]))
            return true;
    return false;
}

static bool alone(const struct ss_db *base, const char *sql)
{
    return !base->in_transaction && !base->read_only && writes(sql);
}

/* As SQLite does: a write outside a transaction is one of its own, under the lock. */
static int end_alone(struct ss_db *base, int err)
{
    if (!err)
        err = ss_pq_commit(base);
    if (err)
        ss_pq_rollback(base);
    base->in_transaction = false;
    return err;
}

int ss_pq_query_alone(struct ss_db *base, const char *sql, const struct ss_arg *args, size_t n,
                      struct ss_rows **out)
{
    if (!alone(base, sql))
        return ss_pq_query(base, sql, args, n, out);
    int err = ss_pq_begin(base, true);
    if (err)
        return err;
    base->in_transaction = true;
    err = ss_pq_query(base, sql, args, n, out);
    if (!err) {
        struct ss_pq_rows *rows = (struct ss_pq_rows *)*out;
        ss_pq_settle(ss_pq_of(base));
        if (rows->asides && ss_pq_failed(rows->aside[rows->asides - 1]))
            err = ss_pq_fail(ss_pq_of(base), rows->aside[--rows->asides]);
    }
    err = end_alone(base, err);
    if (err && *out) {
        ss_pq_free_rows(*out);
        *out = NULL;
    }
    return err;
}

static int64_t exec_inside(struct ss_db *base, const char *sql, const struct ss_arg *args, size_t n)
{
    struct ss_pq *db = ss_pq_of(base);
    PGresult *res;
    int64_t changed = 0;
    int err = ss_pq_start(db, sql, args, n, &res);
    if (err)
        return err;
    if (!res)
        return ss_pq_fail(db, NULL);
    for (; res; res = PQgetResult(db->conn)) {
        const char *count = PQcmdTuples(res);
        if (!err && ss_pq_failed(res)) {
            err = ss_pq_fail(db, res);
            continue;
        }
        /* A SELECT counts too what it gave. */
        if (strncmp(PQcmdStatus(res), "SELECT", 6) != 0 && *count &&
            !ss_int_parse(count, strlen(count), &changed))
            changed = 0;
        PQclear(res);
    }
    return err ? err : changed;
}

int64_t ss_pq_exec(struct ss_db *base, const char *sql, const struct ss_arg *args, size_t n)
{
    if (!alone(base, sql))
        return exec_inside(base, sql, args, n);
    int err = ss_pq_begin(base, true);
    if (err)
        return err;
    base->in_transaction = true;
    int64_t changed = exec_inside(base, sql, args, n);
    err = end_alone(base, changed < 0 ? (int)changed : 0);
    return err ? err : changed;
}
