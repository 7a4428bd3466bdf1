/* The log of an SQLite store, written in large pieces: nothing committed is lost, nothing else is there. */
#include "base/err.h"
#include "base/rng.h"
#include "store/db.h"
#include "tests/databases.h"
#include <signal.h>
#include <time.h>

static int64_t number(struct ss_db *db, const char *sql)
{
    int64_t n;
    return ss_db_int(db, sql, SS_NO_ARGS, -1, &n) < 0 ? -2 : n;
}

static bool is_whole(struct ss_db *db)
{
    struct ss_rows *rows;
    bool whole = ss_db_query(db, "PRAGMA integrity_check", SS_NO_ARGS, &rows) == 0 &&
                 ss_rows_next(rows) > 0 && ss_str_is(ss_rows_text(rows, 0), "ok");
    ss_rows_free(rows);
    return whole;
}

static int insert(struct ss_db *db, int64_t from, int64_t to)
{
    static char filler[3000];
    int64_t n = 0;
    if (!filler[0])
        memset(filler, 'x', sizeof filler - 1);
    for (int64_t i = from; i < to && n >= 0; i++)
        n = ss_db_exec(db, "INSERT INTO t (id, k, filler) VALUES ($1, $2, $3)",
                       SS_ARGS(ss_arg_int(i), ss_arg_int(i * 7919 % 100003), ss_arg_cstr(filler + i % 2900)));
    return n < 0 ? (int)n : 0;
}

static int open_one(const char *uri, enum ss_durability durability, struct ss_db **db)
{
    const struct ss_db_options opt = {.durability = durability};
    int err = ss_db_open(uri, &opt, db);
    return err ? err
               : ss_db_script(*db,
                              "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, k INTEGER, filler TEXT);"
                              "CREATE INDEX IF NOT EXISTS t_k ON t (k);");
}

/* More than the page cache holds, so that pages go to the log and come back before the commit. */
static void larger_than_the_cache(enum ss_durability durability)
{
    char uri[URI_MAX];
    struct ss_db *db, *other;
    if (!fresh_database(SS_SQLITE, uri))
        return;
    ok(open_one(uri, durability, &db) == 0 && open_one(uri, durability, &other) == 0, "a database: %s",
       ss_err_text());
    int err = ss_db_begin(db, true);
    err = err ? err : insert(db, 0, 15000);
    ok(err == 0 && number(db, "SELECT count(*) FROM t WHERE k >= 0") == 15000,
       "a transaction of 25 MB sees itself: %s", ss_err_text());
    ok(number(other, "SELECT count(*) FROM t") == 0, "and nobody else does");
    err = ss_db_mark(db);
    err = err ? err : insert(db, 15000, 20000);
    err = err ? err : ss_db_undo(db);
    ok(err == 0 && number(db, "SELECT count(*) FROM t WHERE k >= 0") == 15000, "a part of it is undone");
    err = insert(db, 20000, 21000);
    ok(err == 0 && ss_db_commit(db) == 0 && number(other, "SELECT count(*) FROM t WHERE k >= 0") == 16000,
       "it is committed, and seen: %s", ss_err_text());
    err = ss_db_begin(db, true);
    err = err ? err : insert(db, 50000, 62000);
    ss_db_rollback(db);
    ok(err == 0 && number(db, "SELECT count(*) FROM t") == 16000, "another is rolled back");
    for (int i = 0; i < 300 && !err; i++) { /* small ones in the log's old place */
        err = ss_db_begin(db, true);
        err = err ? err : insert(db, 70000 + i * 3, 70003 + i * 3);
        err = err ? err : ss_db_commit(db);
        if (i % 100 == 50)
            err = err ? err : ss_db_checkpoint(other);
    }
    ok(err == 0 && number(other, "SELECT count(*) FROM t WHERE k >= 0") == 16900,
       "many small ones follow: %s", ss_err_text());
    ss_db_close(other);
    ss_db_close(db);
    ok(open_one(uri, durability, &db) == 0 && is_whole(db) && number(db, "SELECT count(*) FROM t") == 16900,
       "all is there and whole afterwards");
    ss_db_close(db);
}

/* A cache of a few pages: what has just gone to the log is read from it again. */
static void read_at_once(void)
{
    char uri[URI_MAX];
    struct ss_db *db;
    if (!fresh_database(SS_SQLITE, uri))
        return;
    int err = open_one(uri, SS_RELAXED, &db);
    err = err ? err : ss_db_script(db, "PRAGMA cache_size = 10");
    err = err ? err : ss_db_begin(db, true);
    err = err ? err : insert(db, 0, 4000);
    ok(err == 0 && number(db, "SELECT count(*) FROM t WHERE k >= 0") == 4000 && ss_db_commit(db) == 0 &&
           is_whole(db),
       "pages are read again while they are gathered: %s", ss_err_text());
    ss_db_close(db);
}

/* Commits until it is killed; tells each commit by a byte. */
static void child(const char *uri, enum ss_durability durability, int tell, int64_t from, uint64_t seed)
{
    struct ss_db *db;
    struct ss_rng rng;
    ss_rng_seed(&rng, seed);
    if (open_one(uri, durability, &db) < 0)
        _exit(1);
    for (;;) {
        int64_t to = from + 1 + (int64_t)(ss_rng_next(&rng) % 60);
        if (ss_db_begin(db, true) < 0 || insert(db, from, to) < 0 || ss_db_commit(db) < 0)
            _exit(1);
        int64_t said = to;
        if (write(tell, &said, sizeof said) != sizeof said)
            _exit(1);
        from = to;
    }
}

static void killed(enum ss_durability durability, int rounds)
{
    char uri[URI_MAX];
    struct ss_db *db;
    struct ss_rng rng;
    int64_t last = 0;
    int bad = 0;
    ss_rng_seed(&rng, 77);
    if (!fresh_database(SS_SQLITE, uri))
        return;
    for (int round = 0; round < rounds && !bad; round++) {
        int pipes[2];
        if (pipe(pipes) < 0)
            break;
        fflush(stdout);
        pid_t pid = fork();
        if (pid == 0)
            child(uri, durability, pipes[1], last, (uint64_t)round);
        close(pipes[1]);
        struct timespec ts = {.tv_nsec = 4000000 + (long)(ss_rng_next(&rng) % 25000000)};
        nanosleep(&ts, NULL);
        kill(pid, SIGKILL);
        waitpid(pid, NULL, 0);
        int64_t said;
        while (read(pipes[0], &said, sizeof said) == sizeof said)
            last = said;
        close(pipes[0]);
        bad += open_one(uri, durability, &db) < 0;
        int64_t n = bad ? -1 : number(db, "SELECT count(*) FROM t WHERE k >= 0");
        /* The one commit that may have been done and not told is all there or not at all. */
        bad += n < last || n > last + 60 || number(db, "SELECT max(id) FROM t") != n - 1 || !is_whole(db);
        if (bad)
            printf("# round %d: %lld rows, %lld told: %s\n", round, (long long)n, (long long)last,
                   ss_err_text());
        last = n;
        ss_db_close(db);
    }
    ok(!bad && last > 0, "killed %d times, it has the %lld rows it told of, and no others", rounds,
       (long long)last);
}

int main(void)
{
    larger_than_the_cache(SS_RELAXED);
    larger_than_the_cache(SS_DURABLE);
    read_at_once();
    killed(SS_RELAXED, 40);
    killed(SS_DURABLE, 20);
    return done();
}
