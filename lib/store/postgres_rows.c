/* PostgreSQL: statements, prepared once per text and connection, and their rows. */
#include "base/hash.h"
#include "store/postgres.h"
#include <limits.h>
#include <stdio.h>

/* ---- statements ---- */

static bool fits(const struct ss_pq_statement *s, const struct ss_arg *args, size_t n)
{
    for (size_t i = 0; i < n && i < (size_t)s->params; i++)
        if (args[i].type != SS_ARG_NULL && args[i].type != SS_PQ_RAW &&
            s->type[i] != ss_wire_type(args[i].type))
            return false;
    return true;
}

/* "could not determine data type of parameter $3", in whatever language: of a null of which nothing says the
 * type before it is used. The number, or 0. */
static size_t unclear(const PGresult *res, size_t n, const Oid *type)
{
    bool is = ss_pq_has_state(res, "42P18") || ss_pq_has_state(res, "42P08");
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
    ss_buf_init(&with, SS_PQ_SQL_BYTES);
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
static int prepare_as(struct ss_pq *db, struct ss_pq_statement *s, struct ss_buf *text, size_t n, bool guard)
{
    int err = guard ? ss_pq_run(db, "SAVEPOINT ss_prepare") : 0;
    for (size_t which; !err;) {
        PGresult *res = PQprepare(db->conn, s->name, ss_buf_cstr(text), (int)n, db->type);
        if (!ss_pq_failed(res)) {
            PQclear(res);
            break;
        }
        if (!(which = unclear(res, n, db->type)))
            return ss_pq_fail(db, res);
        PQclear(res);
        db->type[which - 1] = SS_WIRE_TEXT;
        err = with_null(text, which);
        if (!err && guard)
            err = ss_pq_run(db, "ROLLBACK TO SAVEPOINT ss_prepare");
    }
    if (!err && guard)
        err = ss_pq_run(db, "RELEASE SAVEPOINT ss_prepare");
    return err;
}

static int prepare(struct ss_pq *db, struct ss_pq_statement *s, const char *sql, const struct ss_arg *args,
                   size_t n)
{
    struct ss_buf text;
    bool nulls = false;
    for (size_t i = 0; i < n; i++) {
        db->type[i] = ss_wire_type(args[i].type);
        nulls |= args[i].type == SS_ARG_NULL;
    }
    ss_buf_init(&text, SS_PQ_SQL_BYTES);
    ss_buf_puts(&text, sql);
    int err = ss_buf_check(&text);
    if (!err)
        err = prepare_as(db, s, &text, n, nulls && db->base.in_transaction);
    ss_buf_free(&text);
    if (err)
        return err;
    PGresult *res = PQdescribePrepared(db->conn, s->name);
    if (ss_pq_failed(res))
        return ss_pq_fail(db, res);
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

static int look_up(struct ss_pq *db, const char *sql, const struct ss_arg *args, size_t n,
                   struct ss_pq_statement **found)
{
    uint64_t hash = ss_hash64(sql, strlen(sql));
    if (!sql[strspn(sql, " \n")])
        return ss_fail(SS_EBUG, "an empty statement");
    if (n > SS_PQ_PARAMS)
        return ss_fail(SS_EBUG, "%zu parameters are more than %d", n, SS_PQ_PARAMS);
    struct ss_pq_statement *s = NULL;
    for (unsigned i = (unsigned)hash % SS_PQ_STATEMENTS, tries = 0; tries < SS_PQ_STATEMENTS;
         tries++, i = (i + 1) % SS_PQ_STATEMENTS) {
        s = &db->cache[i];
        if (!s->sql || (s->hash == hash && strcmp(s->sql, sql) == 0 && (!s->type || fits(s, args, n))))
            break;
    }
    if (!s->sql && db->cached >= SS_PQ_STATEMENTS * 3 / 4)
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

static int bind(struct ss_pq *db, const struct ss_pq_statement *s, const struct ss_arg *args, size_t n)
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
    return ss_pq_has_state(res, "26000") ||
           (ss_pq_has_state(res, "0A000") && strstr(PQresultErrorMessage(res), "plan"));
}

/* Starts a statement and reads its first result, which may be an error. */
int ss_pq_start(struct ss_pq *db, const char *sql, const struct ss_arg *args, size_t n, PGresult **first)
{
    for (int attempt = 0;; attempt++) {
        struct ss_pq_statement *s = NULL;
        int err = ss_pq_ready(db);
        if (!err)
            err = look_up(db, sql, args, n, &s);
        if (!err)
            err = bind(db, s, args, n);
        if (err)
            return err;
        if (!PQsendQueryPrepared(db->conn, s->name, s->params, db->value, db->length, db->format, 1))
            return ss_pq_fail_away(db);
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
static void abandon(struct ss_pq *db)
{
    const int patience = 256;
    bool asked = false, stopped = false;
    PGresult *res;
    db->stream = NULL;
    for (int i = 0; (res = PQgetResult(db->conn)); i++) {
        stopped |= ss_pq_has_state(res, "57014");
        PQclear(res);
        if (i < patience || asked || db->base.in_transaction)
            continue;
        char text[256];
        PGcancel *cancel = PQgetCancel(db->conn);
        asked = cancel && PQcancel(cancel, text, sizeof text);
        PQfreeCancel(cancel);
    }
    if (asked && !stopped)
        (void)ss_pq_redial(db);
}

void ss_pq_free_rows(struct ss_rows *base)
{
    struct ss_pq_rows *rows = (struct ss_pq_rows *)base;
    struct ss_pq *db = ss_pq_of(base->db);
    if (db->stream == rows)
        abandon(db);
    for (size_t i = rows->given; i < rows->asides; i++)
        PQclear(rows->aside[i]);
    free(rows->aside);
    PQclear(rows->first);
    PQclear(rows->row);
    free(rows);
}

int ss_pq_next(struct ss_rows *base)
{
    struct ss_pq_rows *rows = (struct ss_pq_rows *)base;
    struct ss_pq *db = ss_pq_of(base->db);
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
    int err = res && ss_pq_failed(res) ? ss_pq_fail(db, res) : (PQclear(res), 0);
    if (db->stream == rows)
        abandon(db);
    return err;
}

int ss_pq_query(struct ss_db *base, const char *sql, const struct ss_arg *args, size_t n,
                struct ss_rows **out)
{
    struct ss_pq *db = ss_pq_of(base);
    PGresult *first;
    int err = ss_pq_start(db, sql, args, n, &first);
    if (err)
        return err;
    int columns = PQnfields(first);
    struct ss_pq_rows *rows = calloc(1, sizeof *rows + (size_t)columns * SS_NUMBER_MAX);
    if (!rows || ss_pq_failed(first)) {
        err = rows ? ss_pq_fail(db, first) : ss_fail(SS_ENOMEM, "out of memory");
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

bool ss_pq_is_null(const struct ss_rows *base, int column)
{
    return PQgetisnull(((const struct ss_pq_rows *)base)->row, 0, column);
}

struct ss_str ss_pq_bytes(const PGresult *res, int column)
{
    if (PQgetisnull(res, 0, column))
        return (struct ss_str){NULL, 0};
    return (struct ss_str){PQgetvalue(res, 0, column), (size_t)PQgetlength(res, 0, column)};
}

int64_t ss_pq_int(const struct ss_rows *base, int column)
{
    const PGresult *res = ((const struct ss_pq_rows *)base)->row;
    struct ss_str s = ss_pq_bytes(res, column);
    return s.p ? ss_wire_int(PQftype(res, column), s.p, s.n) : 0;
}

double ss_pq_real(const struct ss_rows *base, int column)
{
    const PGresult *res = ((const struct ss_pq_rows *)base)->row;
    struct ss_str s = ss_pq_bytes(res, column);
    return s.p ? ss_wire_real(PQftype(res, column), s.p, s.n) : 0;
}

struct ss_str ss_pq_text(const struct ss_rows *base, int column)
{
    /* The scratch is the rows' own, which are not const: only the row that is read is. */
    struct ss_pq_rows *rows = (struct ss_pq_rows *)(uintptr_t)base;
    struct ss_str s = ss_pq_bytes(rows->row, column);
    return s.p && column < rows->scratches
               ? ss_wire_text(PQftype(rows->row, column), s.p, s.n, rows->scratch[column])
               : s;
}

struct ss_str ss_pq_blob(const struct ss_rows *base, int column)
{
    return ss_pq_bytes(((const struct ss_pq_rows *)base)->row, column);
}
