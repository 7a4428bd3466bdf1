/* Commits in two steps: durable only after the flush, and after a flush that failed all is written anew. */
#include "base/err.h"
#include "store/db.h"
#include "tests/databases.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/syscall.h>

/* In the library's place, and in SQLite's: a disk that refuses, and forgets what it had not synced. */
static int syncs, refusals;
static off_t safe; /* bytes of the log that were synced */
static bool forgets;

int fdatasync(int fd)
{
    static const char nothing[4096];
    char path[64], name[512] = "";
    struct stat st;
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(path, name, sizeof name - 1);
    bool log = n > 4 && strcmp(name + n - 4, "-wal") == 0;
    if (!log)
        return (int)syscall(SYS_fdatasync, fd);
    syncs++;
    int told = fstat(fd, &st);
    if (refusals == 0) {
        safe = told == 0 ? st.st_size : 0;
        return 0;
    }
    refusals--;
    for (off_t at = safe; forgets && at < st.st_size; at += (off_t)sizeof nothing) {
        size_t room = (size_t)(st.st_size - at);
        if (pwrite(fd, nothing, room < sizeof nothing ? room : sizeof nothing, at) < 0)
            break;
    }
    errno = EIO;
    return -1;
}

static int64_t count(struct ss_db *db)
{
    int64_t n;
    return ss_db_int(db, "SELECT count(*) FROM t", SS_NO_ARGS, -1, &n) < 0 ? -2 : n;
}

static int insert(struct ss_db *db, int64_t from, int64_t to)
{
    static char filler[2000];
    int64_t n = 0;
    if (!filler[0])
        memset(filler, 'x', sizeof filler - 1);
    for (int64_t i = from; i < to && n >= 0; i++)
        n = ss_db_exec(db, "INSERT INTO t (id, filler) VALUES ($1, $2)",
                       SS_ARGS(ss_arg_int(i), ss_arg_cstr(filler + i % 1900)));
    return n < 0 ? (int)n : 0;
}

static int put(struct ss_db *db, int64_t from, int64_t to, bool soon)
{
    int err = ss_db_begin(db, true);
    err = err ? err : insert(db, from, to);
    if (err) {
        ss_db_rollback(db);
        return err;
    }
    return soon ? ss_db_commit_soon(db) : ss_db_commit(db);
}

static int open_one(const char *uri, struct ss_db **db)
{
    const struct ss_db_options opt = {.durability = SS_DURABLE};
    int err = ss_db_open(uri, &opt, db);
    return err ? err
               : ss_db_script(*db, "CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, filler TEXT)");
}

/* In a process of its own: whoever closes the file drops the locks that its process has on it. */
static bool copied(const char *from, const char *to)
{
    int status = -1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        execlp("cp", "cp", from, to, (char *)NULL);
        _exit(127);
    }
    return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

/* What a machine that lost its power now would find: rows, or -3 when it is damaged. */
static int64_t found_after(const char *uri)
{
    char copy[URI_MAX + 8], log[URI_MAX + 8], log_copy[URI_MAX + 16];
    struct ss_db *db;
    struct ss_rows *rows;
    snprintf(copy, sizeof copy, "%s.copy", uri);
    snprintf(log, sizeof log, "%s-wal", uri);
    snprintf(log_copy, sizeof log_copy, "%s.copy-wal", uri);
    if (!copied(uri, copy) || !copied(log, log_copy) || ss_db_open(copy, NULL, &db))
        return -4;
    bool whole = ss_db_query(db, "PRAGMA integrity_check", SS_NO_ARGS, &rows) == 0 &&
                 ss_rows_next(rows) > 0 && ss_str_is(ss_rows_text(rows, 0), "ok");
    ss_rows_free(rows);
    int64_t n = whole ? count(db) : -3;
    ss_db_close(db);
    unlink(copy);
    return n;
}

static void in_two_steps(void)
{
    char uri[URI_MAX];
    struct ss_db *db, *other;
    if (!fresh_database(SS_SQLITE, uri))
        return;
    ok(open_one(uri, &db) == 0 && open_one(uri, &other) == 0, "a database: %s", ss_err_text());
    ok(put(db, 0, 10, true) == 0, "the first one is durable at once");
    int before = syncs;
    ok(put(db, 10, 20, true) == 1 && put(db, 20, 30, true) == 1, "the next ones need a flush");
    ok(syncs == before && count(other) == 30, "others see them, and nothing is synced");
    ok(ss_db_flush(db) == 0 && syncs == before + 1, "one flush is one sync for both");
    ok(put(db, 30, 40, false) == 0 && syncs == before + 2, "a commit in one step syncs itself");
    int err = ss_db_begin(db, true);
    ok(err == 0 && ss_db_commit_soon(db) == 0 && syncs == before + 2, "one that wrote nothing needs none");
    for (int i = 0; i < 700 && err >= 0; i++)
        err = put(db, 100 + i * 20, 120 + i * 20, true);
    ok(err >= 0 && syncs > before + 2, "what is kept for a flush that does not come has an end");
    ok(ss_db_flush(db) == 0 && count(other) == 40 + 14000, "and all is there");
    ss_db_close(other);
    ss_db_close(db);
}

static void refused(void)
{
    char uri[URI_MAX];
    struct ss_db *db;
    if (!fresh_database(SS_SQLITE, uri))
        return;
    int err = open_one(uri, &db);
    err = err ? err : put(db, 0, 100, true);
    err = err ? err : put(db, 100, 200, true);
    ok(err == 1 && ss_db_flush(db) == 0, "two hundred rows are on the disk: %s", ss_err_text());
    err = put(db, 200, 300, true);
    refusals = 1;
    forgets = true;
    ok(err == 1 && ss_db_flush(db) == SS_EIO, "a disk that refuses is told of: %s", ss_err_text());
    ok(count(db) == 300 && found_after(uri) == 200, "the rows are seen, and lost without power");
    ok(ss_db_flush(db) == SS_EIO, "another flush does not call it well");
    ok(put(db, 300, 400, true) == SS_EIO && put(db, 300, 400, false) < 0, "nothing is committed");
    refusals = 1;
    ok(ss_db_flush_again(db) == SS_EIO, "the disk still refuses");
    ok(ss_db_flush_again(db) == 0, "and takes it: %s", ss_err_text());
    ok(found_after(uri) == 300 && count(db) == 300, "then what was committed is there, and no more");
    ok(put(db, 300, 400, true) == 1 && ss_db_flush(db) == 0 && found_after(uri) == 400, "and it goes on");
    refusals = 1;
    ok(put(db, 400, 500, false) == SS_EIO && count(db) == 400, "a commit in one step may fail, too");
    ok(put(db, 400, 410, true) == SS_EIO && ss_db_flush_again(db) == 0 && found_after(uri) == 400,
       "and is not written anew");
    ok(put(db, 400, 410, false) == 0 && found_after(uri) == 410, "until it is asked for again");
    ss_db_close(db);
    ok(open_one(uri, &db) == 0 && count(db) == 410, "all is there afterwards");
    ss_db_close(db);
    forgets = false;
}

/* The log began anew in the meantime, and the place has other bytes by now. */
static void moved_meanwhile(void)
{
    char uri[URI_MAX];
    struct ss_db *db, *other;
    if (!fresh_database(SS_SQLITE, uri))
        return;
    int err = open_one(uri, &db);
    err = err ? err : open_one(uri, &other);
    err = err ? err : put(db, 0, 100, true);
    for (int i = 1; i < 60 && err >= 0; i++)
        err = put(db, i * 100, i * 100 + 100, true);
    ok(err == 1, "rows that are not flushed: %s", ss_err_text());
    refusals = 1;
    ok(ss_db_flush(db) == SS_EIO, "nor can be");
    err = ss_db_checkpoint(other); /* less than it takes to begin anew by itself */
    err = err ? err : ss_db_script(other, "PRAGMA wal_checkpoint(RESTART)");
    for (int i = 60; i < 70 && err >= 0; i++)
        err = put(other, i * 100, i * 100 + 100, false);
    ok(err == 0, "another writer moves them into the file, and begins the log anew: %s", ss_err_text());
    ok(ss_db_flush_again(db) == 0 && count(db) == 7000 && found_after(uri) == 7000,
       "it is not written over: %s", ss_err_text());
    ok(put(db, 7000, 7100, true) == 1 && ss_db_flush(db) == 0 && found_after(uri) == 7100, "and it goes on");
    ss_db_close(other);
    ss_db_close(db);
}

static void elsewhere(void)
{
    char uri[URI_MAX];
    struct ss_db *db;
    const struct ss_db_options relaxed = {.durability = SS_RELAXED};
    if (!fresh_database(SS_SQLITE, uri))
        return;
    int err = open_one(uri, &db);
    ss_db_close(db);
    err = err ? err : ss_db_open(uri, &relaxed, &db);
    ok(err == 0 && put(db, 0, 10, true) == 0 && put(db, 10, 20, true) == 0 && ss_db_flush(db) == 0,
       "who asks for no durability waits for none");
    ss_db_close(db);
    if (!fresh_database(SS_POSTGRES, uri))
        return;
    err = ss_db_open(uri, NULL, &db);
    err = err ? err : ss_db_script(db, "CREATE TABLE t (id BIGINT PRIMARY KEY, filler TEXT)");
    ok(err == 0 && put(db, 0, 10, true) == 0 && put(db, 10, 20, true) == 0 && ss_db_flush(db) == 0 &&
           ss_db_flush_again(db) == 0 && count(db) == 20,
       "PostgreSQL does both in one: %s", ss_err_text());
    ss_db_close(db);
}

int main(void)
{
    in_two_steps();
    refused();
    moved_meanwhile();
    elsewhere();
    return done();
}
