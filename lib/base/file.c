#include "base/file.h"
#include "base/err.h"
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <sys/stat.h>
#include <unistd.h>

int ss_file_read(const char *path, struct ss_buf *buf)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ss_fail_errno(SS_ENOINPUT, "cannot open '%s'", path);
    for (;;) {
        char *to = ss_buf_room(buf, 65536);
        size_t room = to ? 65536 : 0;
        if (!to && buf->ceiling > buf->n) { /* the last piece below the ceiling */
            buf->failed = false;
            room = buf->ceiling - buf->n;
            to = ss_buf_room(buf, room);
        }
        char beyond;
        ssize_t n = read(fd, to ? to : &beyond, to ? room : 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (!to && n > 0) {
            close(fd);
            return ss_fail(SS_EDATA, "'%s' is larger than %zu bytes", path, buf->ceiling);
        }
        if (n < 0) {
            int err = ss_fail_errno(errno == EISDIR ? SS_ENOINPUT : SS_EIO, "cannot read '%s'", path);
            close(fd);
            return err;
        }
        if (n == 0)
            break;
        buf->n += (size_t)n;
    }
    buf->failed = false; /* a full buffer is no failure where the file ends with it */
    close(fd);
    return 0;
}

int ss_file_write_all(int fd, const void *bytes, size_t len)
{
    const char *p = bytes;
    while (len) {
        ssize_t n = write(fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

int ss_file_sync_directory(const char *path)
{
    char copy[PATH_MAX];
    snprintf(copy, sizeof copy, "%s", path);
    int fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int r = fd < 0 ? -1 : fsync(fd);
    if (r < 0 && (fd < 0 || errno != EINVAL)) /* some file systems cannot sync a directory */
        r = ss_fail_errno(SS_EIO, "cannot sync the directory of '%s'", path);
    else
        r = 0;
    if (fd >= 0)
        close(fd);
    return r;
}

int ss_file_take_place(const char *aside, const char *path, const char *before)
{
    int err = 0;
    if (before && rename(path, before) < 0 && errno != ENOENT)
        err = ss_fail_errno(SS_ECREATE, "cannot rename '%s' to '%s'", path, before);
    if (!err && rename(aside, path) < 0)
        err = ss_fail_errno(SS_ECREATE, "cannot rename '%s' to '%s'", aside, path);
    err = err ? err : ss_file_sync_directory(path);
    if (err)
        unlink(aside);
    return err;
}

/* A device or a pipe is written to: renaming a file over /dev/null would take it away from everyone. */
static int write_special(const char *path, const void *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC);
    if (fd < 0)
        return ss_fail_errno(SS_ECREATE, "cannot open '%s'", path);
    int err = ss_file_write_all(fd, bytes, len) < 0 ? ss_fail_errno(SS_EIO, "cannot write '%s'", path) : 0;
    if (close(fd) < 0 && !err)
        err = ss_fail_errno(SS_EIO, "cannot write '%s'", path);
    return err;
}

int ss_file_replace(const char *path, const void *bytes, size_t len)
{
    char aside[PATH_MAX];
    struct stat st;
    if (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode))
        return write_special(path, bytes, len);
    int n = snprintf(aside, sizeof aside, "%s.tmp.%ld", path, (long)getpid());
    if (n < 0 || (size_t)n >= sizeof aside)
        return ss_fail(SS_ECREATE, "path too long: '%s'", path);
    int fd = open(aside, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (fd < 0)
        return ss_fail_errno(SS_ECREATE, "cannot create '%s'", aside);
    int err = 0;
    if (ss_file_write_all(fd, bytes, len) < 0 || fsync(fd) < 0)
        err = ss_fail_errno(SS_EIO, "cannot write '%s'", aside);
    if (close(fd) < 0 && !err)
        err = ss_fail_errno(SS_EIO, "cannot write '%s'", aside);
    if (!err)
        return ss_file_take_place(aside, path, NULL);
    unlink(aside);
    return err;
}

bool ss_file_same(const char *a, const char *b)
{
    struct stat x, y;
    return a && b && stat(a, &x) == 0 && stat(b, &y) == 0 && S_ISREG(x.st_mode) && x.st_dev == y.st_dev &&
           x.st_ino == y.st_ino;
}
