/* The only file that knows SQLite. */
#include "base/err.h"
#include "base/hash.h"
#include "store/backend.h"
#include <errno.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Prepared statements, found by their text. Texts are constants of this program: some hundreds. */
#define STATEMENTS 1024

struct statement {
    sqlite3_stmt *stmt;
    uint64_t hash;
    bool busy; /* its rows are being read */
};

struct sqlite_db {
    struct ss_db base;
    sqlite3 *handle;
    struct statement cache[STATEMENTS];
    unsigned cached;
};

struct sqlite_rows {
    struct ss_rows base;
    sqlite3_stmt *stmt;
    struct statement *cached; /* NULL: `stmt` is finalised after use */
};

static struct sqlite_db *of(struct ss_db *db)
{
    return (struct sqlite_db *)db;
}

static int fail(struct sqlite_db *db, int code)
{
    const char *text = sqlite3_errmsg(db->handle), *name = db->base.name;
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return ss_fail(SS_EAWAY, "'%s' is locked by another process", name);
    case SQLITE_FULL: return ss_fail(SS_EIO, "no room left for '%s'", name);
    case SQLITE_IOERR:
    case SQLITE_CORRUPT: return ss_fail(SS_EIO, "cannot read or write '%s': %s", name, text);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return ss_fail(SS_ECREATE, "cannot write '%s': %s", name, text);
    case SQLITE_CANTOPEN: return ss_fail(SS_ENOINPUT, "cannot open '%s': %s", name, text);
    case SQLITE_NOTADB: return ss_fail(SS_ECONFIG, "'%s' is no SQLite database", name);
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH: return ss_fail(SS_EDATA, "%s", text);
    case SQLITE_NOMEM: return ss_fail(SS_ENOMEM, "out of memory");
    default: return ss_fail(SS_EBUG, "%s", text);
    }
}

/* ---- statements ---- */

static int prepare(struct sqlite_db *db, const char *sql, struct statement **cached, sqlite3_stmt **stmt)
{
    uint64_t hash = ss_hash64(sql, strlen(sql));
    *cached = NULL;
    for (unsigned i = (unsigned)hash % STATEMENTS, tries = 0; tries < STATEMENTS;
         tries++, i = (i + 1) % STATEMENTS) {
        struct statement *s = &db->cache[i];
        if (s->stmt && (s->hash != hash || strcmp(sqlite3_sql(s->stmt), sql) != 0))
            continue;
        if (s->stmt && s->busy)
            break; /* the same text twice at once: one of them is not cached */
        if (!s->stmt) {
            if (db->cached >= STATEMENTS * 3 / 4)
                break;
            int code = sqlite3_prepare_v3(db->handle, sql, -1, SQLITE_PREPARE_PERSISTENT, &s->stmt, NULL);
            if (code != SQLITE_OK)
                return fail(db, code);
            s->hash = hash;
            db->cached++;
        }
        s->busy = true;
        *cached = s;
        *stmt = s->stmt;
        return 0;
    }
    int code = sqlite3_prepare_v2(db->handle, sql, -1, stmt, NULL);
    return code == SQLITE_OK ? 0 : fail(db, code);
}

static void release(struct statement *cached, sqlite3_stmt *stmt)
{
    if (cached) {
        sqlite3_reset(stmt);
        cached->busy = false;
    } else {
        sqlite3_finalize(stmt);
    }
}

static int bind_one(sqlite3_stmt *stmt, int at, const struct ss_arg *arg)
{
    switch (arg->type) {
    case SS_ARG_INT: return sqlite3_bind_int64(stmt, at, arg->i);
    case SS_ARG_REAL: return sqlite3_bind_double(stmt, at, arg->r);
    case SS_ARG_TEXT: return sqlite3_bind_text64(stmt, at, arg->s.p, arg->s.n, SQLITE_STATIC, SQLITE_UTF8);
    case SS_ARG_BLOB: return sqlite3_bind_blob64(stmt, at, arg->s.p, arg->s.n, SQLITE_STATIC);
    case SS_ARG_NULL: return sqlite3_bind_null(stmt, at);
    }
    return SQLITE_MISUSE;
}

/* SQLite takes `$2` for a name and numbers parameters as they appear. */
static int bind(struct sqlite_db *db, sqlite3_stmt *stmt, const struct ss_arg *args, size_t n)
{
    int count = sqlite3_bind_parameter_count(stmt);
    for (int at = 1; at <= count; at++) {
        const char *name = sqlite3_bind_parameter_name(stmt, at);
        size_t number = 0;
        for (const char *c = name && *name == '$' ? name + 1 : ""; *c; c++)
            number = number * 10 + (size_t)(*c - '0');
        if (number < 1 || number > n)
            return ss_fail(SS_EBUG, "parameter '%s' of %zu in: %s", name ? name : "?", n, sqlite3_sql(stmt));
        int code = bind_one(stmt, at, &args[number - 1]);
        if (code != SQLITE_OK)
            return fail(db, code);
    }
    return 0;
}

static int query(struct ss_db *base, const char *sql, const struct ss_arg *args, size_t n,
                 struct ss_rows **rows)
{
    struct sqlite_db *db = of(base);
    struct sqlite_rows *r = malloc(sizeof *r);
    if (!r)
        return ss_fail(SS_ENOMEM, "out of memory");
    r->base.db = base;
    int err = prepare(db, sql, &r->cached, &r->stmt);
    if (err) {
        free(r);
        return err;
    }
    err = bind(db, r->stmt, args, n);
    if (err) {
        release(r->cached, r->stmt);
        free(r);
        return err;
    }
    *rows = &r->base;
    return 0;
}

static int next(struct ss_rows *rows)
{
    int code = sqlite3_step(((struct sqlite_rows *)rows)->stmt);
    return code == SQLITE_ROW ? 1 : code == SQLITE_DONE ? 0 : fail(of(rows->db), code);
}

static void free_rows(struct ss_rows *rows)
{
    struct sqlite_rows *r = (struct sqlite_rows *)rows;
    release(r->cached, r->stmt);
    free(r);
}

static int64_t exec(struct ss_db *base, const char *sql, const struct ss_arg *args, size_t n)
{
    struct sqlite_db *db = of(base);
    struct statement *cached;
    sqlite3_stmt *stmt;
    int code, err = prepare(db, sql, &cached, &stmt);
    if (err)
        return err;
    err = bind(db, stmt, args, n);
    if (!err) {
        int64_t before = sqlite3_total_changes64(db->handle);
        while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
            ;
        int64_t changed = sqlite3_total_changes64(db->handle) - before;
        if (code != SQLITE_DONE)
            err = fail(db, code);
        release(cached, stmt);
        return err ? err : changed;
    }
    release(cached, stmt);
    return err;
}

static bool is_null(const struct ss_rows *rows, int column)
{
    return sqlite3_column_type(((const struct sqlite_rows *)rows)->stmt, column) == SQLITE_NULL;
}

static int64_t get_int(const struct ss_rows *rows, int column)
{
    return sqlite3_column_int64(((const struct sqlite_rows *)rows)->stmt, column);
}

static double get_real(const struct ss_rows *rows, int column)
{
    return sqlite3_column_double(((const struct sqlite_rows *)rows)->stmt, column);
}

static struct ss_str get_text(const struct ss_rows *rows, int column)
{
    sqlite3_stmt *stmt = ((const struct sqlite_rows *)rows)->stmt;
    const char *p = (const char *)sqlite3_column_text(stmt, column);
    return (struct ss_str){p, p ? (size_t)sqlite3_column_bytes(stmt, column) : 0};
}

static struct ss_str get_blob(const struct ss_rows *rows, int column)
{
    sqlite3_stmt *stmt = ((const struct sqlite_rows *)rows)->stmt;
    const void *p = sqlite3_column_blob(stmt, column);
    if (!p && sqlite3_column_type(stmt, column) == SQLITE_BLOB)
        p = ""; /* an empty blob is no null */
    return (struct ss_str){p, p ? (size_t)sqlite3_column_bytes(stmt, column) : 0};
}

static int script(struct ss_db *base, const char *sql)
{
    int code = sqlite3_exec(of(base)->handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : fail(of(base), code);
}

static int insert(struct ss_db *base, const struct ss_bulk *bulk, const struct ss_arg *args, size_t n,
                  bool *fresh)
{
    struct sqlite_db *db = of(base);
    char sql[4096];
    int at = snprintf(sql, sizeof sql, "INSERT INTO %s AS t (", bulk->table);
    for (int i = 0; i < bulk->columns; i++)
        at += snprintf(sql + at, sizeof sql - (size_t)at, "%s%s", i ? ", " : "", bulk->column[i]);
    at += snprintf(sql + at, sizeof sql - (size_t)at, ") VALUES (");
    for (int i = 0; i < bulk->columns; i++)
        at += snprintf(sql + at, sizeof sql - (size_t)at, "%s$%d", i ? ", " : "", i + 1);
    at += snprintf(sql + at, sizeof sql - (size_t)at, ") ON CONFLICT (%s) DO %s%s", bulk->key,
                   bulk->update ? "UPDATE SET " : "NOTHING", bulk->update ? bulk->update : "");
    if (at >= (int)sizeof sql)
        return ss_fail(SS_EBUG, "too many columns");
    struct statement *cached;
    sqlite3_stmt *stmt;
    int err = prepare(db, sql, &cached, &stmt);
    if (err)
        return err;
    for (size_t row = 0; row < n && !err; row++) {
        const struct ss_arg *arg = args + row * (size_t)bulk->columns;
        int code = SQLITE_OK;
        for (int i = 0; i < bulk->columns && code == SQLITE_OK; i++)
            code = bind_one(stmt, i + 1, &arg[i]); /* in the order of the text, so by position */
        if (code == SQLITE_OK)
            code = sqlite3_step(stmt);
        if (code != SQLITE_DONE)
            err = fail(db, code);
        if (fresh)
            fresh[row] = sqlite3_changes64(db->handle) > 0;
        sqlite3_reset(stmt);
    }
    release(cached, stmt);
    return err;
}

/* ---- transactions ---- */

static int simple(struct ss_db *db, const char *sql)
{
    int64_t n = exec(db, sql, SS_NO_ARGS);
    return n < 0 ? (int)n : 0;
}

static int begin(struct ss_db *db, bool writing)
{
    return simple(db, writing ? "BEGIN IMMEDIATE" : "BEGIN");
}

static int commit(struct ss_db *db)
{
    return simple(db, "COMMIT");
}

static void rollback(struct ss_db *db)
{
    /* A full disk may have rolled back by itself. */
    if (!sqlite3_get_autocommit(of(db)->handle))
        (void)simple(db, "ROLLBACK");
}

static int check(struct ss_db *db)
{
    int64_t one;
    return ss_db_int(db, "SELECT 1", SS_NO_ARGS, 0, &one);
}

/* ---- open and close ---- */

static void close_db(struct ss_db *base)
{
    struct sqlite_db *db = of(base);
    for (unsigned i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(db->cache[i].stmt);
    sqlite3_close_v2(db->handle);
    free(base->name);
    free(db);
}

static int configure(struct sqlite_db *db, const struct ss_db_options *opt)
{
    char text[400];
    sqlite3_busy_timeout(db->handle, opt->busy_timeout_ms > 0 ? opt->busy_timeout_ms : 10000);
    sqlite3_extended_result_codes(db->handle, 1);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    snprintf(
        text, sizeof text,
        "%sPRAGMA synchronous=%s; PRAGMA foreign_keys=ON; PRAGMA cache_size=-65536; PRAGMA temp_store=MEMORY;"
        "PRAGMA mmap_size=268435456;%s",
        opt->read_only ? "" : "PRAGMA journal_mode=WAL;", opt->durability == SS_DURABLE ? "FULL" : "NORMAL",
        opt->read_only ? "PRAGMA query_only=ON;" : "");
    return script(&db->base, text);
}

static int open_db(const char *path, const struct ss_db_options *opt, struct ss_db **out)
{
    struct sqlite_db *db = calloc(1, sizeof *db);
    if (!db || !(db->base.name = strdup(path))) {
        free(db);
        return ss_fail(SS_ENOMEM, "out of memory");
    }
    db->base.ops = &ss_db_sqlite;
    int err = 0;
    if ((opt->must_exist || opt->read_only) && access(path, R_OK) != 0)
        err = ss_fail_errno(SS_ENOINPUT, "cannot open '%s'", path);
    if (!err) {
        /* What is in it is for its owner only: card holders' data, hashes of passwords. */
        mode_t mask = umask(077);
        int flags = SQLITE_OPEN_READWRITE | (opt->must_exist || opt->read_only ? 0 : SQLITE_OPEN_CREATE) |
                    SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
        int code = sqlite3_open_v2(path, &db->handle, flags, NULL);
        err = code != SQLITE_OK ? fail(db, code) : configure(db, opt);
        umask(mask);
    }
    if (err) {
        close_db(&db->base);
        return err;
    }
    *out = &db->base;
    return 0;
}

const struct ss_db_ops ss_db_sqlite = {
    .kind = SS_SQLITE,
    .open = open_db,
    .close = close_db,
    .exec = exec,
    .query = query,
    .next = next,
    .free_rows = free_rows,
    .is_null = is_null,
    .get_int = get_int,
    .get_real = get_real,
    .get_text = get_text,
    .get_blob = get_blob,
    .script = script,
    .insert = insert,
    .begin = begin,
    .commit = commit,
    .rollback = rollback,
    .check = check,
};
