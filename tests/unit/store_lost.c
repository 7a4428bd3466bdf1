/* Stores that go away, fill up, refuse or are none: what is said, what is kept, and that work goes on
 * afterwards. */
#include "base/clock.h"
#include "store/wire.h"
#include "tests/on_database.h"
#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

static int open_error(const char *uri, const struct ss_db_options *options)
{
    struct ss_db *db;
    int err = ss_db_open(uri, options, &db);
    ss_db_close(db);
    return err;
}

/* ---- opening ---- */

static void secrets(void)
{
    static const char *const uris[] = {
        "postgresql://u:sesame@localhost/x",         "postgres://u:sesame@localhost/x",
        "postgresql://localhost/x?password=sesame",  "postgresql://u:sesame@[::1/x",
        "postgresql://u:sesame@localhost/x?nothing", "mysql://u:sesame@localhost/x",
        "postgresql://u:sesame%zz@localhost/x",      "postgresql://localhost/x?sslpassword=sesame",
    };
    bool good = true;
    for (size_t i = 0; i < SS_COUNT(uris); i++)
        good &= open_error(uris[i], NULL) == SS_EUSAGE && !strstr(ss_err_text(), "sesame");
    OK(good, "a password in a URI is refused, and not repeated");
}

static void no_sqlite(const char *folder)
{
    char path[300];
    struct stat st;
    const struct ss_db_options there = {.must_exist = true}, reading = {.read_only = true};
    snprintf(path, sizeof path, "%s/none/x.db", folder);
    OK(open_error(path, NULL) == SS_ECREATE && open_error("", NULL) == SS_EUSAGE,
       "a store needs a folder and a name");
    snprintf(path, sizeof path, "%s/x.db", folder);
    OK(open_error(path, &there) == SS_ENOINPUT && open_error(path, &reading) == SS_ENOINPUT &&
           stat(path, &st) != 0,
       "one that should be there is not made");
    umask(0);
    OK(open_error(path, NULL) == 0 && stat(path, &st) == 0 && (st.st_mode & 0777) == 0600,
       "a new one is for its owner only");
    struct ss_db *db = opened(path, NULL);
    make_table(db, "t");
    char log[310];
    snprintf(log, sizeof log, "%s-wal", path);
    OK(stat(log, &st) == 0 && (st.st_mode & 0777) == 0600, "so is its log");
    OK(ss_db_check(db) == 0 && rename(path, log + 0) == 0 && ss_db_check(db) == SS_EAWAY,
       "a file that was moved is noticed");
    ss_db_close(db);
    FILE *f = fopen(path, "w");
    for (int i = 0; f && i < 200; i++)
        fputs("this is a letter to my aunt\n", f);
    if (f)
        fclose(f);
    OK(open_error(path, NULL) == SS_ECONFIG, "a letter is no database");
    unlink(path);
    unlink(log);
}

/* ---- a full disk ---- */

static int fill(struct ss_db *db)
{
    int err = 0;
    for (int i = 0; i < 400 && !err; i++) {
        char k[32];
        snprintf(k, sizeof k, "fill%d", i);
        int64_t n =
            ss_db_exec(db, "INSERT INTO t (k, b) VALUES ($1, zeroblob(4000))", SS_ARGS(ss_arg_cstr(k)));
        err = n < 0 ? (int)n : 0;
    }
    return err;
}

static void full(const char *uri)
{
    struct ss_db *db = opened(uri, NULL);
    make_table(db, "t");
    OK(run(db, "INSERT INTO t (k) VALUES ('before')") == 0, "a row goes in");
    OK(number(db, "PRAGMA max_page_count=100") == 100 && ss_db_begin(db, true) == 0 && fill(db) == SS_EIO,
       "a full database is an error of input and output");
    OK(ss_db_commit(db) == SS_EIO && number(db, "SELECT count(*) FROM t") == 1,
       "nothing of the transaction is there");
    OK(ss_db_begin(db, true) == 0 && ss_db_mark(db) == 0 && fill(db) == SS_EIO && ss_db_undo(db) != 0 &&
           ss_db_commit(db) != 0 && number(db, "SELECT count(*) FROM t") == 1,
       "nor where a part of it was to be undone");
    OK(number(db, "PRAGMA max_page_count=100000") == 100000 && ss_db_begin(db, true) == 0 && fill(db) == 0 &&
           ss_db_commit(db) == 0 && number(db, "SELECT count(*) FROM t") == 401,
       "with room it goes on");

    struct rlimit was, now;
    getrlimit(RLIMIT_FSIZE, &was);
    now = was;
    signal(SIGXFSZ, SIG_IGN);
    OK(run(db, "DELETE FROM t WHERE k <> 'before'") == 0 && ss_db_begin(db, true) == 0 && fill(db) == 0,
       "a transaction is in memory");
    now.rlim_cur = 1 << 20;
    setrlimit(RLIMIT_FSIZE, &now);
    int err = ss_db_commit(db);
    setrlimit(RLIMIT_FSIZE, &was);
    OK(err == SS_EIO && number(db, "SELECT count(*) FROM t") == 1,
       "that cannot be written: nothing is there");
    ss_db_close(db);
    db = opened(uri, NULL);
    OK(number(db, "SELECT count(*) FROM t") == 1 && ss_db_begin(db, true) == 0 && fill(db) == 0 &&
           ss_db_commit(db) == 0,
       "nor when it is opened again; and with room it goes on");
    struct ss_rows *rows;
    OK(ss_db_query(db, "PRAGMA integrity_check", SS_NO_ARGS, &rows) == 0 && ss_rows_next(rows) == 1 &&
           ss_str_is(ss_rows_text(rows, 0), "ok"),
       "whole");
    ss_rows_free(rows);
    struct stat before, after;
    struct ss_db *other = opened(uri, NULL);
    usleep(20000); /* a file's time is not that exact */
    OK(stat(uri, &before) == 0 && ss_db_checkpoint(other) == 0 && stat(uri, &after) == 0 &&
           memcmp(&before.st_mtim, &after.st_mtim, sizeof after.st_mtim) != 0,
       "another connection moves the log into the file");
    ss_db_close(other);
    ss_db_close(db);
}

/* ---- PostgreSQL: who may ---- */

static void strangers(const char *uri)
{
    char other[2 * URI_MAX];
    const char *host = strstr(uri, "host=");
    OK(open_error("postgresql://ss@/ss?host=/tmp/ss-nobody-is-here", NULL) == SS_EAWAY, "no server: away");
    snprintf(other, sizeof other, "postgresql://ss@/nothing?%s", host);
    OK(open_error(other, NULL) == SS_ECONFIG && strstr(ss_err_text(), "nothing"), "no such database: %s",
       ss_err_text());
    snprintf(other, sizeof other, "postgresql://locked@/ss?%s", host);
    OK(open_error(other, NULL) == SS_ECONFIG, "no password where one is asked for");
    setenv("PGPASSWORD", "barley", 1);
    OK(open_error(other, NULL) == SS_ECONFIG && !strstr(ss_err_text(), "barley"), "a wrong one: %s",
       ss_err_text());
    setenv("PGPASSWORD", "sesame", 1);
    struct ss_db *db = opened(other, NULL);
    OK(!strstr(ss_db_name(db), "sesame"), "the right one");
    ss_db_close(db);
    unsetenv("PGPASSWORD");
    db = opened(uri, NULL);
    OK(run(db, "CREATE DATABASE latin ENCODING 'LATIN1' LC_COLLATE 'C' LC_CTYPE 'C' LOCALE_PROVIDER libc "
               "TEMPLATE template0") == 0,
       "a database is made");
    ss_db_close(db);
    snprintf(other, sizeof other, "postgresql://ss@/latin?%s", host);
    OK(open_error(other, NULL) == SS_ECONFIG && strstr(ss_err_text(), "LATIN1"),
       "one that cannot hold every text: %s", ss_err_text());
}

static void settings(const char *uri)
{
    const struct ss_db_options relaxed = {.durability = SS_RELAXED};
    struct ss_db *db = opened(uri, NULL), *fast = opened(uri, &relaxed);
    const char *sql =
        "SELECT count(*) FROM pg_settings WHERE name = 'synchronous_commit' AND setting = 'off'";
    OK(number(db, sql) == 0 && number(fast, sql) == 1, "relaxed commits do not wait for the disk");
    OK(run(db, "ALTER DATABASE ss SET synchronous_commit = off") == 0, "a server may be lax by default");
    ss_db_close(fast);
    fast = opened(uri, NULL);
    OK(number(fast, sql) == 0, "which our durable commits are not");
    OK(run(db, "ALTER DATABASE ss RESET synchronous_commit") == 0, "again");
    ss_db_close(fast);

    static const struct {
        const char *state;
        int err;
    } errors[] = {{"53100", SS_EIO},   {"58030", SS_EIO},    {"XX001", SS_EIO},     {"23514", SS_EDATA},
                  {"22021", SS_EDATA}, {"55P03", SS_EAWAY},  {"40P01", SS_EAWAY},   {"53300", SS_EAWAY},
                  {"57P03", SS_EAWAY}, {"53200", SS_ENOMEM}, {"42501", SS_ECREATE}, {"42601", SS_EBUG}};
    bool good = true;
    for (size_t i = 0; i < SS_COUNT(errors); i++) {
        char text[200];
        snprintf(text, sizeof text, "DO 'BEGIN RAISE EXCEPTION $x$no$x$ USING ERRCODE=$x$%s$x$; END'",
                 errors[i].state);
        good &= ss_db_script(db, text) == errors[i].err && ss_wire_error(errors[i].state) == errors[i].err;
    }
    OK(good && number(db, "SELECT 1") == 1, "each error of the server is of its kind");
    ss_db_close(db);
}

/* What nobody has cast. */
static void numerics(const char *uri)
{
    static const struct {
        const char *sql;
        int64_t i;
        double r;
    } cases[] = {
        {"0", 0, 0},
        {"1", 1, 1},
        {"-1", -1, -1},
        {"12345678901234567.5", 12345678901234567, 12345678901234567.5},
        {"-9223372036854775808", INT64_MIN, -9223372036854775808.0},
        {"9223372036854775807", INT64_MAX, 9223372036854775807.0},
        {"99999999999999999999", INT64_MAX, 1e20},
        {"-99999999999999999999", INT64_MIN, -1e20},
        {"0.00000012345678", 0, 1.2345678e-7},
        {"10000", 10000, 10000},
        {"100000000.0001", 100000000, 100000000.0001},
        {"1e300", INT64_MAX, 1e300},
        {"1e-300", 0, 1e-300},
        {"'NaN'", 0, NAN},
        {"'Infinity'", INT64_MAX, INFINITY},
        {"'-Infinity'", INT64_MIN, -INFINITY},
    };
    struct ss_db *db = opened(uri, NULL);
    for (size_t i = 0; i < SS_COUNT(cases); i++) {
        struct ss_rows *rows;
        char sql[100];
        snprintf(sql, sizeof sql, "SELECT CAST(%s AS NUMERIC)", cases[i].sql);
        if (!OK(ss_db_query(db, sql, SS_NO_ARGS, &rows) == 0 && ss_rows_next(rows) == 1, "%s", sql))
            continue;
        double r = ss_rows_real(rows, 0), want = cases[i].r;
        bool near = isnan(want) ? isnan(r) : r == want || fabs(r - want) <= fabs(want) * 1e-15;
        OK(near && ss_rows_int(rows, 0) == cases[i].i, "is %.17g and %lld", want, (long long)cases[i].i);
        ss_rows_free(rows);
    }
    OK(number(db, "SELECT CAST(-7 AS SMALLINT)") == -7 && number(db, "SELECT true") == 1 &&
           number(db, "SELECT '12'") == 12 && number(db, "SELECT CAST(2.5 AS REAL)") == 2,
       "small numbers, truths and texts of numbers");
    ss_db_close(db);
}

/* ---- PostgreSQL: connections that break ---- */

static void cut(struct ss_db *by, struct ss_db *db)
{
    int64_t pid = number(db, "SELECT pg_backend_pid()");
    int64_t n =
        ss_db_exec(by, "SELECT pg_terminate_backend(CAST($1 AS INTEGER), 5000)", SS_ARGS(ss_arg_int(pid)));
    if (n < 0)
        OK(false, "a connection is cut");
}

static void cuts(const char *uri)
{
    struct ss_db *db = opened(uri, NULL), *by = opened(uri, NULL);
    make_table(db, "t");
    const char *count = "SELECT count(*) FROM t";
    OK(number(db, count) == 0, "a statement is prepared");
    cut(by, db);
    OK(number(db, count) == SS_EAWAY - 1000 && !strchr(ss_err_text(), '\n'), "a lost connection is away: %s",
       ss_err_text());
    OK(ss_db_check(db) == 0 && number(db, count) == 0, "asked to, it comes back, statements and all");
    cut(by, db);
    OK(ss_db_check(db) == 0 && number(db, count) == 0, "also where nobody noticed");
    OK(ss_db_begin(db, true) == 0 && run(db, "INSERT INTO t (k) VALUES ('cut')") == 0, "in a transaction");
    cut(by, db);
    OK(run(db, "INSERT INTO t (k) VALUES ('cut2')") == SS_EAWAY && ss_db_check(db) == SS_EAWAY &&
           run(db, "INSERT INTO t (k) VALUES ('cut3')") == SS_EAWAY && ss_db_commit(db) == SS_EAWAY,
       "it does not come back behind one's back");
    OK(ss_db_check(db) == 0 && number(db, count) == 0, "and nothing of it is there");
    struct ss_rows *rows;
    int err;
    int64_t n = 0;
    OK(ss_db_query(db, "SELECT generate_series(1, 100000000), pg_backend_pid()", SS_NO_ARGS, &rows) == 0 &&
           ss_rows_next(rows) == 1 &&
           ss_db_exec(by, "SELECT pg_terminate_backend(CAST($1 AS INTEGER), 5000)",
                      SS_ARGS(ss_arg_int(ss_rows_int(rows, 1)))) == 0,
       "while rows are read");
    while ((err = ss_rows_next(rows)) == 1)
        n++;
    OK(err == SS_EAWAY && n < 100000000, "rows that are missing are an error, not an end");
    ss_rows_free(rows);
    OK(ss_db_check(db) == 0 && number(db, count) == 0, "and it comes back");
    ss_db_close(by);
    ss_db_close(db);
}

/* A go-between that breaks the connection at the next commit: 'b'efore it gets there, or 'a'fter, answer
 * withheld. */
static struct {
    struct sockaddr_un here, there;
    int listening;
    volatile char mode;
} between;

static void pass(int client, int upstream)
{
    struct pollfd p[2] = {{client, POLLIN, 0}, {upstream, POLLIN, 0}};
    bool last = false;
    char bytes[65536];
    while (poll(p, 2, -1) > 0)
        for (int i = 0; i < 2; i++) {
            if (!p[i].revents)
                continue;
            ssize_t n = read(p[i].fd, bytes, sizeof bytes);
            if (n <= 0 || (i == 1 && last))
                return;
            if (i == 0 && between.mode && memmem(bytes, (size_t)n, "COMMIT", 7)) {
                last = between.mode == 'a';
                between.mode = 0;
                if (!last)
                    return;
            }
            if (write(p[1 - i].fd, bytes, (size_t)n) != n)
                return;
        }
}

static void *go_between(void *arg)
{
    int client;
    (void)arg;
    while ((client = accept(between.listening, NULL, NULL)) >= 0) {
        int upstream = socket(AF_UNIX, SOCK_STREAM, 0);
        if (connect(upstream, (struct sockaddr *)&between.there, sizeof between.there) == 0)
            pass(client, upstream);
        close(upstream);
        close(client);
    }
    return NULL;
}

static void commits(const char *uri)
{
    char folder[] = "/tmp/ss-between-XXXXXX", own[URI_MAX];
    pthread_t thread;
    if (!mkdtemp(folder))
        return;
    between.here.sun_family = between.there.sun_family = AF_UNIX;
    snprintf(between.here.sun_path, sizeof between.here.sun_path, "%s/.s.PGSQL.5432", folder);
    snprintf(between.there.sun_path, sizeof between.there.sun_path, "%s/.s.PGSQL.5432",
             strstr(uri, "host=") + 5);
    between.listening = socket(AF_UNIX, SOCK_STREAM, 0);
    OK(bind(between.listening, (struct sockaddr *)&between.here, sizeof between.here) == 0 &&
           listen(between.listening, 5) == 0 && pthread_create(&thread, NULL, go_between, NULL) == 0,
       "a go-between listens");
    snprintf(own, sizeof own, "postgresql://ss@/ss?sslmode=disable&gssencmode=disable&host=%s", folder);
    const struct ss_db_options options = {.busy_timeout_ms = 3000};
    struct ss_db *db = opened(own, &options);
    OK(ss_db_begin(db, true) == 0 && run(db, "INSERT INTO t (k) VALUES ('lost')") == 0, "a row");
    between.mode = 'b';
    OK(ss_db_commit(db) == SS_EAWAY && strstr(ss_err_text(), "undone"), "a commit that did not get there: %s",
       ss_err_text());
    OK(number(db, "SELECT count(*) FROM t WHERE k = 'lost'") == 0, "is undone");
    OK(ss_db_begin(db, true) == 0 && run(db, "INSERT INTO t (k) VALUES ('kept')") == 0, "a row");
    between.mode = 'a';
    OK(ss_db_commit(db) == 0, "a commit whose answer did not get here is a commit");
    OK(number(db, "SELECT count(*) FROM t WHERE k = 'kept'") == 1, "and done");
    ss_db_close(db);
    unlink(between.here.sun_path);
    rmdir(folder);
}

static void power_cut(const char *uri)
{
    const struct ss_db_options options = {.busy_timeout_ms = 300};
    struct ss_db *db = opened(uri, &options);
    OK(run(db, "INSERT INTO t (k) VALUES ('safe')") == 0 && ss_db_begin(db, true) == 0 &&
           run(db, "INSERT INTO t (k) VALUES ('unsafe')") == 0 && server(NULL, "kill", uri, NULL) == 0,
       "the server is killed in the middle of a transaction");
    OK(run(db, "INSERT INTO t (k) VALUES ('x')") == SS_EAWAY && ss_db_commit(db) == SS_EAWAY, "which fails");
    OK(ss_db_check(db) == SS_EAWAY && number(db, "SELECT 1") == SS_EAWAY - 1000 &&
           ss_db_begin(db, true) == SS_EAWAY && open_error(uri, NULL) == SS_EAWAY,
       "everything is away: %s", ss_err_text());
    OK(server(NULL, "up", uri, NULL) == 0 && ss_db_check(db) == 0,
       "the server is back, and so is the connection");
    OK(number(db, "SELECT count(*) FROM t WHERE k = 'safe'") == 1 &&
           number(db, "SELECT count(*) FROM t WHERE k IN ('unsafe', 'x')") == 0,
       "what was committed is there, and nothing else");
    OK(ss_db_begin(db, true) == 0 && run(db, "INSERT INTO t (k) VALUES ('after')") == 0 &&
           server(NULL, "kill", uri, NULL) == 0 && ss_db_commit(db) == SS_EAWAY,
       "killed before a commit, and not back in time: %s", ss_err_text());
    OK(server(NULL, "up", uri, NULL) == 0 && ss_db_check(db) == 0 &&
           number(db, "SELECT count(*) FROM t WHERE k = 'after'") == 0,
       "it is not there");
    ss_db_close(db);
}

int main(void)
{
    char uri[URI_MAX];
    signal(SIGPIPE, SIG_IGN);
    secrets();
    kind = SS_SQLITE;
    on = "SQLite";
    if (!fresh_database(kind, uri))
        return done();
    full(uri);
    no_sqlite(databases_folder);

    kind = SS_POSTGRES;
    on = "PostgreSQL";
    /* One of its own: it is killed. */
    int status = server(uri, "start", NULL, NULL);
    if (status) {
        if (status == 69)
            skip("everything on PostgreSQL", "no PostgreSQL is installed");
        else
            OK(false, "a server starts");
        return done();
    }
    strangers(uri);
    settings(uri);
    numerics(uri);
    cuts(uri);
    commits(uri);
    power_cut(uri);
    OK(server(NULL, "stop", uri, NULL) == 0, "the server stops");
    return done();
}
