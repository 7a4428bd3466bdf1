/* One interface, two databases: every assertion of `both` is made on SQLite and on PostgreSQL. */
#include "base/clock.h"
#include "store/migrate.h"
#include "tests/on_database.h"
#include <math.h>
#include <pthread.h>
#include <signal.h>

#define INSERT "INSERT INTO t (k, i, r, s, b) VALUES ($1, $2, $3, $4, $5)"

/* ---- values ---- */

static void values(struct ss_db *db)
{
    static const double reals[] = {0.1, -0.0, 1e308, 5e-324, 1.0 / 3, 9007199254740993.0};
    static const int64_t ints[] = {0, -1, INT64_MIN, INT64_MAX, 1 << 20, 4294967296};
    static const char bytes[] = "\0\1\xff\0'\\";
    bool good = true;
    for (int i = 0; i < 6; i++) {
        char k[8] = {'v', (char)('0' + i), '\0'};
        good &= ss_db_exec(db, INSERT,
                           SS_ARGS(ss_arg_cstr(k), ss_arg_int(ints[i]), ss_arg_real(reals[i]),
                                   ss_arg_cstr("\u017elu\u0165ou\u010dk\u00fd \U0001F40E 'quoted' \\N \t"),
                                   ss_arg_blob((struct ss_str){bytes, sizeof bytes}))) == 1;
    }
    OK(good, "values of all types go in");
    struct ss_rows *rows;
    OK(ss_db_query(db, "SELECT i, r, s, b FROM t WHERE k >= $1 ORDER BY k", SS_ARGS(ss_arg_cstr("v")),
                   &rows) == 0,
       "and are asked for");
    for (int i = 0; i < 6; i++) {
        good &= ss_rows_next(rows) == 1 && ss_rows_int(rows, 0) == ints[i];
        double r = ss_rows_real(rows, 1);
        good &=
            memcmp(&r, &reals[i], 8) == 0 || (r == 0 && reals[i] == 0); /* SQLite drops the sign of a zero */
        good &= ss_str_is(ss_rows_text(rows, 2), "\u017elu\u0165ou\u010dk\u00fd \U0001F40E 'quoted' \\N \t");
        good &= ss_str_eq(ss_rows_blob(rows, 3), (struct ss_str){bytes, sizeof bytes});
    }
    OK(good && ss_rows_next(rows) == 0, "and come out with the same bits");
    OK(ss_rows_next(rows) == 0, "after the last row there is none, however often one asks");
    ss_rows_free(rows);

    OK(ss_db_exec(db, INSERT,
                  SS_ARGS(ss_arg_cstr("null"), ss_arg_null(), ss_arg_null(), ss_arg_cstr(NULL),
                          ss_arg_blob((struct ss_str){NULL, 0}))) == 1,
       "nulls go in");
    OK(ss_db_exec(db, INSERT,
                  SS_ARGS(ss_arg_cstr("empty"), ss_arg_int(0), ss_arg_int(3), ss_arg_cstr(""),
                          ss_arg_blob(SS_STR("")))) == 1,
       "so do an empty text, an empty blob and an integer for a real");
    OK(ss_db_query(db, "SELECT i, r, s, b FROM t WHERE k IN ($1, $2) ORDER BY k",
                   SS_ARGS(ss_arg_cstr("null"), ss_arg_cstr("empty")), &rows) == 0 &&
           ss_rows_next(rows) == 1,
       "they are asked for");
    OK(!ss_rows_null(rows, 2) && !ss_rows_null(rows, 3) && ss_rows_text(rows, 2).p &&
           ss_rows_blob(rows, 3).p && ss_rows_text(rows, 2).n == 0 && ss_rows_blob(rows, 3).n == 0 &&
           ss_rows_real(rows, 1) == 3,
       "empty is not null");
    good = ss_rows_next(rows) == 1;
    for (int c = 0; c < 4; c++)
        good &= ss_rows_null(rows, c);
    OK(good && ss_rows_int(rows, 0) == 0 && isnan(ss_rows_real(rows, 1)) && !ss_rows_text(rows, 2).p &&
           !ss_rows_blob(rows, 3).p,
       "null is 0, NaN, no text and no blob");
    ss_rows_free(rows);
}

static void other_types(struct ss_db *db)
{
    struct ss_rows *rows;
    OK(ss_db_query(db,
                   "SELECT count(*), sum(i), avg(i), 1 < 2, 7, 2.5, $1, max(k), CAST(sum(i) AS BIGINT) "
                   "FROM t WHERE i BETWEEN -1 AND 10 AND k LIKE 'v%'",
                   SS_ARGS(ss_arg_int(42)), &rows) == 0 &&
           ss_rows_next(rows) == 1,
       "counts, sums and constants are asked for");
    OK(ss_rows_int(rows, 0) == 2 && ss_rows_int(rows, 1) == -1 && ss_rows_real(rows, 2) == -0.5 &&
           ss_rows_int(rows, 3) == 1 && ss_rows_int(rows, 4) == 7 && ss_rows_real(rows, 5) == 2.5 &&
           ss_rows_int(rows, 6) == 42 && ss_rows_int(rows, 8) == -1,
       "each number is what it should be");
    OK(ss_rows_real(rows, 0) == 2 && ss_str_is(ss_rows_text(rows, 4), "7") &&
           ss_str_is(ss_rows_text(rows, 6), "42"),
       "an integer can be had as a real and as a text");
    ss_rows_free(rows);
    OK(ss_db_query(db, "SELECT r FROM t WHERE k = $1", SS_ARGS(ss_arg_cstr("v0")), &rows) == 0 &&
           ss_rows_next(rows) == 1 && ss_rows_int(rows, 0) == 0 && ss_str_is(ss_rows_text(rows, 0), "0.1"),
       "a real as an integer and a text");
    ss_rows_free(rows);
}

static void large(struct ss_db *db)
{
    size_t n = (size_t)5 << 20;
    char *text = malloc(n);
    memset(text, 'x', n);
    memcpy(text + n - 3, "end", 3);
    struct ss_str big = {text, n};
    OK(ss_db_exec(db, INSERT,
                  SS_ARGS(ss_arg_cstr("large"), ss_arg_null(), ss_arg_null(), ss_arg_text(big),
                          ss_arg_blob(big))) == 1,
       "five megabytes go in");
    struct ss_rows *rows;
    OK(ss_db_query(db, "SELECT s, b FROM t WHERE k = $1", SS_ARGS(ss_arg_cstr("large")), &rows) == 0 &&
           ss_rows_next(rows) == 1 && ss_str_eq(ss_rows_text(rows, 0), big) &&
           ss_str_eq(ss_rows_blob(rows, 1), big),
       "and come out");
    ss_rows_free(rows);
    free(text);
}

static void wrong(struct ss_db *db)
{
    int64_t before = number(db, "SELECT count(*) FROM t");
    OK(ss_db_exec(db, INSERT,
                  SS_ARGS(ss_arg_cstr("nul"), ss_arg_null(), ss_arg_null(), ss_arg_text(SS_STR("a\0b")),
                          ss_arg_null())) == SS_EDATA,
       "a text with a NUL is refused");
    OK(ss_db_exec(db, INSERT,
                  SS_ARGS(ss_arg_cstr("v0"), ss_arg_null(), ss_arg_null(), ss_arg_null(), ss_arg_null())) ==
           SS_EDATA,
       "so is a key that is there");
    OK(ss_db_exec(db, INSERT,
                  SS_ARGS(ss_arg_null(), ss_arg_null(), ss_arg_null(), ss_arg_null(), ss_arg_null())) ==
           SS_EDATA,
       "and a null where none may be");
    OK(run(db, "SELECT nothing FROM nowhere") == SS_EBUG && run(db, "SELECT 1; SELECT 2") == SS_EBUG &&
           run(db, "") == SS_EBUG,
       "SQL that is wrong, two statements, and none are bugs");
    OK(ss_db_exec(db, INSERT, SS_ARGS(ss_arg_cstr("few"))) == SS_EBUG, "so are parameters without a value");
    OK(number(db, "SELECT count(*) FROM t") == before, "and nothing of it is there");
}

/* ---- statements ---- */

static void parameters(struct ss_db *db)
{
    struct ss_rows *rows;
    const char *sql = "SELECT count(*) FROM t WHERE ($1 IS NULL OR k = $1) AND ($2 IS NULL OR i = $2)";
    int64_t all, one, none;
    OK(ss_db_int(db, sql, SS_ARGS(ss_arg_null(), ss_arg_null()), 0, &all) == 0 &&
           ss_db_int(db, sql, SS_ARGS(ss_arg_cstr("v4"), ss_arg_null()), 0, &one) == 0 &&
           ss_db_int(db, sql, SS_ARGS(ss_arg_cstr("v4"), ss_arg_int(7)), 0, &none) == 0 && all > 6 &&
           one == 1 && none == 0,
       "a parameter may be null now and a value later");
    OK(ss_db_int(db, "SELECT CASE WHEN $1 IS NULL THEN 5 ELSE 6 END", SS_ARGS(ss_arg_null()), 0, &one) == 0 &&
           one == 5,
       "also where nothing says of what type it is");
    OK(ss_db_begin(db, true) == 0 &&
           ss_db_int(db, "SELECT CASE WHEN $1 IS NULL THEN 7 ELSE 8 END", SS_ARGS(ss_arg_null()), 0, &one) ==
               0 &&
           one == 7 && ss_db_commit(db) == 0,
       "and in a transaction");
    OK(ss_db_int(db, "SELECT $2 - $1 - $2 + $2", SS_ARGS(ss_arg_int(3), ss_arg_int(10)), 0, &one) == 0 &&
           one == 7,
       "numbers of parameters count, not their places");
    bool good = true;
    for (int i = 0; i < 3 && good; i++) {
        struct ss_arg arg[] = {ss_arg_int(7), ss_arg_real(7.5), ss_arg_int(8)};
        good = ss_db_query(db, "SELECT $1 * 2", &arg[i], 1, &rows) == 0 && ss_rows_next(rows) == 1 &&
               ss_rows_real(rows, 0) == (i == 0   ? 14
                                         : i == 1 ? 15
                                                  : 16);
        if (good)
            ss_rows_free(rows);
    }
    OK(good, "a parameter may change its type from call to call");
    for (int i = 0; i < 1500 && good; i++) {
        char text[64];
        snprintf(text, sizeof text, "SELECT %d + $1", i);
        good = ss_db_int(db, text, SS_ARGS(ss_arg_int(1)), 0, &one) == 0 && one == i + 1;
    }
    OK(good, "more texts than are remembered work too");
}

static void returning(struct ss_db *db)
{
    struct ss_rows *rows;
    const char *sql =
        "INSERT INTO t (k, i) VALUES ($1, $2) ON CONFLICT (k) DO UPDATE SET i = t.i + excluded.i "
        "RETURNING i, seq";
    OK(ss_db_query(db, sql, SS_ARGS(ss_arg_cstr("up"), ss_arg_int(5)), &rows) == 0 &&
           ss_rows_next(rows) == 1 && ss_rows_int(rows, 0) == 5,
       "a row goes in and tells its values");
    OK(ss_rows_next(rows) == 0 && ss_rows_next(rows) == 0, "once");
    ss_rows_free(rows);
    OK(number(db, "SELECT i FROM t WHERE k = 'up'") == 5, "asking beyond its end did not run it again");
    OK(ss_db_query(db, sql, SS_ARGS(ss_arg_cstr("up"), ss_arg_int(2)), &rows) == 0 &&
           ss_rows_next(rows) == 1 && ss_rows_int(rows, 0) == 7,
       "on conflict it is changed");
    ss_rows_free(rows);
    int64_t seq;
    OK(ss_db_int(db, sql, SS_ARGS(ss_arg_cstr("up"), ss_arg_int(1)), 0, &seq) == 0 &&
           number(db, "SELECT i FROM t WHERE k = 'up'") == 8,
       "which holds also where only the first row is looked at");
    OK(ss_db_exec(db, "INSERT INTO t (k) VALUES ('up') ON CONFLICT (k) DO NOTHING", SS_NO_ARGS) == 0,
       "or nothing is done, which is no row");
    OK(ss_db_exec(db, "UPDATE t SET i = 1 WHERE k IN ('up', 'v0', 'none')", SS_NO_ARGS) == 2 &&
           ss_db_exec(db, "SELECT k FROM t", SS_NO_ARGS) == 0 &&
           ss_db_exec(db, "DELETE FROM t WHERE k = 'up' RETURNING k", SS_NO_ARGS) == 1,
       "changed rows are counted, and rows that were given are not");
}

static void many_rows(struct ss_db *db)
{
    const char *sql = "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000) "
                      "SELECT i FROM n";
    struct ss_rows *rows, *inner;
    int64_t sum = 0;
    bool good = ss_db_query(db, sql, SS_NO_ARGS, &rows) == 0;
    for (int i = 0; i < 100; i++)
        good &= ss_rows_next(rows) == 1 && (sum += ss_rows_int(rows, 0)) > 0;
    for (int i = 0; i < 2; i++) {
        good &= ss_db_query(db, sql, SS_NO_ARGS, &inner) == 0 && ss_rows_next(inner) == 1 &&
                ss_rows_int(inner, 0) == 1;
        good &= ss_rows_next(rows) == 1 && (sum += ss_rows_int(rows, 0)) > 0;
        ss_rows_free(inner);
    }
    while (ss_rows_next(rows) == 1)
        sum += ss_rows_int(rows, 0);
    ss_rows_free(rows);
    OK(good && sum == 20000LL * 20001 / 2, "rows are read while the same text is asked again");
    int64_t began = ss_clock_mono_ns();
    good = true;
    for (int i = 0; i < 5; i++) {
        const char *endless =
            "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 3000000) "
            "SELECT i FROM n";
        good &= ss_db_query(db, endless, SS_NO_ARGS, &rows) == 0 && ss_rows_next(rows) == 1;
        ss_rows_free(rows);
        good &= number(db, "SELECT 17") == 17;
    }
    OK(good && ss_clock_mono_ns() - began < 30e9, "rows that nobody wants are not waited for");
}

static void schema(struct ss_db *db, const char *uri)
{
    struct ss_db *other = opened(uri, NULL);
    struct ss_rows *rows;
    make_table(db, "grows");
    bool good = run(db, "INSERT INTO grows (k, i) VALUES ('a', 1)") == 0;
    for (int i = 0; i < 2 && good; i++) {
        good = ss_db_query(db, "SELECT * FROM grows", SS_NO_ARGS, &rows) == 0 && ss_rows_next(rows) == 1 &&
               (i == 0 || ss_rows_int(rows, 6) == 9);
        ss_rows_free(rows);
        good = good && ss_db_script(other, i ? "DROP TABLE grows"
                                             : "ALTER TABLE grows ADD COLUMN z BIGINT DEFAULT 9") == 0;
        if (i == 0 && kind == SS_SQLITE && !good) /* STRICT tables know no BIGINT */
            good = ss_db_script(other, "ALTER TABLE grows ADD COLUMN z INTEGER DEFAULT 9") == 0;
    }
    OK(good, "a statement follows the schema that another connection changed");
    ss_db_close(other);
}

/* ---- transactions ---- */

static void transactions(struct ss_db *db)
{
    OK(ss_db_begin(db, true) == 0 && run(db, "INSERT INTO t (k) VALUES ('tx1')") == 0 &&
           ss_db_commit(db) == 0 && number(db, "SELECT count(*) FROM t WHERE k = 'tx1'") == 1,
       "what is committed is there");
    OK(ss_db_begin(db, true) == 0 && ss_db_begin(db, true) == SS_EBUG &&
           run(db, "INSERT INTO t (k) VALUES ('tx2')") == 0,
       "transactions are not nested");
    ss_db_rollback(db);
    OK(number(db, "SELECT count(*) FROM t WHERE k = 'tx2'") == 0, "what is rolled back is not");
    OK(ss_db_commit(db) == SS_EBUG && ss_db_mark(db) == SS_EBUG && ss_db_keep(db) == SS_EBUG,
       "nor is one open");

    OK(ss_db_begin(db, true) == 0 && run(db, "INSERT INTO t (k) VALUES ('tx3')") == 0 &&
           run(db, "INSERT INTO t (k) VALUES ('tx3')") == SS_EDATA &&
           run(db, "INSERT INTO t (k) VALUES ('tx4')") == SS_EDATA && ss_db_commit(db) == SS_EDATA &&
           number(db, "SELECT count(*) FROM t WHERE k IN ('tx3', 'tx4')") == 0,
       "an error spoils the transaction: it cannot be committed, and nothing is there");

    OK(ss_db_begin(db, true) == 0 && run(db, "INSERT INTO t (k) VALUES ('p1')") == 0 && ss_db_mark(db) == 0 &&
           ss_db_mark(db) == SS_EBUG && run(db, "INSERT INTO t (k) VALUES ('p2')") == 0 &&
           run(db, "INSERT INTO t (k) VALUES ('p1')") == SS_EDATA && ss_db_keep(db) == SS_EDATA,
       "an error spoils a part");
    OK(ss_db_undo(db) == 0 && run(db, "INSERT INTO t (k) VALUES ('p3')") == 0 && ss_db_mark(db) == 0 &&
           run(db, "INSERT INTO t (k) VALUES ('p4')") == 0 && ss_db_keep(db) == 0 && ss_db_commit(db) == 0,
       "which can be undone by itself");
    OK(number(db, "SELECT count(*) FROM t WHERE k IN ('p1', 'p2', 'p3', 'p4')") == 3 &&
           number(db, "SELECT count(*) FROM t WHERE k = 'p2'") == 0,
       "so that the rest is there");
    OK(ss_db_begin(db, false) == 0 && run(db, "INSERT INTO t (k) VALUES ('ro')") == SS_ECREATE,
       "reading does not write");
    ss_db_rollback(db);
    OK(run(db, "INSERT INTO t (k) VALUES ('rw')") == 0 &&
           number(db, "SELECT count(*) FROM t WHERE k LIKE 'r_'") == 1,
       "and afterwards one may");
}

/* What is found out in the commit itself. */
static void late(struct ss_db *db)
{
    const char *type = kind == SS_SQLITE ? "INTEGER" : "BIGINT";
    char sql[300];
    snprintf(
        sql, sizeof sql,
        "CREATE TABLE up (id %s PRIMARY KEY); CREATE TABLE down (id %s PRIMARY KEY, up %s REFERENCES up (id) "
        "DEFERRABLE INITIALLY DEFERRED)",
        type, type, type);
    OK(ss_db_script(db, sql) == 0 && ss_db_begin(db, true) == 0 &&
           run(db, "INSERT INTO down VALUES (1, 1)") == 0 && run(db, "INSERT INTO up VALUES (2)") == 0 &&
           ss_db_commit(db) == SS_EDATA,
       "a commit can fail");
    OK(number(db, "SELECT (SELECT count(*) FROM up) + (SELECT count(*) FROM down)") == 0 &&
           ss_db_begin(db, true) == 0 && run(db, "INSERT INTO up VALUES (3)") == 0 && ss_db_commit(db) == 0,
       "and then nothing is there, and the next one works");
}

static void two_connections(struct ss_db *a, const char *uri)
{
    const struct ss_db_options brief = {.busy_timeout_ms = 150};
    struct ss_db *b = opened(uri, &brief);
    struct ss_rows *rows;
    OK(ss_db_begin(a, true) == 0 && run(a, "INSERT INTO t (k) VALUES ('lock')") == 0, "one writes");
    int64_t began = ss_clock_mono_ns();
    OK(ss_db_begin(b, true) == SS_EAWAY && ss_clock_mono_ns() - began > 100000000,
       "another waits, and is told so: %s", ss_err_text());
    OK(run(b, "INSERT INTO t (k) VALUES ('lock2')") == SS_EAWAY, "also with a single statement");
    OK(ss_db_query(b, "INSERT INTO t (k) VALUES ('lock3') RETURNING k", SS_NO_ARGS, &rows) == SS_EAWAY ||
           (rows && ss_rows_next(rows) == SS_EAWAY),
       "or one that gives rows");
    ss_rows_free(rows);
    OK(number(b, "SELECT count(*) FROM t WHERE k LIKE 'lock%'") == 0, "but it reads");
    OK(ss_db_begin(b, false) == 0 && number(b, "SELECT count(*) FROM t WHERE k LIKE 'lock%'") == 0 &&
           ss_db_commit(a) == 0 && number(b, "SELECT count(*) FROM t WHERE k LIKE 'lock%'") == 0 &&
           ss_db_commit(b) == 0 && number(b, "SELECT count(*) FROM t WHERE k LIKE 'lock%'") == 1,
       "a reading transaction sees one moment");
    OK(ss_db_begin(b, true) == 0 && run(b, "INSERT INTO t (k) VALUES ('lock4')") == 0 && ss_db_commit(b) == 0,
       "and when the lock is free it writes");
    ss_db_close(b);
}

static void *add_ones(void *uri)
{
    struct ss_db *db;
    if (ss_db_open(uri, NULL, &db) != 0)
        return uri;
    for (int i = 0; i < 100; i++) {
        int64_t was;
        int err = ss_db_begin(db, true);
        if (!err)
            err = ss_db_int(db, "SELECT i FROM t WHERE k = 'sum'", SS_NO_ARGS, 0, &was);
        if (!err)
            err = ss_db_exec(db, "UPDATE t SET i = $1 WHERE k = 'sum'", SS_ARGS(ss_arg_int(was + 1))) == 1
                      ? 0
                      : SS_EBUG;
        if (!err)
            err = ss_db_commit(db);
        if (err)
            return uri;
    }
    ss_db_close(db);
    return NULL;
}

static void writers(struct ss_db *db, char *uri)
{
    pthread_t thread[3];
    void *fault = NULL;
    bool good = run(db, "INSERT INTO t (k, i) VALUES ('sum', 0)") == 0;
    for (int i = 0; i < 3; i++)
        good &= pthread_create(&thread[i], NULL, add_ones, uri) == 0;
    for (int i = 0; i < 3; i++) {
        pthread_join(thread[i], &fault);
        good &= !fault;
    }
    OK(good && number(db, "SELECT i FROM t WHERE k = 'sum'") == 300,
       "three writers lose none of 300 additions");
}

static void read_only(const char *uri)
{
    const struct ss_db_options options = {.read_only = true};
    struct ss_db *db = opened(uri, &options);
    OK(number(db, "SELECT count(*) FROM t") > 0 && run(db, "INSERT INTO t (k) VALUES ('x')") == SS_ECREATE &&
           run(db, "CREATE TABLE x (i INTEGER)") == SS_ECREATE && ss_db_begin(db, true) == SS_ECREATE &&
           ss_db_begin(db, false) == 0 && number(db, "SELECT 1") == 1 && ss_db_commit(db) == 0,
       "a connection for reading only reads");
    ss_db_close(db);
}

static void both(void)
{
    char uri[URI_MAX];
    if (!fresh_database(kind, uri))
        return;
    on = kind == SS_SQLITE ? "SQLite" : "PostgreSQL";
    int from = -1, to = -1;
    struct ss_db *db = opened(uri, NULL);
    OK(ss_db_kind(db) == kind && strcmp(ss_db_name(db), uri) == 0, "an empty database opens");
    OK(ss_migrate(db, &from, &to) == 0 && from == 0 && to >= 1, "its schema is made");
    OK(ss_migrate(db, &from, &to) == 0 && from == to, "which happens once");
    make_table(db, "t");
    values(db);
    other_types(db);
    large(db);
    wrong(db);
    parameters(db);
    returning(db);
    many_rows(db);
    schema(db, uri);
    transactions(db);
    two_connections(db, uri);
    writers(db, uri);
    read_only(uri);
    late(db);
    OK(ss_db_check(db) == 0 && ss_db_checkpoint(db) == 0, "and the connection is well");
    ss_db_close(db);
}

int main(void)
{
    signal(SIGPIPE, SIG_IGN);
    for (kind = SS_SQLITE; kind <= SS_POSTGRES; kind++)
        both();
    return done();
}
