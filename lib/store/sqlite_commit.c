/* SQLite's transactions, and what becomes of its log. */
#include "base/err.h"
#include "store/sqlite.h"
#include <unistd.h>

static struct ss_sqlite *of(struct ss_db *db)
{
    return (struct ss_sqlite *)db;
}

int ss_sqlite_fail(struct ss_sqlite *db, int code)
{
    const char *text = sqlite3_errmsg(db->handle), *name = db->base.name;
    if (code == SQLITE_IOERR_NOMEM)
        code = SQLITE_NOMEM;
    switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return ss_fail(SS_EAWAY, "'%s' is locked by another writer", name);
    case SQLITE_SCHEMA:
    case SQLITE_INTERRUPT: return ss_fail(SS_EAWAY, "cannot use '%s': %s", name, text);
    case SQLITE_FULL: return ss_fail(SS_EIO, "no room left for '%s'", name);
    case SQLITE_IOERR:
    case SQLITE_NOLFS:
    case SQLITE_CORRUPT: return ss_fail(SS_EIO, "cannot read or write '%s': %s", name, text);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH: return ss_fail(SS_ECREATE, "cannot write '%s': %s", name, text);
    case SQLITE_CANTOPEN: return ss_fail(SS_ENOINPUT, "cannot open '%s': %s", name, text);
    case SQLITE_NOTADB: return ss_fail(SS_ECONFIG, "'%s' is no SQLite database", name);
    case SQLITE_CONSTRAINT:
    case SQLITE_TOOBIG:
    case SQLITE_MISMATCH: return ss_fail(SS_EDATA, "%s", text);
    case SQLITE_NOMEM: return ss_fail(SS_ENOMEM, "out of memory");
    default: return ss_fail(SS_EBUG, "%s", text);
    }
}

static int simple(struct ss_db *db, const char *sql)
{
    int64_t n = db->ops->exec(db, sql, SS_NO_ARGS);
    return n < 0 ? (int)n : 0;
}

/* SQLite's own steps grow to 100 ms, and a lock is mostly held for one. */
static int wait_for_lock(void *arg, int tries)
{
    const struct ss_sqlite *db = arg;
    int step_us = tries < 40 ? 250 : 5000;
    int64_t waited_us = tries < 40 ? tries * 250 : 40 * 250 + (tries - 40) * (int64_t)5000;
    if (waited_us >= (int64_t)db->wait_ms * 1000)
        return 0;
    usleep((useconds_t)step_us);
    return 1;
}

/* Instead of SQLite's own checkpoint after a commit. One that fails is tried again after the next. */
static int on_commit(void *arg, sqlite3 *handle, const char *name, int pages)
{
    struct ss_sqlite *db = arg;
    db->log_pages = pages;
    if (pages >= db->log_pages_max)
        sqlite3_wal_checkpoint_v2(handle, name, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    return SQLITE_OK;
}

void ss_sqlite_hook(struct ss_sqlite *db)
{
    sqlite3_busy_handler(db->handle, wait_for_lock, db);
    sqlite3_wal_hook(db->handle, on_commit, db);
}

int ss_sqlite_begin(struct ss_db *db, bool writing)
{
    return simple(db, writing ? "BEGIN IMMEDIATE" : "BEGIN");
}

int ss_sqlite_commit(struct ss_db *db)
{
    int err = simple(db, "COMMIT");
    if (of(db)->log)
        ss_log_done(of(db)->log, err == 0);
    return err;
}

int ss_sqlite_commit_soon(struct ss_db *base)
{
    struct ss_sqlite *db = of(base);
    if (!db->durable)
        return ss_sqlite_commit(base);
    if (!db->log)
        db->log = ss_log_of(db->handle);
    if (!db->log)
        return ss_sqlite_commit(base);
    ss_log_soon(db->log);
    int err = simple(base, "COMMIT");
    bool owes = ss_log_done(db->log, err == 0);
    return err ? err : owes;
}

static int flushed(struct ss_sqlite *db, int code)
{
    return code == SQLITE_OK ? 0 : ss_fail(SS_EIO, "cannot write '%s' to the disk", db->base.name);
}

int ss_sqlite_flush(struct ss_db *db)
{
    return of(db)->log ? flushed(of(db), ss_log_flush(of(db)->log)) : 0;
}

/* Nobody else writes to the log meanwhile. Where the system has thrown away what it could not write, the
 * database cannot be read, by others neither, before it is there again. */
int ss_sqlite_flush_again(struct ss_db *db)
{
    if (!of(db)->log)
        return 0;
    int err = ss_sqlite_begin(db, true);
    if (err == SS_EAWAY)
        return err;
    err = flushed(of(db), ss_log_again(of(db)->log));
    sqlite3_db_release_memory(of(db)->handle); /* pages that were read meanwhile */
    ss_sqlite_rollback(db);
    return err;
}

void ss_sqlite_rollback(struct ss_db *db)
{
    /* A full disk may have rolled back by itself. */
    if (!sqlite3_get_autocommit(of(db)->handle))
        (void)simple(db, "ROLLBACK");
    if (of(db)->log)
        ss_log_done(of(db)->log, false);
}

int ss_sqlite_check(struct ss_db *db)
{
    int moved = 0;
    int64_t one;
    if (sqlite3_file_control(of(db)->handle, NULL, SQLITE_FCNTL_HAS_MOVED, &moved) == SQLITE_OK && moved)
        return ss_fail(SS_EAWAY, "'%s' is not the file any more that was opened", db->name);
    return ss_db_int(db, "SELECT 1 FROM sqlite_master LIMIT 1", SS_NO_ARGS, 0, &one);
}
