/* SQLite. */
#include "base/buf.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "store/backend.h"
#include "store/bulk.h"
#include "store/sqlite.h"
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* Prepared statements, found by their text. Texts are constants of this program: some hundreds. */
#define STATEMENTS 1024
#define SQL_BYTES  ((size_t)1 << 20)

struct statement {
    sqlite3_stmt *stmt;
    uint64_t hash;
    bool busy;    /* its rows are being read */
    bool ordered; /* its parameters appear as $1, $2, $3, ... */
};

#define BULKS 32

/* The parts of a bulk, which are constants, and the statement made of them. */
struct known_bulk {
    const char *table, *key, *update;
    const char *const *column;
    int columns, kind;
    struct statement *cached;
};

struct sqlite_db {
    struct ss_sqlite s;
    struct known_bulk bulk[BULKS];
    struct statement cache[STATEMENTS];
    unsigned cached;
    struct ss_buf sql;
};

struct sqlite_rows {
    struct ss_rows base;
    sqlite3_stmt *stmt;
    struct statement *cached; /* NULL: `stmt` is finalised after use */
    bool ended;
};

static struct sqlite_db *of(struct ss_db *db)
{
    return (struct sqlite_db *)db;
}

static int fail(struct sqlite_db *db, int code)
{
    return ss_sqlite_fail(&db->s, code);
}

/* ---- statements ---- */

/* SQLite takes `$2` for a name and numbers parameters as they appear. */
static size_t number_of(sqlite3_stmt *stmt, int at)
{
    const char *name = sqlite3_bind_parameter_name(stmt, at);
    size_t number = 0;
    for (const char *c = name && *name == '$' ? name + 1 : ""; *c >= '0' && *c <= '9'; c++)
        number = number * 10 + (size_t)(*c - '0');
    return number;
}

static bool is_ordered(sqlite3_stmt *stmt)
{
    int count = sqlite3_bind_parameter_count(stmt);
    for (int at = 1; at <= count; at++)
        if (number_of(stmt, at) != (size_t)at)
            return false;
    return true;
}

/* One statement: what is behind the first would be passed over in silence. */
static int compile(struct sqlite_db *db, const char *sql, unsigned flags, sqlite3_stmt **stmt)
{
    const char *rest = sql;
    int code = sqlite3_prepare_v3(db->s.handle, sql, -1, flags, stmt, &rest);
    if (code != SQLITE_OK)
        return fail(db, code);
    if (*stmt && !rest[strspn(rest, "; \n\t")])
        return 0;
    sqlite3_finalize(*stmt);
    *stmt = NULL;
    return ss_fail(SS_EBUG, "not one statement: %.80s", sql);
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

/* A transaction that began in order to read would have to wait for the write lock now, with an older view of
 * the data: SQLite may refuse that at once, and PostgreSQL does always. So it is with rows that are being
 * read. */
static int may_write(struct sqlite_db *db, sqlite3_stmt *stmt)
{
    if (db->s.base.writing || sqlite3_stmt_readonly(stmt))
        return 0;
    if (db->s.base.in_transaction)
        return ss_fail(SS_ECREATE, "a write in a transaction that reads '%s'", db->s.base.name);
    return db->s.base.reading ? ss_fail(SS_EBUG, "a write while rows are being read, without a transaction")
                              : 0;
}

static int prepare(struct sqlite_db *db, const char *sql, struct statement **cached, sqlite3_stmt **stmt)
{
    uint64_t hash = ss_hash64(sql, strlen(sql));
    int err;
    *cached = NULL;
    *stmt = NULL;
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
            err = compile(db, sql, SQLITE_PREPARE_PERSISTENT, &s->stmt);
            if (err)
                return err;
            s->hash = hash;
            s->ordered = is_ordered(s->stmt);
            db->cached++;
        }
        s->busy = true;
        *cached = s;
        *stmt = s->stmt;
        break;
    }
    err = *stmt ? 0 : compile(db, sql, 0, stmt);
    if (!err && (err = may_write(db, *stmt)))
        release(*cached, *stmt);
    return err;
}

static int bind_one(struct sqlite_db *db, sqlite3_stmt *stmt, int at, const struct ss_arg *arg)
{
    int code = SQLITE_MISUSE;
    switch (arg->type) {
    case SS_ARG_INT: code = sqlite3_bind_int64(stmt, at, arg->i); break;
    case SS_ARG_REAL: code = sqlite3_bind_double(stmt, at, arg->r); break;
    case SS_ARG_TEXT:
        if (memchr(arg->s.p, '\0', arg->s.n)) /* SQLite would take it, and show the part before */
            return ss_fail(SS_EDATA, "a text holds a NUL");
        code = sqlite3_bind_text64(stmt, at, arg->s.p, arg->s.n, SQLITE_STATIC, SQLITE_UTF8);
        break;
    case SS_ARG_BLOB: code = sqlite3_bind_blob64(stmt, at, arg->s.p, arg->s.n, SQLITE_STATIC); break;
    case SS_ARG_NULL: code = sqlite3_bind_null(stmt, at); break;
    }
    return code == SQLITE_OK ? 0 : fail(db, code);
}

static int bind(struct sqlite_db *db, const struct statement *cached, sqlite3_stmt *stmt,
                const struct ss_arg *args, size_t n)
{
    int err = 0, count = sqlite3_bind_parameter_count(stmt);
    for (int at = 1; at <= count && !err; at++) {
        size_t number = cached && cached->ordered ? (size_t)at : number_of(stmt, at);
        if (number < 1 || number > n)
            return ss_fail(SS_EBUG, "parameter '%s' of %zu in: %s", sqlite3_bind_parameter_name(stmt, at), n,
                           sqlite3_sql(stmt));
        err = bind_one(db, stmt, at, &args[number - 1]);
    }
    return err;
}

static int query(struct ss_db *base, const char *sql, const struct ss_arg *args, size_t n,
                 struct ss_rows **rows)
{
    struct sqlite_db *db = of(base);
    struct sqlite_rows *r = malloc(sizeof *r);
    if (!r)
        return ss_fail(SS_ENOMEM, "out of memory");
    r->base.db = base;
    r->ended = false;
    int err = prepare(db, sql, &r->cached, &r->stmt);
    if (err) {
        free(r);
        return err;
    }
    err = bind(db, r->cached, r->stmt, args, n);
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
    struct sqlite_rows *r = (struct sqlite_rows *)rows;
    if (r->ended) /* another step would run the statement again */
        return 0;
    int code = sqlite3_step(r->stmt);
    r->ended = code != SQLITE_ROW;
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
    int64_t changed = 0;
    int err = prepare(db, sql, &cached, &stmt);
    if (err)
        return err;
    err = bind(db, cached, stmt, args, n);
    if (!err) {
        int code;
        int64_t before = sqlite3_total_changes64(db->s.handle);
        while ((code = sqlite3_step(stmt)) == SQLITE_ROW)
            ;
        if (code != SQLITE_DONE)
            err = fail(db, code);
        else if (sqlite3_total_changes64(db->s.handle) != before)
            changed = sqlite3_changes64(db->s.handle); /* without those that triggers made */
    }
    release(cached, stmt);
    return err ? err : changed;
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
    int code = sqlite3_exec(of(base)->s.handle, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : fail(of(base), code);
}

/* ---- bulk ---- */

/* A statement that is run for many rows: which of a row's columns each of its parameters is. */
struct per_row {
    struct statement *cached;
    sqlite3_stmt *stmt;
    int parameters;
    unsigned char column[SS_BULK_COLUMNS];
};

/* One that was prepared before, for a bulk of the same constants: putting its text together took longer than
 * finding a row. */
static struct known_bulk *find_known(struct sqlite_db *db, const struct ss_bulk *bulk, enum ss_bulk_text kind)
{
    for (int i = 0; i < BULKS; i++) {
        struct known_bulk *k = &db->bulk[i];
        if (!k->table || (k->table == bulk->table && k->key == bulk->key && k->update == bulk->update &&
                          k->column == bulk->column && k->columns == bulk->columns && k->kind == (int)kind))
            return k;
    }
    return NULL;
}

static int prepare_per_row(struct sqlite_db *db, const struct ss_bulk *bulk, enum ss_bulk_text kind,
                           struct per_row *p)
{
    struct known_bulk *known = find_known(db, bulk, kind);
    *p = (struct per_row){.stmt = NULL};
    int err = 0;
    if (known && known->table && !known->cached->busy) {
        p->cached = known->cached;
        p->stmt = known->cached->stmt;
        err = may_write(db, p->stmt);
        p->cached->busy = !err;
    } else {
        err = ss_bulk_sql(bulk, kind, false, &db->sql);
        err = err ? err : prepare(db, ss_buf_cstr(&db->sql), &p->cached, &p->stmt);
        if (!err && known && !known->table && p->cached)
            *known = (struct known_bulk){bulk->table,   bulk->key, bulk->update, bulk->column,
                                         bulk->columns, (int)kind, p->cached};
    }
    if (err) {
        p->stmt = NULL;
        return err;
    }
    p->parameters = sqlite3_bind_parameter_count(p->stmt);
    for (int at = 0; at < p->parameters && at < SS_BULK_COLUMNS; at++)
        p->column[at] =
            (unsigned char)(p->cached && p->cached->ordered ? at : (int)number_of(p->stmt, at + 1) - 1);
    return 0;
}

/* How many rows it changed. */
static int64_t run_row(struct sqlite_db *db, const struct per_row *p, const struct ss_arg *row)
{
    int err = 0;
    for (int at = 0; at < p->parameters && !err; at++)
        err = bind_one(db, p->stmt, at + 1, &row[p->column[at]]);
    if (!err && sqlite3_step(p->stmt) != SQLITE_DONE)
        err = fail(db, sqlite3_errcode(db->s.handle));
    int64_t changed = err ? err : sqlite3_changes64(db->s.handle);
    sqlite3_reset(p->stmt);
    return changed;
}

/*
 * An update is tried first, by a statement of its own: where most rows are there (not mostly_new), that takes
 * half the time of ON CONFLICT ... DO UPDATE (1.9 us for 3.8 us, SQLite 3.40).
 */
static int insert(struct ss_db *base, const struct ss_bulk *bulk, const struct ss_arg *args, size_t n,
                  bool *fresh)
{
    struct sqlite_db *db = of(base);
    struct per_row insertion = {.stmt = NULL}, update = {.stmt = NULL};
    int err = ss_bulk_check(bulk, args, n);
    if (!err && bulk->columns > SS_BULK_COLUMNS)
        err = ss_fail(SS_EBUG, "too many columns");
    err = err ? err : prepare_per_row(db, bulk, SS_BULK_VALUES, &insertion);
    if (!err && bulk->update && !bulk->mostly_new)
        err = prepare_per_row(db, bulk, SS_BULK_UPDATE, &update);
    for (size_t row = 0; row < n && !err; row++, args += bulk->columns) {
        int64_t changed = update.stmt ? run_row(db, &update, args) : 0;
        if (changed == 0)
            changed = run_row(db, &insertion, args);
        err = changed < 0 ? (int)changed : 0;
        if (fresh)
            fresh[row] = changed > 0;
    }
    if (insertion.stmt)
        release(insertion.cached, insertion.stmt);
    if (update.stmt)
        release(update.cached, update.stmt);
    return err;
}

/* ---- open and close ---- */

static void close_db(struct ss_db *base)
{
    struct sqlite_db *db = of(base);
    for (unsigned i = 0; i < STATEMENTS; i++)
        sqlite3_finalize(db->cache[i].stmt);
    sqlite3_close_v2(db->s.handle);
    ss_buf_free(&db->sql);
    free(base->name);
    free(db);
}

/* SQLite does not wait for a file that another process is just switching to a log, nor says in its result
 * code that a file system cannot have one. */
static int use_log(struct sqlite_db *db)
{
    int64_t until = ss_clock_mono_ns() + (int64_t)db->s.wait_ms * 1000000;
    for (;;) {
        struct ss_rows *rows;
        int err = query(&db->s.base, "PRAGMA journal_mode=WAL", SS_NO_ARGS, &rows);
        if (err)
            return err;
        err = next(rows);
        struct ss_str mode = err == 1 ? get_text(rows, 0) : (struct ss_str){NULL, 0};
        bool good = ss_str_is(mode, "wal") || ss_str_is(mode, "memory");
        free_rows(rows);
        if (good)
            return 0;
        if (err != SS_EAWAY)
            return err < 0 ? err
                           : ss_fail(SS_ECONFIG, "'%s' is on a file system that cannot hold SQLite's log",
                                     db->s.base.name);
        if (ss_clock_mono_ns() > until)
            return err;
        usleep(10000);
    }
}

/* No mmap: a bad sector would be a signal. Sorting uses files where it must: memory has a ceiling. A page
 * cache of 16 MiB: a commit that has split an index page walks all of it (SQLite 3.40), which at 64 MiB was a
 * fifth of a commit of 32 payments. */
static int configure(struct sqlite_db *db, const struct ss_db_options *opt)
{
    char text[300];
    db->s.wait_ms = opt->busy_timeout_ms > 0 ? opt->busy_timeout_ms : 10000;
    db->s.durable = opt->durability == SS_DURABLE;
    db->s.log_pages_max = opt->own_checkpoints ? SS_LOG_PAGES_MAX : SS_LOG_PAGES;
    ss_sqlite_hook(&db->s);
    sqlite3_extended_result_codes(db->s.handle, 1);
    sqlite3_db_config(db->s.handle, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->s.handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    int err = opt->read_only ? 0 : use_log(db);
    if (err)
        return err;
    snprintf(text, sizeof text,
             "PRAGMA synchronous=%s; PRAGMA foreign_keys=ON; PRAGMA cache_size=-16384;"
             "PRAGMA journal_size_limit=%d;%s",
             opt->durability == SS_DURABLE ? "FULL" : "NORMAL",
             (opt->own_checkpoints ? SS_LOG_PAGES_KEPT : SS_LOG_PAGES) * 4096,
             opt->read_only ? "PRAGMA query_only=ON;" : "");
    return script(&db->s.base, text);
}

static int open_db(const char *path, const struct ss_db_options *opt, struct ss_db **out)
{
    int err = ss_sqlite_create(path, opt);
    if (err)
        return err;
    struct sqlite_db *db = calloc(1, sizeof *db);
    if (!db || !(db->s.base.name = strdup(path))) {
        free(db);
        return ss_fail(SS_ENOMEM, "out of memory");
    }
    db->s.base.ops = &ss_db_sqlite;
    ss_buf_init(&db->sql, SQL_BYTES);
    int code = ss_sqlite_open(path, opt, &db->s.handle);
    err = code != SQLITE_OK ? fail(db, code) : configure(db, opt);
    if (err) {
        close_db(&db->s.base);
        return err;
    }
    *out = &db->s.base;
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
    .begin = ss_sqlite_begin,
    .commit = ss_sqlite_commit,
    .commit_soon = ss_sqlite_commit_soon,
    .flush = ss_sqlite_flush,
    .flush_again = ss_sqlite_flush_again,
    .rollback = ss_sqlite_rollback,
    .check = ss_sqlite_check,
    .checkpoint = ss_sqlite_checkpoint,
    .empty_log = ss_sqlite_empty_log,
    .wants_checkpoint = ss_sqlite_wants_checkpoint,
};
