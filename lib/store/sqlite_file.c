/* The file of a store in SQLite: made for its owner, and read even where nobody can write. */
#include "base/buf.h"
#include "base/err.h"
#include "store/sqlite.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

int ss_sqlite_create(const char *path, const struct ss_db_options *opt)
{
    if (!*path)
        return ss_fail(SS_EUSAGE, "a store needs a name");
    if (strcmp(path, ":memory:") == 0)
        return 0;
    if (opt->must_exist || opt->read_only)
        return access(path, R_OK) == 0 ? 0 : ss_fail_errno(SS_ENOINPUT, "cannot open '%s'", path);
    if (mknod(path, S_IFREG | 0600, 0) == 0 || errno == EEXIST)
        return 0;
    return ss_fail_errno(SS_ECREATE, "cannot create '%s'", path);
}

/* A file, or one whose directory takes no log beside it: of another's, or on a medium that nobody can write.
 */
static bool is_fixed(const char *path)
{
    char folder[4096];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) + 1 : 0;
    if (n + 2 > sizeof folder)
        return false;
    memcpy(folder, path, n);
    memcpy(folder + n, ".", 2);
    return access(path, W_OK) != 0 || access(folder, W_OK) != 0;
}

/* SQLite cannot read a file with a log where it cannot make the log's index, unless it is told that the file
 * stays as it is. Where there is no log nobody has it open; where there is one what it holds must be read,
 * which needs the index of whoever writes. */
static int open_fixed(const char *path, sqlite3 **handle)
{
    static const char hex[] = "0123456789ABCDEF";
    struct ss_buf uri;
    ss_buf_init(&uri, 65536);
    ss_buf_printf(&uri, "%s-wal", path);
    bool has_log = !uri.failed && access(ss_buf_cstr(&uri), F_OK) == 0;
    ss_buf_reset(&uri);
    ss_buf_puts(&uri, "file:");
    while (path[0] == '/' && path[1] == '/')
        path++;
    for (const char *c = path; *c; c++) {
        if (*c == '%' || *c == '?' || *c == '#') {
            ss_buf_putc(&uri, '%');
            ss_buf_putc(&uri, hex[(unsigned char)*c >> 4]);
            ss_buf_putc(&uri, hex[*c & 15]);
        } else {
            ss_buf_putc(&uri, *c);
        }
    }
    ss_buf_puts(&uri, has_log ? "?mode=ro" : "?immutable=1");
    int code = uri.failed ? SQLITE_NOMEM
                          : sqlite3_open_v2(ss_buf_cstr(&uri), handle,
                                            SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX |
                                                SQLITE_OPEN_EXRESCODE,
                                            ss_sqlite_vfs());
    ss_buf_free(&uri);
    return code;
}

int ss_sqlite_open(const char *path, const struct ss_db_options *opt, sqlite3 **handle)
{
    return opt->read_only && is_fixed(path)
               ? open_fixed(path, handle)
               : sqlite3_open_v2(path, handle,
                                 SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                                 ss_sqlite_vfs());
}
