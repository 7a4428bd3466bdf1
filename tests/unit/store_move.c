/* SQLite's log and its way into the file: in small steps, again when there is much more of it, and no longer
 * than it must be. */
#include "base/err.h"
#include "store/db.h"
#include "store/sqlite.h"
#include "tests/databases.h"
#include <sched.h>
#include <sys/stat.h>

#define PAGE 4096
#define ROWS 10000 /* some 5,000 pages */

static int file_syncs; /* not of the log */

/* In the library's place, and in SQLite's. Nothing here loses power. */
int fdatasync(int fd)
{
    char path[64], name[512] = "";
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    ssize_t n = readlink(path, name, sizeof name - 1);
    file_syncs += n > 4 && strcmp(name + n - 4, "-wal") != 0;
    return 0;
}

static int64_t log_bytes(const char *uri)
{
    char path[URI_MAX + 8];
    struct stat st;
    snprintf(path, sizeof path, "%s-wal", uri);
    return stat(path, &st) == 0 ? st.st_size : -1;
}

static int64_t number(struct ss_db *db, const char *sql)
{
    int64_t n;
    return ss_db_int(db, sql, SS_NO_ARGS, -1, &n) < 0 ? -2 : n;
}

static struct ss_db *opened(const char *uri)
{
    const struct ss_db_options opt = {.durability = SS_RELAXED, .own_checkpoints = true};
    struct ss_db *db = NULL;
    if (ss_db_open(uri, &opt, &db))
        printf("Bail out! %s\n", ss_err_text());
    return db;
}

static int fill(struct ss_db *db)
{
    int err = ss_db_script(db, "CREATE TABLE t (id INTEGER PRIMARY KEY, n INTEGER, filler TEXT)");
    err = err ? err : ss_db_begin(db, true);
    int64_t n =
        err ? err
            : ss_db_exec(db,
                         "WITH RECURSIVE k(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM k WHERE i < $1) "
                         "INSERT INTO t SELECT i, 0, printf('%.2000c', 'x') FROM k",
                         SS_ARGS(ss_arg_int(ROWS)));
    return n < 0 ? (int)n : ss_db_commit(db);
}

/* All pages go to the log once more. */
static int rewrite(struct ss_db *db)
{
    int err = ss_db_begin(db, true);
    int64_t n = err ? err : ss_db_exec(db, "UPDATE t SET n = n + 1", SS_NO_ARGS);
    return n < 0 ? (int)n : ss_db_commit(db);
}

static void in_steps(void)
{
    char uri[URI_MAX];
    if (!fresh_database(SS_SQLITE, uri))
        return;
    struct ss_db *db = opened(uri), *mover = opened(uri);
    int err = fill(db);
    int64_t pages = number(db, "PRAGMA page_count");
    file_syncs = 0;
    err = err ? err : ss_db_checkpoint(mover);
    ok(err == 0 && file_syncs >= pages / 128 && pages > 4000,
       "%lld pages are copied with %d syncs between them", (long long)pages, file_syncs);
    file_syncs = 0;
    err = rewrite(db);
    err = err ? err : ss_db_script(mover, "PRAGMA wal_checkpoint(PASSIVE)");
    ok(err == 0 && file_syncs < 3, "nobody else's checkpoint is changed: %d", file_syncs);
    ss_db_close(mover);
    ss_db_close(db);
}

/* Whoever gives way to all others holds the writers up for no longer than any other would. */
static void gives_way(void)
{
    char uri[URI_MAX];
    const struct sched_param none = {0};
    int was = sched_getscheduler(0);
    if (!fresh_database(SS_SQLITE, uri))
        return;
    struct ss_db *db = opened(uri);
    int err = fill(db);
    ok(err == 0 && sched_setscheduler(0, SCHED_IDLE, &none) == 0 && ss_db_checkpoint(db) == 0 &&
           sched_getscheduler(0) == SCHED_IDLE,
       "a thread that gives way does so afterwards, too");
    ok(sched_setscheduler(0, was, &none) == 0, "(back)");
    ss_db_close(db);
}

static void a_reader_in_the_way(void)
{
    char uri[URI_MAX];
    if (!fresh_database(SS_SQLITE, uri))
        return;
    struct ss_db *db = opened(uri), *mover = opened(uri), *reader = opened(uri);
    int err = fill(db), said[3] = {0}, twice = 0;
    enum ss_checkpoint last = SS_CHECKPOINT_NONE;
    ok(err == 0 && ss_db_wants_checkpoint(db) == SS_CHECKPOINT_NONE, "a short log is left alone");
    err = ss_db_begin(reader, false);
    ok(err == 0 && number(reader, "SELECT count(*) FROM t WHERE n = 0") == ROWS, "somebody reads");
    while (!err && log_bytes(uri) < (int64_t)SS_LOG_PAGES_LONG * PAGE + PAGE * 6000) {
        err = rewrite(db);
        enum ss_checkpoint need = ss_db_wants_checkpoint(db);
        said[need]++;
        last = need ? need : last;
        twice += ss_db_wants_checkpoint(db) != SS_CHECKPOINT_NONE;
    }
    ok(err == 0 && said[SS_CHECKPOINT_WANTED] > 1 && last == SS_CHECKPOINT_URGENT && twice == 0,
       "a long one is not; that is said again when there is much more, and at last it is urgent");
    ok(ss_db_checkpoint(mover) == 0 && ss_db_empty_log(mover) == 0 &&
           log_bytes(uri) > (int64_t)SS_LOG_PAGES_KEPT * PAGE,
       "the reader is not waited for");
    ok(number(reader, "SELECT count(*) FROM t WHERE n = 0") == ROWS, "and sees what it saw");
    ss_db_rollback(reader);
    ok(ss_db_checkpoint(mover) == 0 && rewrite(db) == 0 &&
           log_bytes(uri) <= (int64_t)SS_LOG_PAGES_KEPT * PAGE,
       "later the file is cut back");
    ok(ss_db_wants_checkpoint(db) == SS_CHECKPOINT_NONE, "and left alone again");
    ok(ss_db_empty_log(db) == 0 && log_bytes(uri) == 0, "at the end there is none");
    ok(number(reader, "SELECT count(*) FROM t WHERE n > 0") == ROWS &&
           number(reader, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check <> 'ok'") == 0,
       "and all is there");
    ss_db_close(reader);
    ss_db_close(mover);
    ss_db_close(db);
}

int main(void)
{
    in_steps();
    gives_way();
    a_reader_in_the_way();
    return done();
}
