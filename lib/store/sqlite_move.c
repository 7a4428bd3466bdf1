/* SQLite's log, and its way into the file. */
#include "base/err.h"
#include "store/sqlite.h"
#include <sched.h>
#include <unistd.h>

#define ROUNDS     8
#define FEW_PAGES  128
#define STEP_PAGES 128
#define PAUSE_US   500

static struct ss_sqlite *of(struct ss_db *db)
{
    return (struct ss_sqlite *)db;
}

/* ---- in small steps ---- */

/*
 * What is copied would lie in the system's memory until all of it is synced at once, and the disk would have
 * nothing else to do for as long as that takes, while commits wait for theirs. So it is synced every
 * STEP_PAGES, with a pause in which the others come first. The file's methods are replaced meanwhile: a
 * connection, and so its file, is one thread's.
 */
struct steps {
    sqlite3_io_methods methods;
    const sqlite3_io_methods *real;
    int pages; /* written since the last sync */
};

static _Thread_local struct steps *steps;

static int write_page(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    int code = steps->real->xWrite(file, bytes, n, at);
    if (code != SQLITE_OK || ++steps->pages < STEP_PAGES)
        return code;
    steps->pages = 0;
    code = steps->real->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    usleep(PAUSE_US);
    return code;
}

static sqlite3_file *file_of(struct ss_sqlite *db)
{
    sqlite3_file *file = NULL;
    int code = sqlite3_file_control(db->handle, NULL, SQLITE_FCNTL_FILE_POINTER, &file);
    return code == SQLITE_OK && file && file->pMethods ? file : NULL;
}

/* *copied: how many pages are copied of the log as it is, those included that were before. */
static int copy_pages(struct ss_sqlite *db, int mode, int *copied)
{
    int all;
    return sqlite3_wal_checkpoint_v2(db->handle, NULL, mode, &all, copied);
}

/* What can be is, beside the writers, and is on the disk then. */
static int copy_in_steps(struct ss_sqlite *db, int *copied)
{
    sqlite3_file *file = file_of(db);
    if (!file)
        return copy_pages(db, SQLITE_CHECKPOINT_PASSIVE, copied);
    struct steps now = {.methods = *file->pMethods, .real = file->pMethods};
    now.methods.xWrite = write_page;
    steps = &now;
    file->pMethods = &now.methods;
    int code = copy_pages(db, SQLITE_CHECKPOINT_PASSIVE, copied);
    file->pMethods = now.real;
    steps = NULL;
    return code == SQLITE_OK ? file->pMethods->xSync(file, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY) : code;
}

/* ---- all of it ---- */

/* With the writers held up: a thread that gives way to all others does not now. A reader that is in the way
 * is not waited for. */
static int begin_anew(struct ss_sqlite *db, int mode)
{
    const struct sched_param none = {0};
    int copied, wait_ms = db->wait_ms, policy = sched_getscheduler(0);
    if (policy == SCHED_IDLE)
        (void)sched_setscheduler(0, SCHED_OTHER, &none);
    db->wait_ms = 2;
    int code = copy_pages(db, mode, &copied);
    db->wait_ms = wait_ms;
    if (policy == SCHED_IDLE)
        (void)sched_setscheduler(0, SCHED_IDLE, &none);
    return code;
}

static int result(struct ss_sqlite *db, int code)
{
    return code == SQLITE_OK || (code & 0xff) == SQLITE_BUSY ? 0 : ss_sqlite_fail(db, code);
}

/* While writers go on, the log is never all copied and so never begins anew: a long one is finished with the
 * writers held up, which is short when all but the last pages are there and on the disk by then: each round
 * leaves the next one less to do, down to what the writers add while a few pages are synced. */
int ss_sqlite_checkpoint(struct ss_db *base)
{
    struct ss_sqlite *db = of(base);
    int copied = 0, code = copy_in_steps(db, &copied);
    if (code != SQLITE_OK || copied < SS_LOG_PAGES / 8)
        return result(db, code);
    for (int i = 0, fresh = copied; i < ROUNDS && fresh > FEW_PAGES && code == SQLITE_OK; i++) {
        int before = copied;
        code = copy_in_steps(db, &copied);
        fresh = copied - before;
    }
    return result(db, code == SQLITE_OK ? begin_anew(db, SQLITE_CHECKPOINT_RESTART) : code);
}

int ss_sqlite_empty_log(struct ss_db *base)
{
    return result(of(base), begin_anew(of(base), SQLITE_CHECKPOINT_TRUNCATE));
}

/* Not after every commit while a reader keeps the log from beginning anew: each try holds the writers up. */
enum ss_checkpoint ss_sqlite_wants_checkpoint(struct ss_db *base)
{
    struct ss_sqlite *db = of(base);
    if (db->log_pages < db->log_pages_told) /* it has begun anew */
        db->log_pages_told = 0;
    if (db->log_pages < SS_LOG_PAGES_OWN || db->log_pages - db->log_pages_told < SS_LOG_PAGES_AGAIN)
        return SS_CHECKPOINT_NONE;
    db->log_pages_told = db->log_pages;
    return db->log_pages < SS_LOG_PAGES_LONG ? SS_CHECKPOINT_WANTED : SS_CHECKPOINT_URGENT;
}
