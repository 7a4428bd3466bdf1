/* PostgreSQL: the connection, its errors, its settings. */
#include "store/postgres.h"
#include "base/clock.h"
#include <stdio.h>

/* What rows may hold in memory that were set aside for another statement. */
#define ASIDE_BYTES ((size_t)256 << 20)
#define REDIAL_NS   1000000000 /* between attempts that nobody asked for */

/* ---- errors ---- */

/* libpq's messages have several lines and end in one. */
static int first_line(const char *text)
{
    size_t n = strcspn(text, "\n");
    return n > 300 ? 300 : (int)n;
}

int ss_pq_fail_away(struct ss_pq *db)
{
    const char *text = PQerrorMessage(db->conn);
    return ss_fail(SS_EAWAY, "lost the connection to '%s': %.*s", db->base.name, first_line(text), text);
}

/* Frees the result. The message is the server's first line: its details show values of rows. */
int ss_pq_fail(struct ss_pq *db, PGresult *res)
{
    const char *state = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    const char *text = state ? PQresultErrorField(res, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    if (!state || !text || PQstatus(db->conn) == CONNECTION_BAD) {
        PQclear(res);
        return ss_pq_fail_away(db);
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

bool ss_pq_has_state(const PGresult *res, const char *state)
{
    const char *own = res ? PQresultErrorField(res, PG_DIAG_SQLSTATE) : NULL;
    return own && strcmp(own, state) == 0;
}

bool ss_pq_failed(const PGresult *res)
{
    ExecStatusType status = PQresultStatus(res); /* of NULL: an error too */
    return status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_SINGLE_TUPLE &&
           status != PGRES_COPY_IN && status != PGRES_EMPTY_QUERY;
}

/* Commands of our own, without values. */
int ss_pq_run(struct ss_pq *db, const char *sql)
{
    PGresult *res = PQexec(db->conn, sql);
    if (ss_pq_failed(res))
        return ss_pq_fail(db, res);
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
static int configure(struct ss_pq *db)
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
    return ss_pq_run(db, sql);
}

/* Rows that a lost connection still owed are an error to whoever asks for them. */
static void orphan(struct ss_pq *db)
{
    if (db->stream) {
        db->stream->lost = SS_EAWAY;
        db->stream = NULL;
    }
}

int ss_pq_redial(struct ss_pq *db)
{
    orphan(db);
    db->dialled_ns = ss_clock_mono_ns();
    db->epoch++;
    db->base.redials++;
    PQreset(db->conn);
    if (PQstatus(db->conn) != CONNECTION_OK) {
        const char *text = PQerrorMessage(db->conn);
        return ss_fail(SS_EAWAY, "cannot reach '%s': %.*s", db->base.name, first_line(text), text);
    }
    return configure(db);
}

/* Takes what is still on the wire into memory, so that the next statement may use the connection. */
void ss_pq_settle(struct ss_pq *db)
{
    struct ss_pq_rows *rows = db->stream;
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
int ss_pq_ready(struct ss_pq *db)
{
    ss_pq_settle(db);
    if (SS_LIKELY(PQstatus(db->conn) == CONNECTION_OK))
        return 0;
    if (db->base.in_transaction || ss_clock_mono_ns() - db->dialled_ns < REDIAL_NS)
        return ss_pq_fail_away(db);
    return ss_pq_redial(db);
}

static int script(struct ss_db *base, const char *sql)
{
    int err = ss_pq_ready(ss_pq_of(base));
    return err ? err : ss_pq_run(ss_pq_of(base), sql);
}

static int check(struct ss_db *base)
{
    struct ss_pq *db = ss_pq_of(base);
    ss_pq_settle(db);
    PGresult *res = PQexec(db->conn, "");
    bool fine = PQresultStatus(res) == PGRES_EMPTY_QUERY;
    PQclear(res);
    if (fine)
        return 0;
    return base->in_transaction ? ss_pq_fail_away(db) : ss_pq_redial(db);
}

/* ---- open and close ---- */

static void close_db(struct ss_db *base)
{
    struct ss_pq *db = ss_pq_of(base);
    for (unsigned i = 0; i < SS_PQ_STATEMENTS; i++) {
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
static int fail_dial(struct ss_pq *db, const char *const *keys, const char *const *values)
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
    struct ss_pq *db = calloc(1, sizeof *db);
    if (!db || !(db->base.name = strdup(uri))) {
        free(db);
        return ss_fail(SS_ENOMEM, "out of memory");
    }
    db->base.ops = &ss_db_postgres;
    db->options = *opt;
    if (db->options.busy_timeout_ms <= 0)
        db->options.busy_timeout_ms = 10000;
    ss_buf_init(&db->bulk, SS_PQ_BULK_BYTES);
    ss_buf_init(&db->sql, SS_PQ_SQL_BYTES);
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
    .exec = ss_pq_exec,
    .query = ss_pq_query_alone,
    .next = ss_pq_next,
    .free_rows = ss_pq_free_rows,
    .is_null = ss_pq_is_null,
    .get_int = ss_pq_int,
    .get_real = ss_pq_real,
    .get_text = ss_pq_text,
    .get_blob = ss_pq_blob,
    .script = script,
    .insert = ss_pq_insert,
    .begin = ss_pq_begin,
    .commit = ss_pq_commit,
    .rollback = ss_pq_rollback,
    .check = check,
};
