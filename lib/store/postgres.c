/*
 * The only file that knows PostgreSQL (libpq).
 *
 * Statements are prepared once per text, values go and come in binary. Rows are read from the wire as they
 * are asked for; when another statement wants the connection first, the rest is taken into memory, up to a
 * ceiling.
 *
 * Every write happens under one lock of the database (LOCK), taken at the start: what SQLite does by itself.
 * Under it READ COMMITTED is serial, since nobody else writes; a transaction that only reads is REPEATABLE
 * READ: one moment, as in SQLite. Whoever writes with other programs is held off by PostgreSQL's own row
 * locks only.
 */
#include "base/clock.h"
#include "base/hash.h"
#include "base/log.h"
#include "store/backend.h"
#include "store/bulk.h"
#include "store/wire.h"
#include <libpq-fe.h>
#include <limits.h>
#include <stdio.h>
#include <unistd.h>

/* Prepared statements, found by their text. Texts are constants of this program: some hundreds. */
#define STATEMENTS 1024
#define PARAMS     1024
/* What rows may hold in memory that were set aside for another statement. */
#define ASIDE_BYTES ((size_t)256 << 20)
/* Bulk inserts go in slices, so that neither side holds more than about this. */
#define SLICE_BYTES  ((size_t)8 << 20)
#define SLICE_ROWS   8192
#define BULK_BYTES   ((size_t)1 << 30) /* PostgreSQL takes no longer message */
#define BULK_COLUMNS 64
#define SQL_BYTES    ((size_t)1 << 20)
#define COPY_ROWS    8 /* fewer are quicker as arrays */
/* A value in the binary form of the type that the statement's text gives it. */
#define ARG_RAW    ((enum ss_arg_type)(SS_ARG_BLOB + 1))
#define COPY_BYTES ((size_t)256 << 10)
#define LOCK       "6013456870252835182" /* "SStream." as a number: any would do that nobody else uses */
#define REDIAL_NS  1000000000            /* between attempts that nobody asked for */

struct statement {
    char *sql; /* NULL: a free slot */
    uint64_t hash;
    Oid *type; /* of the parameters */
    int params;
    unsigned epoch; /* the connection that knows it */
    char name[16];
};

struct postgres_db {
    struct ss_db base;
    PGconn *conn;
    struct ss_db_options options;
    struct statement cache[STATEMENTS], loose;
    unsigned cached, named, epoch;
    struct postgres_rows *stream; /* whose rows are still on the wire */
    char xid[24];                 /* of the writing transaction */
    int64_t dialled_ns;
    bool clashes; /* the last bulk insert met keys that were there */
    struct ss_buf bulk, sql;
    const char *value[PARAMS];
    int length[PARAMS], format[PARAMS];
    char number[PARAMS][8];
    Oid type[PARAMS];
};

struct postgres_rows {
    struct ss_rows base;
    PGresult *row;    /* the present one, or what was there before the first */
    PGresult *first;  /* read already, with the answer to the question whether the statement ran */
    PGresult **aside; /* set aside */
    size_t asides, given, bytes;
    int lost; /* why the rest of them was dropped, an ss_err */
    bool ended;
    int scratches;
    char scratch[][SS_NUMBER_MAX];
};

static struct postgres_db *of(struct ss_db *db)
{
    return (struct postgres_db *)db;
}

/* ---- errors ---- */

/* libpq's messages have several lines and end in one. */
static int first_line(const char *text)
{
    size_t n = strcspn(text, "\n");
    return n > 300 ? 300 : (int)n;
}

static int fail_away(struct postgres_db *db)
{
    const char *text = PQerrorMessage(db->conn);
    return ss_fail(SS_EAWAY, "lost the connection to '%s': %.*s", db->base.name, first_line(text), text);
}

/* Frees the result. The message is the server's first line: its details show values of rows. */
static int fail(struct postgres_db *db, PGresult *res)
{
    const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    const char *text = state ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (!state || !text || PQstatus(db->conn) == CONNECTION_BAD) {
        PQclear(res);
        return fail_away(db);
    }
    enum ss_err err = ss_wire_error(state);
    if (strcmp(state, "55P03") == 0 || strncmp(state, "40", 2) == 0)
        ss_fail(err, "'%s' is locked by another writer", db->base.name);
    else if (err == SS_EIO || err == SS_EAWAY || err == SS_ECREATE)
        ss_fail(err, "cannot use '%s': %.*s", db->base.name, first_line(text), text);
    else
        ss_fail(err, "%.*s", first_line(text), text);
    PQclear(res);
    return err;
}

static bool has_state(const PGresult *res, const char *state)
{
    const char *own = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    return own && strcmp(own, state) == 0;
}

static bool failed(const PGresult *res)
{
    ExecStatusType status = PQresultStatus(res); /* of NULL: an error too */
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_SINGLE_TUPLE &&
           status != PGRES_COPY_IN && status != PGRES_EMPTY_QUERY;
}

/* Commands of our own, without values. */
static int run(struct postgres_db *db, const char *sql)
{
    PGresult *res = PQexec(db->conn, sql);
    if (failed(res))
        return fail(db, res);
    PQclear(res);
    return 0;
}

/* ---- the connection ---- */

static void quiet(void *arg, const char *message)
{
    (void)arg;
    (void)message; /* notices would go to standard error */
}

/* What every connection is told. A server whose commits are less than durable by default is told otherwise.
 */
static int configure(struct postgres_db *db)
{
    const char *encoding = PQparameterStatus(db->conn, "server_encoding");
    if (PQserverVersion(db->conn) < 130000)
        return ss_fail(SS_ECONFIG, "'%s' is PostgreSQL %d, older than 13", db->base.name,
                       PQserverVersion(db->conn) / 10000);
    if (!encoding || strcmp(encoding, "UTF8") != 0)
        return ss_fail(SS_ECONFIG, "'%s' has encoding %s, not UTF8", db->base.name,
                       encoding ? encoding : "?");
    PQsetNoticeProcessor(db->conn, quiet, NULL);
    char sql[600];
    snprintf(sql, sizeof sql,
             "SET lock_timeout = %d; SET default_transaction_read_only = %s; SET jit = off;"
             "SET client_min_messages = warning; SET standard_conforming_strings = on;"
             "SELECT set_config('synchronous_commit', CASE WHEN %s THEN 'off' "
             "WHEN current_setting('synchronous_commit') = 'off' THEN 'on' "
             "ELSE current_setting('synchronous_commit') END, false)",
             db->options.busy_timeout_ms, db->options.read_only ? "on" : "off",
             db->options.durability == SS_RELAXED ? "true" : "false");
    return run(db, sql);
}

/* Rows that a lost connection still owed are an error to whoever asks for them. */
static void orphan(struct postgres_db *db)
{
    if (db->stream) {
        db->stream->lost = SS_EAWAY;
        db->stream = NULL;
    }
}

static int redial(struct postgres_db *db)
{
    orphan(db);
    db->dialled_ns = ss_clock_mono_ns();
    db->epoch++;
    PQreset(db->conn);
    if (PQstatus(db->conn) != CONNECTION_OK) {
        const char *text = PQerrorMessage(db->conn);
        return ss_fail(SS_EAWAY, "cannot reach '%s': %.*s", db->base.name, first_line(text), text);
    }
    return configure(db);
}

/* Takes what is still on the wire into memory, so that the next statement may use the connection. */
static void settle(struct postgres_db *db)
{
    struct postgres_rows *rows = db->stream;
    db->stream = NULL;
    for (PGresult *res; rows && (res = PQgetResult(db->conn));) {
        rows->bytes += PQresultMemorySize(res);
        PGresult **more = NULL;
        if (!rows->lost && rows->bytes <= ASIDE_BYTES)
            more = (rows->asides & (rows->asides - 1)) == 0 /* grows at powers of two */
                       ? realloc(rows->aside, (rows->asides ? 2 * rows->asides : 1) * sizeof *more)
                       : rows->aside;
        if (more) {
            rows->aside = more;
            more[rows->asides++] = res;
        } else {
            rows->lost = SS_ENOMEM;
            PQclear(res);
        }
    }
}

/* The connection is there and free; one known to be lost is made again, where no transaction is lost with it.
 */
static int ready(struct postgres_db *db)
{
    settle(db);
    if (SS_LIKELY(PQstatus(db->conn) == CONNECTION_OK))
        return 0;
    if (db->base.in_transaction || ss_clock_mono_ns() - db->dialled_ns < REDIAL_NS)
        return fail_away(db);
    return redial(db);
}

/* ---- statements ---- */

static bool fits(const struct statement *s, const struct ss_arg *args, size_t n)
{
    for (size_t i = 0; i < n && i < (size_t)s->params; i++)
        if (args[i].type != SS_ARG_NULL && args[i].type != ARG_RAW &&
            s->type[i] != ss_wire_type(args[i].type))
            return false;
    return true;
}

/* "could not determine data type of parameter $3", in whatever language: of a null of which nothing says the
 * type before it is used. The number, or 0. */
static size_t unclear(const PGresult *res, size_t n, const Oid *type)
{
    bool is = has_state(res, "42P18") || has_state(res, "42P08");
    const char *text = is ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *dollar = text ? strchr(text, '$') : NULL;
    size_t number = 0;
    for (const char *c = dollar ? dollar + 1 : ""; *c >= '0' && *c <= '9' && number <= n; c++)
        number = number * 10 + (size_t)(*c - '0');
    return number >= 1 && number <= n && type[number - 1] == SS_WIRE_NONE ? number : 0;
}

/* The same text with NULL for the parameter. */
static int with_null(struct ss_buf *text, size_t number)
{
    struct ss_buf with;
    char word[24];
    int n = snprintf(word, sizeof word, "$%zu", number);
    bool quoted = false;
    ss_buf_init(&with, SQL_BYTES);
    for (const char *c = ss_buf_cstr(text); *c; c++) {
        quoted ^= *c == '\'';
        if (!quoted && strncmp(c, word, (size_t)n) == 0 && (c[n] < '0' || c[n] > '9')) {
            ss_buf_puts(&with, "NULL");
            c += n - 1;
        } else {
            ss_buf_putc(&with, *c);
        }
    }
    ss_buf_free(text);
    *text = with;
    return ss_buf_check(text);
}

/*
 * Prepares with the types of these arguments. Nulls are left to the server to give a type to; one of which it
 * finds none becomes a NULL of the text, and the statement fits only where it is null (type[i] ==
 * SS_WIRE_NONE). In a transaction, trying costs a savepoint, once a statement.
 */
static int prepare_as(struct postgres_db *db, struct statement *s, struct ss_buf *text, size_t n, bool guard)
{
    int err = guard ? run(db, "SAVEPOINT ss_prepare") : 0;
    for (size_t which; !err;) {
        PGresult *res = PQprepare(db->conn, s->name, ss_buf_cstr(text), (int)n, db->type);
        if (!failed(res)) {
            PQclear(res);
            break;
        }
        if (!(which = unclear(res, n, db->type)))
            return fail(db, res);
        PQclear(res);
        db->type[which - 1] = SS_WIRE_TEXT;
        err = with_null(text, which);
        if (!err && guard)
            err = run(db, "ROLLBACK TO SAVEPOINT ss_prepare");
    }
    if (!err && guard)
        err = run(db, "RELEASE SAVEPOINT ss_prepare");
    return err;
}

static int prepare(struct postgres_db *db, struct statement *s, const char *sql, const struct ss_arg *args,
                   size_t n)
{
    struct ss_buf text;
    bool nulls = false;
    for (size_t i = 0; i < n; i++) {
        db->type[i] = ss_wire_type(args[i].type);
        nulls |= args[i].type == SS_ARG_NULL;
    }
    ss_buf_init(&text, SQL_BYTES);
    ss_buf_puts(&text, sql);
    int err = ss_buf_check(&text);
    if (!err)
        err = prepare_as(db, s, &text, n, nulls && db->base.in_transaction);
    ss_buf_free(&text);
    if (err)
        return err;
    PGresult *res = PQdescribePrepared(db->conn, s->name);
    if (failed(res))
        return fail(db, res);
    s->params = PQnparams(res);
    free(s->type);
    s->type = malloc(((size_t)s->params + 1) * sizeof *s->type);
    for (int i = 0; s->type && i < s->params; i++) {
        bool gone = (size_t)i < n && args[i].type == SS_ARG_NULL && db->type[i] == SS_WIRE_TEXT;
        s->type[i] = gone ? SS_WIRE_NONE : PQparamtype(res, i);
    }
    PQclear(res);
    s->epoch = db->epoch;
    return s->type ? 0 : ss_fail(SS_ENOMEM, "out of memory");
}

static int look_up(struct postgres_db *db, const char *sql, const struct ss_arg *args, size_t n,
                   struct statement **found)
{
    uint64_t hash = ss_hash64(sql, strlen(sql));
    if (!sql[strspn(sql, " \n")])
        return ss_fail(SS_EBUG, "an empty statement");
    if (n > PARAMS)
        return ss_fail(SS_EBUG, "%zu parameters are more than %d", n, PARAMS);
    struct statement *s = NULL;
    for (unsigned i = (unsigned)hash % STATEMENTS, tries = 0; tries < STATEMENTS;
         tries++, i = (i + 1) % STATEMENTS) {
        s = &db->cache[i];
        if (!s->sql || (s->hash == hash && strcmp(s->sql, sql) == 0 && (!s->type || fits(s, args, n))))
            break;
    }
    if (!s->sql && db->cached >= STATEMENTS * 3 / 4)
        s = &db->loose; /* without a name, prepared each time */
    *found = s;
    if (s->sql && s->epoch == db->epoch && s->type)
        return 0;
    if (s != &db->loose) {
        snprintf(s->name, sizeof s->name, "ss%u", db->named++);
        if (!s->sql) {
            if (!(s->sql = strdup(sql)))
                return ss_fail(SS_ENOMEM, "out of memory");
            s->hash = hash;
            db->cached++;
        }
    }
    return prepare(db, s, sql, args, n);
}

static int bind(struct postgres_db *db, const struct statement *s, const struct ss_arg *args, size_t n)
{
    if ((size_t)s->params > n)
        return ss_fail(SS_EBUG, "parameter '$%d' of %zu in: %s", s->params, n,
                       s->sql ? s->sql : "a statement");
    for (size_t i = 0; i < (size_t)s->params; i++) {
        const struct ss_arg *a = &args[i];
        db->value[i] = a->type == SS_ARG_NULL ? NULL : a->s.p;
        db->length[i] = (int)a->s.n;
        db->format[i] = 1;
        if (a->type == SS_ARG_INT || a->type == SS_ARG_REAL) {
            ss_wire_put64(db->number[i], ss_wire_bits(a));
            db->value[i] = db->number[i];
            db->length[i] = 8;
        } else if (a->s.n > INT_MAX) {
            return ss_fail(SS_EDATA, "a value of %zu bytes is too long", a->s.n);
        }
    }
    return 0;
}

/* The schema changed under a prepared statement, or somebody else forgot it for us (a pooler). */
static bool outdated(const PGresult *res)
{
    return has_state(res, "26000") || (has_state(res, "0A000") && strstr(PQresultErrorMessage(res), "plan"));
}

/* Starts a statement and reads its first result, which may be an error. */
static int start(struct postgres_db *db, const char *sql, const struct ss_arg *args, size_t n,
                 PGresult **first)
{
    for (int attempt = 0;; attempt++) {
        struct statement *s = NULL;
        int err = ready(db);
        if (!err)
            err = look_up(db, sql, args, n, &s);
        if (!err)
            err = bind(db, s, args, n);
        if (err)
            return err;
        if (!PQsendQueryPrepared(db->conn, s->name, s->params, db->value, db->length, db->format, 1))
            return fail_away(db);
        (void)PQsetSingleRowMode(db->conn);
        *first = PQgetResult(db->conn);
        if (SS_LIKELY(!outdated(*first)))
            return 0;
        s->epoch = db->epoch - 1;
        if (attempt || db->base.in_transaction)
            return 0;
        while (*first) {
            PQclear(*first);
            *first = PQgetResult(db->conn);
        }
    }
}

/* ---- rows ---- */

/* Reads on to the end of a statement whose rows nobody wants. Of many it asks the server to stop, where that
 * undoes nothing; a request that comes too late could hit the next statement, hence the new connection. */
static void abandon(struct postgres_db *db)
{
    const int patience = 256;
    bool asked = false, stopped = false;
    PGresult *res;
    db->stream = NULL;
    for (int i = 0; (res = PQgetResult(db->conn)); i++) {
        stopped |= has_state(res, "57014");
        PQclear(res);
        if (i < patience || asked || db->base.in_transaction)
            continue;
        char text[256];
        PGcancel *cancel = PQgetCancel(db->conn);
        asked = cancel && PQcancel(cancel, text, sizeof text);
        PQfreeCancel(cancel);
    }
    if (asked && !stopped)
        (void)redial(db);
}

static void free_rows(struct ss_rows *base)
{
    struct postgres_rows *rows = (struct postgres_rows *)base;
    struct postgres_db *db = of(base->db);
    if (db->stream == rows)
        abandon(db);
    for (size_t i = rows->given; i < rows->asides; i++)
        PQclear(rows->aside[i]);
    free(rows->aside);
    PQclear(rows->first);
    PQclear(rows->row);
    free(rows);
}

static int next(struct ss_rows *base)
{
    struct postgres_rows *rows = (struct postgres_rows *)base;
    struct postgres_db *db = of(base->db);
    PQclear(rows->row);
    rows->row = NULL;
    if (rows->ended)
        return 0;
    PGresult *res = NULL;
    if (rows->first)
        res = rows->first, rows->first = NULL;
    else if (rows->given < rows->asides)
        res = rows->aside[rows->given++];
    else if (db->stream == rows)
        res = PQgetResult(db->conn);
    else if (rows->lost)
        return rows->ended = true,
               ss_fail(rows->lost, "cannot give the rest of the rows of '%s'", db->base.name);
    if (res && PQresultStatus(res) == PGRES_SINGLE_TUPLE) {
        rows->row = res;
        return 1;
    }
    rows->ended = true;
    int err = res && failed(res) ? fail(db, res) : (PQclear(res), 0);
    if (db->stream == rows)
        abandon(db);
    return err;
}

static int query_inside(struct ss_db *base, const char *sql, const struct ss_arg *args, size_t n,
                        struct ss_rows **out)
{
    struct postgres_db *db = of(base);
    PGresult *first;
    int err = start(db, sql, args, n, &first);
    if (err)
        return err;
    int columns = PQnfields(first);
    struct postgres_rows *rows = calloc(1, sizeof *rows + (size_t)columns * SS_NUMBER_MAX);
    if (!rows || failed(first)) {
        err = rows ? fail(db, first) : ss_fail(SS_ENOMEM, "out of memory");
        if (!rows)
            PQclear(first);
        free(rows);
        abandon(db);
        return err;
    }
    rows->base.db = base;
    rows->first = first;
    rows->scratches = columns;
    db->stream = rows;
    *out = &rows->base;
    return 0;
}

static bool is_null(const struct ss_rows *base, int column)
{
    return PQgetisnull(((const struct postgres_rows *)base)->row, 0, column);
}

static struct ss_str bytes_of(const PGresult *res, int column)
{
    if (PQgetisnull(res, 0, column))
        return (struct ss_str){NULL, 0};
    return (struct ss_str){PQgetvalue(res, 0, column), (size_t)PQgetlength(res, 0, column)};
}

static int64_t get_int(const struct ss_rows *base, int column)
{
    const PGresult *res = ((const struct postgres_rows *)base)->row;
    struct ss_str s = bytes_of(res, column);
    return s.p ? ss_wire_int(PQftype(res, column), s.p, s.n) : 0;
}

static double get_real(const struct ss_rows *base, int column)
{
    const PGresult *res = ((const struct postgres_rows *)base)->row;
    struct ss_str s = bytes_of(res, column);
    return s.p ? ss_wire_real(PQftype(res, column), s.p, s.n) : 0;
}

static struct ss_str get_text(const struct ss_rows *base, int column)
{
    /* The scratch is the rows' own, which are not const: only the row that is read is. */
    struct postgres_rows *rows = (struct postgres_rows *)(uintptr_t)base;
    struct ss_str s = bytes_of(rows->row, column);
    return s.p && column < rows->scratches
               ? ss_wire_text(PQftype(rows->row, column), s.p, s.n, rows->scratch[column])
               : s;
}

static struct ss_str get_blob(const struct ss_rows *base, int column)
{
    return bytes_of(((const struct postgres_rows *)base)->row, column);
}

/* ---- transactions ---- */

static void rollback(struct ss_db *base)
{
    struct postgres_db *db = of(base);
    settle(db);
    if (PQstatus(db->conn) == CONNECTION_OK && PQtransactionStatus(db->conn) != PQTRANS_IDLE)
        (void)run(db, "ROLLBACK");
}

static int begin(struct ss_db *base, bool writing)
{
    struct postgres_db *db = of(base);
    int err = ready(db);
    if (err)
        return err;
    /* The last tells the name of the transaction, by which it is found again when its commit was cut off. */
    PGresult *res =
        PQexec(db->conn, writing ? "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE;"
                                   "SELECT pg_advisory_xact_lock(" LOCK ");SELECT pg_current_xact_id()"
                                 : "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY");
    if (failed(res)) {
        err = fail(db, res);
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
static int outcome(struct postgres_db *db)
{
    int64_t until = ss_clock_mono_ns() + (int64_t)db->options.busy_timeout_ms * 1000000;
    const char *param[] = {db->xid};
    while (*db->xid) {
        if (redial(db) == 0) {
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
    return fail_away(db);
}

static int commit(struct ss_db *base)
{
    struct postgres_db *db = of(base);
    settle(db);
    if (PQstatus(db->conn) != CONNECTION_OK)
        return fail_away(db);
    PGresult *res = PQexec(db->conn, "COMMIT");
    bool done = !failed(res) && strcmp(PQcmdStatus(res), "COMMIT") == 0;
    if (failed(res) && PQstatus(db->conn) == CONNECTION_BAD) {
        PQclear(res);
        return outcome(db);
    }
    if (failed(res))
        return fail(db, res);
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
        err = commit(base);
    if (err)
        rollback(base);
    base->in_transaction = false;
    return err;
}

static int query(struct ss_db *base, const char *sql, const struct ss_arg *args, size_t n,
                 struct ss_rows **out)
{
    if (!alone(base, sql))
        return query_inside(base, sql, args, n, out);
    int err = begin(base, true);
    if (err)
        return err;
    base->in_transaction = true;
    err = query_inside(base, sql, args, n, out);
    if (!err) {
        struct postgres_rows *rows = (struct postgres_rows *)*out;
        settle(of(base));
        if (rows->asides && failed(rows->aside[rows->asides - 1]))
            err = fail(of(base), rows->aside[--rows->asides]);
    }
    err = end_alone(base, err);
    if (err && *out) {
        free_rows(*out);
        *out = NULL;
    }
    return err;
}

static int64_t exec_inside(struct ss_db *base, const char *sql, const struct ss_arg *args, size_t n)
{
    struct postgres_db *db = of(base);
    PGresult *res;
    int64_t changed = 0;
    int err = start(db, sql, args, n, &res);
    if (err)
        return err;
    if (!res)
        return fail(db, NULL);
    for (; res; res = PQgetResult(db->conn)) {
        const char *count = PQcmdTuples(res);
        if (!err && failed(res)) {
            err = fail(db, res);
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

static int64_t exec(struct ss_db *base, const char *sql, const struct ss_arg *args, size_t n)
{
    if (!alone(base, sql))
        return exec_inside(base, sql, args, n);
    int err = begin(base, true);
    if (err)
        return err;
    base->in_transaction = true;
    int64_t changed = exec_inside(base, sql, args, n);
    err = end_alone(base, changed < 0 ? (int)changed : 0);
    return err ? err : changed;
}

static int script(struct ss_db *base, const char *sql)
{
    int err = ready(of(base));
    return err ? err : run(of(base), sql);
}

static int check(struct ss_db *base)
{
    struct postgres_db *db = of(base);
    settle(db);
    PGresult *res = PQexec(db->conn, "");
    bool fine = PQresultStatus(res) == PGRES_EMPTY_QUERY;
    PQclear(res);
    if (fine)
        return 0;
    return base->in_transaction ? fail_away(db) : redial(db);
}

/* ---- bulk ---- */

static bool is_key(const PGresult *res, const struct ss_arg *row, const int *key, int keys)
{
    for (int i = 0; i < keys; i++) {
        const struct ss_arg *a = &row[key[i]];
        struct ss_str got = bytes_of(res, i);
        char number[8];
        ss_wire_put64(number, ss_wire_bits(a));
        if (!got.p || !ss_str_eq(got, a->s.p ? a->s : (struct ss_str){number, sizeof number}))
            return false;
    }
    return true;
}

/* By one statement that bears rows whose keys are there. RETURNING gives the rows that went in, in their
 * order, so one walk over both tells which they were. */
static int insert_arrays(struct postgres_db *db, const struct ss_bulk *bulk, const struct ss_arg *args,
                         size_t n, bool *fresh)
{
    int key[SS_BULK_KEYS], keys = fresh ? ss_bulk_keys(bulk, key) : 0;
    size_t from[BULK_COLUMNS], at = 0;
    struct ss_arg array[BULK_COLUMNS];
    PGresult *res;
    int err = keys < 0 ? keys : ss_bulk_sql(bulk, SS_BULK_ARRAYS, fresh != NULL, &db->sql);
    if (err)
        return err;
    for (int i = 0; i < bulk->columns; i++) {
        from[i] = db->bulk.n;
        ss_wire_put_array(&db->bulk, bulk, i, args, n);
    }
    for (int i = 0; i < bulk->columns; i++)
        array[i] = (struct ss_arg){
            ARG_RAW,
            0,
            0,
            {db->bulk.p + from[i], (i + 1 < bulk->columns ? from[i + 1] : db->bulk.n) - from[i]}};
    err = ss_buf_check(&db->bulk);
    if (!err)
        err = start(db, ss_buf_cstr(&db->sql), array, (size_t)bulk->columns, &res);
    if (err)
        return err;
    for (; res; res = PQgetResult(db->conn)) {
        if (failed(res)) {
            err = fail(db, res); /* and on to the end */
            continue;
        }
        bool in = fresh && PQresultStatus(res) == PGRES_SINGLE_TUPLE;
        for (bool found = false; in && !found && at < n; at++)
            found = fresh[at] = is_key(res, args + at * (size_t)bulk->columns, key, keys);
        PQclear(res);
    }
    for (; fresh && at < n; at++)
        fresh[at] = false;
    return err;
}

/* By COPY, the quickest way in, which bears no key that is there already: *clash, and nothing went in. */
static int insert_copy(struct postgres_db *db, const struct ss_bulk *bulk, const struct ss_arg *args,
                       size_t n, bool *fresh, bool *clash)
{
    int err = ss_bulk_firsts(bulk, args, n, fresh);
    if (!err)
        err = ss_bulk_sql(bulk, SS_BULK_COPY, false, &db->sql);
    if (!err)
        err = ready(db);
    if (err)
        return err;
    PGresult *res = PQexec(db->conn, ss_buf_cstr(&db->sql));
    if (PQresultStatus(res) != PGRES_COPY_IN)
        return fail(db, res);
    PQclear(res);
    bool sent = true;
    ss_wire_copy_head(&db->bulk);
    for (size_t row = 0; row < n && sent; row++) {
        if (fresh[row])
            ss_wire_copy_row(&db->bulk, bulk, args + row * (size_t)bulk->columns);
        if (row + 1 == n)
            ss_wire_copy_end(&db->bulk);
        else if (db->bulk.n < COPY_BYTES)
            continue;
        sent = !db->bulk.failed && PQputCopyData(db->conn, db->bulk.p, (int)db->bulk.n) == 1;
        if (sent)
            ss_buf_reset(&db->bulk);
    }
    err = ss_buf_check(&db->bulk);
    PQputCopyEnd(db->conn, sent ? NULL : "given up");
    *clash = false;
    while ((res = PQgetResult(db->conn))) {
        *clash |= has_state(res, "23505");
        if (!failed(res))
            PQclear(res);
        else if (err)
            PQclear(res);
        else
            err = fail(db, res);
    }
    return *clash ? run(db, "ROLLBACK TO SAVEPOINT ss_copy;RELEASE SAVEPOINT ss_copy") : err;
}

/* COPY until keys clash, and then the other way until they no longer do. A few rows are quicker by the other.
 */
static int insert_slice(struct postgres_db *db, const struct ss_bulk *bulk, const struct ss_arg *args,
                        size_t n, bool *fresh)
{
    ss_buf_reset(&db->bulk);
    if (!fresh || bulk->update || n < COPY_ROWS)
        return insert_arrays(db, bulk, args, n, fresh);
    if (!db->clashes) {
        int err = insert_copy(db, bulk, args, n, fresh, &db->clashes);
        if (err || !db->clashes)
            return err;
        ss_buf_reset(&db->bulk);
    }
    int err = insert_arrays(db, bulk, args, n, fresh);
    db->clashes = false;
    for (size_t i = 0; i < n; i++)
        db->clashes |= !fresh[i];
    return err;
}

static int insert(struct ss_db *base, const struct ss_bulk *bulk, const struct ss_arg *args, size_t n,
                  bool *fresh)
{
    struct postgres_db *db = of(base);
    int err =
        bulk->columns > BULK_COLUMNS ? ss_fail(SS_EBUG, "too many columns") : ss_bulk_check(bulk, args, n);
    for (size_t at = 0, rows; at < n && !err; at += rows) {
        const struct ss_arg *from = args + at * (size_t)bulk->columns;
        rows = ss_bulk_slice(bulk, from, n - at, SLICE_ROWS, SLICE_BYTES);
        err = insert_slice(db, bulk, from, rows, fresh ? fresh + at : NULL);
    }
    if (db->bulk.cap > 4 * SLICE_BYTES) { /* a huge row's */
        ss_buf_free(&db->bulk);
        ss_buf_init(&db->bulk, BULK_BYTES);
    }
    return err;
}

/* ---- open and close ---- */

static void close_db(struct ss_db *base)
{
    struct postgres_db *db = of(base);
    for (unsigned i = 0; i < STATEMENTS; i++) {
        free(db->cache[i].sql);
        free(db->cache[i].type);
    }
    free(db->loose.type);
    ss_buf_free(&db->bulk);
    ss_buf_free(&db->sql);
    PQfinish(db->conn);
    free(base->name);
    free(db);
}

/* Only what is a URI of libpq, and holds no secret, may be seen in messages: before that is known, none of
 * it. */
static int check_uri(const char *uri)
{
    PQconninfoOption *options = PQconninfoParse(uri, NULL);
    if (!options)
        return ss_fail(SS_EUSAGE, "no such store: write postgresql://[user@]host[:port]/database[?options]");
    int err = 0;
    for (PQconninfoOption *o = options; o->keyword; o++)
        if (o->val && *o->val &&
            (strcmp(o->keyword, "password") == 0 || strcmp(o->keyword, "sslpassword") == 0))
            err = ss_fail(SS_EUSAGE,
                          "the store's URI holds a password, and command lines are seen by everyone: "
                          "use PGPASSFILE, PGPASSWORD or a service");
    PQconninfoFree(options);
    return err;
}

/* Is it that the server cannot be reached (which may pass), or that it does not want us? */
static int fail_dial(struct postgres_db *db, const char *const *keys, const char *const *values)
{
    const char *text = PQerrorMessage(db->conn);
    bool passes = strstr(text, "too many") || strstr(text, "connection slots") ||
                  PQpingParams(keys, values, 1) != PQPING_OK;
    return ss_fail(passes ? SS_EAWAY : SS_ECONFIG, "cannot open '%s': %.*s", db->base.name, first_line(text),
                   text);
}

static int open_db(const char *uri, const struct ss_db_options *opt, struct ss_db **out)
{
    /* Those before dbname may be said otherwise in the URI. A peer that is gone without a word is noticed
     * within half a minute. */
    const char *const keys[] = {"connect_timeout",
                                "fallback_application_name",
                                "keepalives_idle",
                                "keepalives_interval",
                                "keepalives_count",
                                "tcp_user_timeout",
                                "dbname",
                                "client_encoding",
                                NULL};
    const char *const values[] = {"10", "sentinel-stream", "10", "5", "4", "30000", uri, "UTF8", NULL};
    int err = check_uri(uri);
    if (err)
        return err;
    struct postgres_db *db = calloc(1, sizeof *db);
    if (!db || !(db->base.name = strdup(uri))) {
        free(db);
        return ss_fail(SS_ENOMEM, "out of memory");
    }
    db->base.ops = &ss_db_postgres;
    db->options = *opt;
    if (db->options.busy_timeout_ms <= 0)
        db->options.busy_timeout_ms = 10000;
    ss_buf_init(&db->bulk, BULK_BYTES);
    ss_buf_init(&db->sql, SQL_BYTES);
    db->conn = PQconnectdbParams(keys, values, 1);
    if (PQstatus(db->conn) != CONNECTION_OK)
        err = fail_dial(db, keys, values);
    else
        err = configure(db);
    if (err) {
        close_db(&db->base);
        return err;
    }
    *out = &db->base;
    return 0;
}

const struct ss_db_ops ss_db_postgres = {
    .kind = SS_POSTGRES,
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
