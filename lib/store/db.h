/*
 * A database, as narrowly as this project needs one: SQL text with numbered parameters in, rows of integers,
 * reals, texts and blobs out. Two backends speak it, SQLite (sqlite.c) and PostgreSQL (postgres*.c);
 * everything above is written once.
 *
 * One dialect, SQLite 3.40's and PostgreSQL 13's: parameters are `$1`, `$2`, ...; `INSERT ... ON CONFLICT`,
 * `RETURNING`, common table expressions, window functions and `FILTER (WHERE ...)` are there in both. Times
 * are integers, microseconds since 1970; amounts integers of 1/10000 units; JSON is text. Where the two
 * differ:
 *   - sums of integers are cast, CAST(sum(x) AS BIGINT), and so are parameters and results of no column whose
 *     type matters: substr(x, CAST($1 AS INTEGER));
 *   - a value has its column's type: no text is compared with an integer, and 1 is no condition;
 *   - CASE for the greater of two values (max and greatest), COALESCE, IN, ||, EXISTS; no date functions, no
 *     round, no JSON functions;
 *   - LIKE is used on lower(...) only, with ESCAPE said: the two differ in letter cases and escapes. lower()
 *     knows ASCII only, in columns of migrations. Those sort by bytes;
 *   - words that begin a write are in capitals: INSERT, UPDATE, DELETE;
 *   - a key of an index holds at most 2,600 bytes in PostgreSQL: SS_EDATA beyond.
 *
 * Statements are prepared once per text and connection: keep texts constant, and let no value of a user's get
 * into one. One connection belongs to one thread at a time.
 *
 * Errors: SS_EAWAY the database is locked or cannot be reached (trying again may help), SS_EDATA a constraint
 * was violated or a value is none that can be kept, SS_EIO the disk is full or damaged, SS_ECONFIG the file
 * or URI is no such database, SS_ECREATE it may not be written, SS_EBUG the SQL is wrong, SS_ENOMEM. An error
 * inside a transaction (or a part, ss_db_mark) spoils it: every statement is refused with that error until it
 * is undone.
 */
#ifndef SS_STORE_DB_H
#define SS_STORE_DB_H

#include "base/attr.h"
#include "base/str.h"
#include <stdint.h>

enum ss_db_kind { SS_SQLITE, SS_POSTGRES };

enum ss_durability {
    SS_DURABLE, /* a commit that returned survives a power cut */
    SS_RELAXED, /* a power cut may take the last commits, never tear one; a crash of the process takes none */
};

struct ss_db_options {
    enum ss_durability durability;
    bool read_only;
    bool must_exist;      /* SS_ENOINPUT instead of a new file */
    bool own_checkpoints; /* the caller sees to ss_db_checkpoint when ss_db_wants_checkpoint */
    int busy_timeout_ms;  /* how long to wait for another writer (or a server that went); 0: 10 s */
};

struct ss_db;
struct ss_rows;

/*
 * `uri` is a path (or sqlite:PATH) or postgresql://[user@]host[:port]/database[?options]. A password is taken
 * from libpq's own places (PGPASSFILE, PGPASSWORD, a service), and one inside the URI is refused: command
 * lines are seen by everyone. `options` may be NULL. Does not look at the schema: migrate.h.
 */
int ss_db_open(const char *uri, const struct ss_db_options *options, struct ss_db **db) SS_MUST_CHECK;
void ss_db_close(struct ss_db *db); /* accepts NULL; an open transaction is rolled back */
enum ss_db_kind ss_db_kind(const struct ss_db *db);
const char *ss_db_name(const struct ss_db *db); /* for messages: without secrets */

/* ---- values ---- */

enum ss_arg_type { SS_ARG_NULL, SS_ARG_INT, SS_ARG_REAL, SS_ARG_TEXT, SS_ARG_BLOB };

struct ss_arg {
    enum ss_arg_type type;
    int64_t i;
    double r;
    struct ss_str s;
};

static inline struct ss_arg ss_arg_null(void)
{
    return (struct ss_arg){SS_ARG_NULL, 0, 0, {NULL, 0}};
}
static inline struct ss_arg ss_arg_int(int64_t i)
{
    return (struct ss_arg){SS_ARG_INT, i, 0, {NULL, 0}};
}
static inline struct ss_arg ss_arg_real(double r)
{
    return (struct ss_arg){SS_ARG_REAL, 0, r, {NULL, 0}};
}
/* p == NULL is null. Texts are valid UTF-8 without NUL: the callers' parsers have seen to that. */
static inline struct ss_arg ss_arg_text(struct ss_str s)
{
    return (struct ss_arg){s.p ? SS_ARG_TEXT : SS_ARG_NULL, 0, 0, s};
}
static inline struct ss_arg ss_arg_cstr(const char *s)
{
    return ss_arg_text(s ? ss_str_of(s) : (struct ss_str){NULL, 0});
}
static inline struct ss_arg ss_arg_blob(struct ss_str s)
{
    return (struct ss_arg){s.p ? SS_ARG_BLOB : SS_ARG_NULL, 0, 0, s};
}

/* Two arguments in one: SS_ARGS(ss_arg_int(3), ss_arg_text(name)). SS_NO_ARGS for none. */
#define SS_ARGS(...) \
    (const struct ss_arg[]){__VA_ARGS__}, sizeof((const struct ss_arg[]){__VA_ARGS__}) / sizeof(struct ss_arg)
#define SS_NO_ARGS NULL, 0

/* ---- statements ---- */

/* Runs a statement that gives no rows (those it gives are dropped). Returns how many rows it changed. Outside
 * of a transaction a write is one of its own; it is refused while rows are being read. */
int64_t ss_db_exec(struct ss_db *db, const char *sql, const struct ss_arg *args, size_t n) SS_MUST_CHECK;

/*
 * Starts a statement that gives rows. Texts and blobs among the arguments must live until ss_rows_free. Other
 * statements may run meanwhile; what is left of the rows is then set aside in memory (PostgreSQL), up to 256
 * MiB, SS_ENOMEM beyond. No transaction begins before the rows are freed.
 */
int ss_db_query(struct ss_db *db, const char *sql, const struct ss_arg *args, size_t n,
                struct ss_rows **rows) SS_MUST_CHECK;
/* 1: there is a row, 0: no more, or an error. */
int ss_rows_next(struct ss_rows *rows) SS_MUST_CHECK;
void ss_rows_free(struct ss_rows *rows); /* accepts NULL */

/* Of the present row; columns count from 0. A null is 0, NaN, and a text with p == NULL. Numbers can be had
 * as the other kind and as text; a truth is 0 or 1. Texts live until the next ss_rows_next or ss_rows_free.
 */
bool ss_rows_null(const struct ss_rows *rows, int column);
int64_t ss_rows_int(const struct ss_rows *rows, int column);
double ss_rows_real(const struct ss_rows *rows, int column);
struct ss_str ss_rows_text(const struct ss_rows *rows, int column);
struct ss_str ss_rows_blob(const struct ss_rows *rows, int column);

/* The first column of the first row; `absent` when there is no row or it is null. */
int ss_db_int(struct ss_db *db, const char *sql, const struct ss_arg *args, size_t n, int64_t absent,
              int64_t *value) SS_MUST_CHECK;

/* Several statements in one text, without arguments: migrations. */
int ss_db_script(struct ss_db *db, const char *sql) SS_MUST_CHECK;

/* ---- bulk ---- */

#define SS_BULK_COLUMNS 32

struct ss_bulk {
    const char *table, *key;   /* a row whose key (one column or several, "a, b") is there is left out, or */
    const char *update;        /* changed: "n = t.n + excluded.n", t being the table; NULL: left out */
    const char *const *column; /* names, `columns` of them */
    const enum ss_arg_type *type;
    int columns, key_column; /* which of the columns is the key, where it is one */
    bool mostly_new;         /* of rows that may be changed: most are not there yet */
};

/*
 * Inserts n rows of `columns` arguments each, in this order, inside the caller's writing transaction:
 * prepared inserts in SQLite, COPY (or arrays, where keys are there already) in PostgreSQL. An integer may
 * stand for a real. fresh[i] says whether row i went in (of several with one key, the first). With `update`
 * no two rows of a call may have the same key, and `fresh` is NULL. Which row an error is about is not known:
 * inserting them one by one, each in a part of its own, finds it.
 */
int ss_db_insert(struct ss_db *db, const struct ss_bulk *bulk, const struct ss_arg *args, size_t n,
                 bool *fresh) SS_MUST_CHECK;

/* ---- transactions ---- */

/* A writing transaction takes the write lock at once, so that it cannot fail for that later. One that reads
 * sees one moment of the database, and refuses to write (SS_ECREATE). */
int ss_db_begin(struct ss_db *db, bool writing) SS_MUST_CHECK;
/* After an error nothing of the transaction is there. (Where the connection was lost in the middle, the
 * server is asked what became of it; only where it does not come back in time is that not known, and the
 * message says so.) */
int ss_db_commit(struct ss_db *db) SS_MUST_CHECK;
/*
 * A commit in two steps, for a thread that goes on while what it wrote travels to the disk (SQLite's is a
 * wait in the caller otherwise; PostgreSQL does this itself). 1: others see it at once, and an ss_db_flush
 * that begins later makes it durable, with all before it; who acts on it, or on anything that was read since,
 * waits for that. 0: it is durable already, or was not to be. An error is that of ss_db_commit.
 */
int ss_db_commit_soon(struct ss_db *db) SS_MUST_CHECK;
/* By one other thread, beside whatever the connection's own does. After an error nothing that was committed
 * since the last success is known to be on the disk, though it is seen, and every commit fails with SS_EIO
 * until ss_db_flush_again, in the connection's own thread with no flush under way, has written all of it
 * anew. */
int ss_db_flush(struct ss_db *db) SS_MUST_CHECK;
int ss_db_flush_again(struct ss_db *db) SS_MUST_CHECK;
void ss_db_rollback(struct ss_db *db); /* without one: does nothing */
/* One part of a transaction that may be undone by itself; not nested. */
int ss_db_mark(struct ss_db *db) SS_MUST_CHECK;
int ss_db_keep(struct ss_db *db) SS_MUST_CHECK;
int ss_db_undo(struct ss_db *db) SS_MUST_CHECK;

/* Is the connection usable? Reconnects where it was lost and no transaction is open. */
int ss_db_check(struct ss_db *db) SS_MUST_CHECK;
/* How often it did: what belonged to the lost session is gone. */
unsigned ss_db_redials(const struct ss_db *db);

/*
 * Moves what commits have written aside (SQLite's log) into its place. A commit does that itself whenever the
 * log has 64 MB, which then takes long; with own_checkpoints not before it has 256, and some background
 * thread with a connection of its own does it when the writing one wants it: commits are held up for its last
 * few pages only. Such a thread may be of SCHED_IDLE, but is to hurry once the need is urgent. While a reader
 * keeps to an old view of the data, the log grows; later its file is cut back. PostgreSQL sees to all that
 * itself, and never wants it.
 */
enum ss_checkpoint { SS_CHECKPOINT_NONE, SS_CHECKPOINT_WANTED, SS_CHECKPOINT_URGENT };

int ss_db_checkpoint(struct ss_db *db) SS_MUST_CHECK;
/* By the writing connection, after a commit; said once, and again when the log is much longer. */
enum ss_checkpoint ss_db_wants_checkpoint(struct ss_db *db);
/* For the end: moves all, with the writers held up, and leaves nothing aside unless somebody is reading. */
int ss_db_empty_log(struct ss_db *db) SS_MUST_CHECK;

#endif
