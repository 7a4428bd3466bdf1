#include "store/sqlite.h"
#include "store/sqlite_kept.h"
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/*
 * The log (the file NAME-wal) is a sequence of frames, a header of 24 bytes and a page each; the last frame
 * of a transaction has a number other than zero in bytes 4 to 7 of its header
 * (https://www.sqlite.org/fileformat2.html, "The Write-Ahead Log"). Nobody looks at a transaction's frames
 * before all of them are written, except this connection, through xRead. So they are gathered until the last
 * one of the transaction is there: it is written before SQLite's call returns, with its error if any, the
 * connection wants to read, sync, measure or cut the file, or the gathered part is large. Only what is
 * appended to the last write is gathered; all else (the log's header, headers that are corrected) is written
 * as it comes.
 */
#define FRAME_HEADER 24
#define LOG_HEADER   32

/*
 * Commits in two steps (ss_log_soon): the sync at the end of a transaction is left out, and made up for by
 * ss_log_flush in another thread, while this one goes on. What was written since the last sync is kept, and
 * after a sync that failed nothing is synced, and so nothing committed, before ss_log_again has written it
 * anew.
 */
struct log_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
    sqlite3_int64 at;   /* where the gathered bytes belong */
    sqlite3_int64 end;  /* where an append would be */
    int last_frame;     /* the header of a transaction's last frame has been seen: its page follows */
    struct ss_kept_block *gathered; /* NULL without memory: everything is written as it comes */
    struct ss_kept kept;
    unsigned char salt[8]; /* of the last header that went by */
    bool keeps;            /* commits are in two steps */
    bool whole;            /* all that was written since is kept */
    bool in_frames;        /* the last write was no header of the log */
    bool soon, owes;       /* the next sync of a transaction is left out; one was */
    pthread_mutex_t syncs; /* one sync at a time: an error is told but once */
    atomic_bool failed;    /* changes with `syncs` held */
};

static struct log_file *of(sqlite3_file *file)
{
    return (struct log_file *)file;
}

static void keep(struct log_file *log, struct ss_kept_block *block, sqlite3_int64 at)
{
    block->at = at;
    memcpy(block->salt, log->salt, sizeof block->salt);
    ss_kept_put(&log->kept, block);
}

static int flush(struct log_file *log)
{
    struct ss_kept_block *block = log->gathered;
    if (!block || block->n == 0)
        return SQLITE_OK;
    int code = log->real->pMethods->xWrite(log->real, block->bytes, block->n, log->at);
    if (code == SQLITE_OK && log->keeps) {
        keep(log, block, log->at);
        log->gathered = ss_kept_take(&log->kept);
    } else {
        block->n = 0; /* what could not be written is written anew by the next transaction */
    }
    return code;
}

/* Written as it comes. */
static int write_through(struct log_file *log, const void *bytes, int n, sqlite3_int64 at)
{
    int code = log->real->pMethods->xWrite(log->real, bytes, n, at);
    if (code != SQLITE_OK || !log->keeps)
        return code;
    struct ss_kept_block *copy = n <= SS_KEPT_BYTES ? ss_kept_take(&log->kept) : NULL;
    if (copy) {
        memcpy(copy->bytes, bytes, (size_t)n);
        copy->n = n;
        keep(log, copy, at);
    }
    log->whole = log->whole && copy;
    return SQLITE_OK;
}

static bool is_last_frame(const unsigned char *header)
{
    return (header[4] | header[5] | header[6] | header[7]) != 0;
}

/* The salts of the log's header are in every frame's. */
static void note_salt(struct log_file *log, const unsigned char *bytes, int n, sqlite3_int64 at)
{
    if (at == 0 && n >= LOG_HEADER)
        memcpy(log->salt, bytes + 16, sizeof log->salt);
    else if (n == FRAME_HEADER)
        memcpy(log->salt, bytes + 8, sizeof log->salt);
    log->in_frames = at > 0;
}

static int log_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    struct log_file *log = of(file);
    int code = SQLITE_OK, appends = at == log->end && at > 0;
    if (log->failed) /* behind what may be lost nothing is of use, and it might be found there later */
        return SQLITE_IOERR_WRITE;
    if (!appends || !log->gathered || n > SS_KEPT_BYTES - log->gathered->n)
        code = flush(log);
    if (code != SQLITE_OK)
        return code;
    note_salt(log, bytes, n, at);
    if (at >= log->end || at == 0)
        log->end = at + n;
    if (appends && n == FRAME_HEADER)
        log->last_frame = is_last_frame(bytes);
    else if (!appends)
        log->last_frame = true;
    struct ss_kept_block *block = log->gathered;
    if (!appends || !block || n > SS_KEPT_BYTES)
        return write_through(log, bytes, n, at);
    if (block->n == 0)
        log->at = at;
    memcpy(block->bytes + block->n, bytes, (size_t)n);
    block->n += n;
    return log->last_frame && n != FRAME_HEADER ? flush(log) : SQLITE_OK;
}

static int log_read(sqlite3_file *file, void *to, int n, sqlite3_int64 at)
{
    struct log_file *log = of(file);
    int code = at + n > log->at ? flush(log) : SQLITE_OK;
    return code == SQLITE_OK ? log->real->pMethods->xRead(log->real, to, n, at) : code;
}

static int log_truncate(sqlite3_file *file, sqlite3_int64 size)
{
    struct log_file *log = of(file);
    int code = flush(log);
    log->end = log->end < size ? log->end : size;
    return code == SQLITE_OK ? log->real->pMethods->xTruncate(log->real, size) : code;
}

/* With `syncs` held. */
static int sync_now(struct log_file *log, int flags)
{
    uint64_t newest = ss_kept_newest(&log->kept);
    int code = log->failed ? SQLITE_IOERR_FSYNC : log->real->pMethods->xSync(log->real, flags);
    if (code == SQLITE_OK)
        ss_kept_drop(&log->kept, newest);
    else
        log->failed = log->keeps;
    return code;
}

static int log_sync(sqlite3_file *file, int flags)
{
    struct log_file *log = of(file);
    int code = flush(log);
    if (code != SQLITE_OK)
        return code;
    bool later = log->soon && log->in_frames && log->whole && !ss_kept_full(&log->kept);
    log->soon = false; /* what syncs after this one is a checkpoint: it relies on it */
    if (later) {
        log->owes = true;
        return log->failed ? SQLITE_IOERR_FSYNC : SQLITE_OK;
    }
    pthread_mutex_lock(&log->syncs);
    code = sync_now(log, flags);
    pthread_mutex_unlock(&log->syncs);
    log->whole = log->whole || code == SQLITE_OK;
    return code;
}

static int log_size(sqlite3_file *file, sqlite3_int64 *size)
{
    struct log_file *log = of(file);
    int code = flush(log);
    return code == SQLITE_OK ? log->real->pMethods->xFileSize(log->real, size) : code;
}

static int log_close(sqlite3_file *file)
{
    struct log_file *log = of(file);
    int code = flush(log), closed = log->real->pMethods->xClose(log->real);
    free(log->gathered);
    log->gathered = NULL;
    ss_kept_free(&log->kept);
    pthread_mutex_destroy(&log->syncs);
    return code == SQLITE_OK ? closed : code;
}

static int log_lock(sqlite3_file *file, int kind)
{
    return of(file)->real->pMethods->xLock(of(file)->real, kind);
}

static int log_unlock(sqlite3_file *file, int kind)
{
    return of(file)->real->pMethods->xUnlock(of(file)->real, kind);
}

static int log_check_lock(sqlite3_file *file, int *held)
{
    return of(file)->real->pMethods->xCheckReservedLock(of(file)->real, held);
}

static int log_control(sqlite3_file *file, int op, void *arg)
{
    return of(file)->real->pMethods->xFileControl(of(file)->real, op, arg);
}

static int log_sector(sqlite3_file *file)
{
    return of(file)->real->pMethods->xSectorSize(of(file)->real);
}

static int log_device(sqlite3_file *file)
{
    return of(file)->real->pMethods->xDeviceCharacteristics(of(file)->real);
}

static const sqlite3_io_methods log_methods = {
    .iVersion = 1, /* shared memory is the database file's */
    .xClose = log_close,
    .xRead = log_read,
    .xWrite = log_write,
    .xTruncate = log_truncate,
    .xSync = log_sync,
    .xFileSize = log_size,
    .xLock = log_lock,
    .xUnlock = log_unlock,
    .xCheckReservedLock = log_check_lock,
    .xFileControl = log_control,
    .xSectorSize = log_sector,
    .xDeviceCharacteristics = log_device,
};

/* ---- in two steps ---- */

sqlite3_file *ss_log_of(sqlite3 *handle)
{
    sqlite3_file *file = NULL;
    int code = sqlite3_file_control(handle, NULL, SQLITE_FCNTL_JOURNAL_POINTER, &file);
    return code == SQLITE_OK && file && file->pMethods == &log_methods ? file : NULL;
}

void ss_log_soon(sqlite3_file *file)
{
    struct log_file *log = of(file);
    log->soon = log->keeps; /* of the first one the beginning may not be kept */
    log->keeps = true;
    log->owes = false;
}

bool ss_log_done(sqlite3_file *file, bool committed)
{
    struct log_file *log = of(file);
    bool owes = log->owes && committed;
    log->soon = log->owes = false;
    if (committed)
        ss_kept_commit(&log->kept);
    else
        ss_kept_undo(&log->kept);
    return owes;
}

int ss_log_flush(sqlite3_file *file)
{
    struct log_file *log = of(file);
    pthread_mutex_lock(&log->syncs);
    int code = sync_now(log, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    pthread_mutex_unlock(&log->syncs);
    return code;
}

/* Where the log has begun anew meanwhile, what is kept has moved into the database itself, which took a sync
 * of the log and one of the database; its place in the log may be another's by now. */
static int write_kept(struct log_file *log)
{
    unsigned char header[LOG_HEADER];
    int code = log->real->pMethods->xRead(log->real, header, sizeof header, 0);
    for (struct ss_kept_block *b = log->kept.first; b && code == SQLITE_OK; b = b->next)
        if (memcmp(b->salt, header + 16, sizeof b->salt) == 0)
            code = log->real->pMethods->xWrite(log->real, b->bytes, b->n, b->at);
    return code;
}

int ss_log_again(sqlite3_file *file)
{
    struct log_file *log = of(file);
    pthread_mutex_lock(&log->syncs);
    int code = write_kept(log);
    if (code == SQLITE_OK) {
        log->failed = false;
        code = sync_now(log, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    }
    pthread_mutex_unlock(&log->syncs);
    return code;
}

static sqlite3_vfs vfs, *real_vfs;

/* Other files are the real VFS's alone, in the same memory. */
static int open_file(sqlite3_vfs *own, const char *name, sqlite3_file *file, int flags, int *got)
{
    struct log_file *log = of(file);
    (void)own;
    if (!(flags & SQLITE_OPEN_WAL))
        return real_vfs->xOpen(real_vfs, name, file, flags, got);
    *log = (struct log_file){.real = (sqlite3_file *)(log + 1), .whole = true};
    int code = real_vfs->xOpen(real_vfs, name, log->real, flags, got);
    if (code != SQLITE_OK)
        return code; /* base.pMethods is NULL: there is nothing to close */
    ss_kept_init(&log->kept);
    pthread_mutex_init(&log->syncs, NULL);
    log->gathered = ss_kept_take(&log->kept);
    log->base.pMethods = &log_methods;
    return SQLITE_OK;
}

static void register_vfs(void)
{
    sqlite3_initialize();
    real_vfs = sqlite3_vfs_find(NULL);
    if (!real_vfs)
        return;
    vfs = *real_vfs; /* its functions, and what they need of it */
    vfs.zName = "ss-log";
    vfs.pNext = NULL;
    vfs.szOsFile = (int)sizeof(struct log_file) + real_vfs->szOsFile;
    vfs.xOpen = open_file;
    if (sqlite3_vfs_register(&vfs, 0) != SQLITE_OK)
        real_vfs = NULL;
}

const char *ss_sqlite_vfs(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, register_vfs);
    return real_vfs ? vfs.zName : NULL;
}
