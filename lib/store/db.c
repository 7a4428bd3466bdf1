#include "store/db.h"
#include "base/attr.h"
#include "base/err.h"
#include "store/backend.h"
#include <math.h>

/*
 * An error inside a transaction spoils it: PostgreSQL then refuses every statement until it is undone, SQLite
 * goes on with some of them and has rolled back by itself after others. Here, for both, it is as in
 * PostgreSQL.
 */
static int note(struct ss_db *db, int err)
{
    if (err < 0 && db->in_transaction && !db->failed)
        db->failed = err;
    return err;
}

static int refuse(const struct ss_db *db)
{
    return SS_LIKELY(!db->failed)
               ? 0
               : ss_fail(db->failed, "the transaction on '%s' failed before: it has to be undone", db->name);
}

int ss_db_open(const char *uri, const struct ss_db_options *options, struct ss_db **db)
{
    static const struct ss_db_options none;
    const struct ss_db_ops *ops = &ss_db_sqlite;
    *db = NULL;
    if (!options)
        options = &none;
    if (strncmp(uri, "postgresql://", 13) == 0 || strncmp(uri, "postgres://", 11) == 0)
        ops = &ss_db_postgres;
    else if (strncmp(uri, "sqlite:", 7) == 0)
        uri += 7;
    else if (strstr(uri, "://")) /* no more of it: there may be a password */
        return ss_fail(SS_EUSAGE, "no such store '%.*s': a path, or postgresql://HOST/DATABASE",
                       (int)(strstr(uri, "://") - uri) + 3, uri);
    int err = ops->open(uri, options, db);
    if (!err)
        (*db)->read_only = options->read_only;
    return err;
}

void ss_db_close(struct ss_db *db)
{
    if (!db)
        return;
    ss_db_rollback(db);
    db->ops->close(db);
}

enum ss_db_kind ss_db_kind(const struct ss_db *db)
{
    return db->ops->kind;
}

const char *ss_db_name(const struct ss_db *db)
{
    return db->name;
}

int64_t ss_db_exec(struct ss_db *db, const char *sql, const struct ss_arg *args, size_t n)
{
    int64_t changed = refuse(db);
    if (!changed)
        changed = db->ops->exec(db, sql, args, n);
    return changed < 0 ? note(db, (int)changed) : changed;
}

void (*ss_db_watch)(struct ss_db *db, const char *sql, const struct ss_arg *args, size_t n);

int ss_db_query(struct ss_db *db, const char *sql, const struct ss_arg *args, size_t n, struct ss_rows **rows)
{
    *rows = NULL;
    if (SS_UNLIKELY(ss_db_watch != NULL))
        ss_db_watch(db, sql, args, n);
    int err = refuse(db);
    if (!err)
        err = db->ops->query(db, sql, args, n, rows);
    db->reading += !err;
    return note(db, err);
}

int ss_rows_next(struct ss_rows *rows)
{
    return note(rows->db, rows->db->ops->next(rows));
}

void ss_rows_free(struct ss_rows *rows)
{
    if (!rows)
        return;
    rows->db->reading--;
    rows->db->ops->free_rows(rows);
}

bool ss_rows_null(const struct ss_rows *rows, int column)
{
    return rows->db->ops->is_null(rows, column);
}

int64_t ss_rows_int(const struct ss_rows *rows, int column)
{
    return rows->db->ops->get_int(rows, column);
}

double ss_rows_real(const struct ss_rows *rows, int column)
{
    return ss_rows_null(rows, column) ? NAN : rows->db->ops->get_real(rows, column);
}

struct ss_str ss_rows_text(const struct ss_rows *rows, int column)
{
    return rows->db->ops->get_text(rows, column);
}

struct ss_str ss_rows_blob(const struct ss_rows *rows, int column)
{
    return rows->db->ops->get_blob(rows, column);
}

int ss_db_int(struct ss_db *db, const char *sql, const struct ss_arg *args, size_t n, int64_t absent,
              int64_t *value)
{
    struct ss_rows *rows;
    *value = absent;
    int err = ss_db_query(db, sql, args, n, &rows);
    if (err)
        return err;
    err = ss_rows_next(rows);
    if (err > 0 && !ss_rows_null(rows, 0))
        *value = ss_rows_int(rows, 0);
    ss_rows_free(rows);
    return err < 0 ? err : 0;
}

int ss_db_script(struct ss_db *db, const char *sql)
{
    int err = refuse(db);
    return note(db, err ? err : db->ops->script(db, sql));
}

int ss_db_insert(struct ss_db *db, const struct ss_bulk *bulk, const struct ss_arg *args, size_t n,
                 bool *fresh)
{
    if (!db->writing)
        return ss_fail(SS_EBUG, "a bulk insert outside of a writing transaction");
    int err = refuse(db);
    if (n == 0)
        return err;
    return note(db, err ? err : db->ops->insert(db, bulk, args, n, fresh));
}

int ss_db_begin(struct ss_db *db, bool writing)
{
    if (db->in_transaction)
        return ss_fail(SS_EBUG, "a transaction is open already");
    if (db->reading) /* an older moment is still being looked at: SQLite would refuse to write, at times */
        return ss_fail(SS_EBUG, "a transaction begins while rows are being read");
    if (writing && db->read_only)
        return ss_fail(SS_ECREATE, "'%s' was opened for reading only", db->name);
    int err = db->ops->begin(db, writing);
    db->in_transaction = err == 0;
    db->writing = writing && err == 0;
    return err;
}

static void ended(struct ss_db *db)
{
    db->in_transaction = db->writing = db->marked = false;
    db->failed = 0;
}

static int end_by(struct ss_db *db, int (*commit)(struct ss_db *db))
{
    if (!db->in_transaction)
        return ss_fail(SS_EBUG, "no transaction is open");
    int err = refuse(db);
    if (!err)
        err = commit(db);
    if (err < 0)
        ss_db_rollback(db);
    ended(db);
    return err;
}

int ss_db_commit(struct ss_db *db)
{
    return end_by(db, db->ops->commit);
}

int ss_db_commit_soon(struct ss_db *db)
{
    return end_by(db, db->ops->commit_soon ? db->ops->commit_soon : db->ops->commit);
}

int ss_db_flush(struct ss_db *db)
{
    return db->ops->flush ? db->ops->flush(db) : 0;
}

int ss_db_flush_again(struct ss_db *db)
{
    if (db->in_transaction)
        return ss_fail(SS_EBUG, "a transaction is open");
    return db->ops->flush_again ? db->ops->flush_again(db) : 0;
}

void ss_db_rollback(struct ss_db *db)
{
    if (!db->in_transaction)
        return;
    db->ops->rollback(db);
    ended(db);
}

static int simple(struct ss_db *db, const char *sql)
{
    int64_t n = db->ops->exec(db, sql, SS_NO_ARGS);
    return n < 0 ? (int)n : 0;
}

int ss_db_mark(struct ss_db *db)
{
    if (!db->in_transaction || db->marked)
        return ss_fail(SS_EBUG, "%s", db->marked ? "a part is open already" : "a part of no transaction");
    int err = refuse(db);
    if (!err)
        err = note(db, simple(db, "SAVEPOINT ss_part"));
    db->marked = err == 0;
    return err;
}

int ss_db_keep(struct ss_db *db)
{
    if (!db->marked)
        return ss_fail(SS_EBUG, "no part is open");
    int err = refuse(db);
    if (err)
        return err;
    db->marked = false;
    return note(db, simple(db, "RELEASE SAVEPOINT ss_part"));
}

int ss_db_undo(struct ss_db *db)
{
    if (!db->marked)
        return ss_fail(SS_EBUG, "no part is open");
    int failed = db->failed, err = simple(db, "ROLLBACK TO SAVEPOINT ss_part");
    db->failed = 0;
    /* Where the database itself gave the whole transaction up (a full disk), that is the error. */
    if (err)
        return note(db, failed ? ss_fail(failed, "the transaction on '%s' was lost", db->name) : err);
    return ss_db_keep(db);
}

int ss_db_check(struct ss_db *db)
{
    return db->ops->check(db);
}

unsigned ss_db_redials(const struct ss_db *db)
{
    return db->redials;
}

int ss_db_checkpoint(struct ss_db *db)
{
    return db->ops->checkpoint ? db->ops->checkpoint(db) : 0;
}

int ss_db_empty_log(struct ss_db *db)
{
    return db->ops->empty_log ? db->ops->empty_log(db) : 0;
}

enum ss_checkpoint ss_db_wants_checkpoint(struct ss_db *db)
{
    return db->ops->wants_checkpoint ? db->ops->wants_checkpoint(db) : SS_CHECKPOINT_NONE;
}
