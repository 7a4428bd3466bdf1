#include "store/sqlite.h"
#include "base/err.h"
#include <pthread.h>
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
/* Below 128 KiB: SQLite's own xWrite takes the rest of a larger one for a full disk (seekAndWriteFd, 3.40).
 */
#define GATHER_BYTES (96 * 1024)

struct log_file {
    sqlite3_file base;
    sqlite3_file *real; /* behind this struct */
    sqlite3_int64 at;   /* where the gathered bytes belong */
    sqlite3_int64 end;  /* where an append would be */
    int n;
    int last_frame; /* the header of a transaction's last frame has been seen: its page follows */
    char *bytes;
};

static struct log_file *of(sqlite3_file *file)
{
    return (struct log_file *)file;
}

static int flush(struct log_file *log)
{
    int n = log->n;
    log->n = 0; /* what could not be written is written anew by the next transaction */
    return n ? log->real->pMethods->xWrite(log->real, log->bytes, n, log->at) : SQLITE_OK;
}

static int is_last_frame(const unsigned char *header)
{
    return (header[4] | header[5] | header[6] | header[7]) != 0;
}

static int log_write(sqlite3_file *file, const void *bytes, int n, sqlite3_int64 at)
{
    struct log_file *log = of(file);
    int code = SQLITE_OK, appends = at == log->end && at > 0;
    if (!appends || n > GATHER_BYTES - log->n)
        code = flush(log);
    if (code != SQLITE_OK)
        return code;
    if (at >= log->end || at == 0)
        log->end = at + n;
    if (appends && n == FRAME_HEADER)
        log->last_frame = is_last_frame(bytes);
    else if (!appends)
        log->last_frame = 1;
    if (!appends || !log->bytes || n > GATHER_BYTES)
        return log->real->pMethods->xWrite(log->real, bytes, n, at);
    if (log->n == 0)
        log->at = at;
    memcpy(log->bytes + log->n, bytes, (size_t)n);
    log->n += n;
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

static int log_sync(sqlite3_file *file, int flags)
{
    struct log_file *log = of(file);
    int code = flush(log);
    return code == SQLITE_OK ? log->real->pMethods->xSync(log->real, flags) : code;
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
    free(log->bytes);
    log->bytes = NULL;
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

static sqlite3_vfs vfs, *real_vfs;

/* Other files are the real VFS's alone, in the same memory. */
static int open_file(sqlite3_vfs *own, const char *name, sqlite3_file *file, int flags, int *got)
{
    struct log_file *log = of(file);
    (void)own;
    if (!(flags & SQLITE_OPEN_WAL))
        return real_vfs->xOpen(real_vfs, name, file, flags, got);
    *log = (struct log_file){.real = (sqlite3_file *)(log + 1)};
    int code = real_vfs->xOpen(real_vfs, name, log->real, flags, got);
    if (code != SQLITE_OK)
        return code;                   /* base.pMethods is NULL: there is nothing to close */
    log->bytes = malloc(GATHER_BYTES); /* without it everything is written as it comes */
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
