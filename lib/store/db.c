#include "store/db.h"
#include "base/err.h"
#include "store/backend.h"
#include <math.h>

int ss_db_open(const char *uri, const struct ss_db_options *options, struct ss_db **db)
{
    static const struct ss_db_options none;
    *db = NULL;
    if (!options)
        options = &none;
    if (strncmp(uri, "postgresql://", 13) == 0 || strncmp(uri, "postgres://", 11) == 0)
        return ss_db_postgres.open(uri, options, db);
    if (strncmp(uri, "sqlite:", 7) == 0)
        uri += 7;
    else if (strstr(uri, "://"))
        return ss_fail(SS_EUSAGE, "no such store '%s': a path, or postgresql://HOST/DATABASE", uri);
    return ss_db_sqlite.open(uri, options, db);
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
    return db->ops->exec(db, sql, args, n);
}

int ss_db_query(struct ss_db *db, const char *sql, const struct ss_arg *args, size_t n, struct ss_rows **rows)
{
    *rows = NULL;
    return db->ops->query(db, sql, args, n, rows);
}

int ss_rows_next(struct ss_rows *rows)
{
    return rows->db->ops->next(rows);
}

void ss_rows_free(struct ss_rows *rows)
{
    if (rows)
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
    return db->ops->script(db, sql);
}

int ss_db_insert(struct ss_db *db, const struct ss_bulk *bulk, const struct ss_arg *args, size_t n,
                 bool *fresh)
{
    return n == 0 ? 0 : db->ops->insert(db, bulk, args, n, fresh);
}

int ss_db_begin(struct ss_db *db, bool writing)
{
    if (db->in_transaction)
        return ss_fail(SS_EBUG, "a transaction is open already");
    int err = db->ops->begin(db, writing);
    db->in_transaction = err == 0;
    return err;
}

int ss_db_commit(struct ss_db *db)
{
    int err = db->ops->commit(db);
    if (err)
        ss_db_rollback(db);
    db->in_transaction = false;
    return err;
}

void ss_db_rollback(struct ss_db *db)
{
    if (!db->in_transaction)
        return;
    db->ops->rollback(db);
    db->in_transaction = false;
}

static int simple(struct ss_db *db, const char *sql)
{
    int64_t n = ss_db_exec(db, sql, SS_NO_ARGS);
    return n < 0 ? (int)n : 0;
}

int ss_db_mark(struct ss_db *db)
{
    return simple(db, "SAVEPOINT ss_part");
}

int ss_db_keep(struct ss_db *db)
{
    return simple(db, "RELEASE SAVEPOINT ss_part");
}

int ss_db_undo(struct ss_db *db)
{
    int err = simple(db, "ROLLBACK TO SAVEPOINT ss_part");
    return err ? err : ss_db_keep(db);
}

int ss_db_check(struct ss_db *db)
{
    return db->ops->check(db);
}
