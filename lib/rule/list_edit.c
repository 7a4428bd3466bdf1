#include "rule/list_edit.h"
#include "base/err.h"
#include "base/file.h"
#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define TRIES 1000

/* The lock is on the file itself; one that was replaced while we waited for its lock is no longer the one. */
static int lock(const char *path, bool may_create, int *fd, bool *made)
{
    for (int i = 0; i < TRIES; i++) {
        struct stat ours, there;
        *made = false;
        *fd = open(path, O_RDONLY | O_CLOEXEC);
        if (*fd < 0 && errno == ENOENT && may_create) {
            *fd = open(path, O_RDONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
            *made = *fd >= 0;
            if (*fd < 0 && errno == EEXIST)
                continue;
        }
        if (*fd < 0)
            return ss_fail_errno(may_create ? SS_ECREATE : SS_ENOINPUT, "cannot open '%s'", path);
        while (flock(*fd, LOCK_EX) < 0)
            if (errno != EINTR) {
                int err = ss_fail_errno(SS_EIO, "cannot lock '%s'", path);
                close(*fd);
                return err;
            }
        if (fstat(*fd, &ours) == 0 && stat(path, &there) == 0 && ours.st_ino == there.st_ino &&
            ours.st_dev == there.st_dev)
            return 0;
        close(*fd);
    }
    return ss_fail(SS_EIO, "'%s' is replaced faster than it can be locked", path);
}

/* ss_file_replace makes a new file: it shall be as readable as the old one. */
static int replace(const char *path, int fd, const struct ss_buf *now)
{
    struct stat st;
    if (fstat(fd, &st) < 0)
        return ss_fail_errno(SS_EIO, "cannot look at '%s'", path);
    int err = ss_file_replace(path, now->p ? now->p : "", now->n);
    if (!err && chmod(path, st.st_mode & 07777) < 0)
        err = ss_fail_errno(SS_EIO, "cannot set the mode of '%s'", path);
    return err;
}

int ss_list_edit_file(const char *path, bool may_create, ss_list_edit *edit, void *ctx)
{
    struct ss_buf before, now;
    int fd;
    bool made;
    int result = lock(path, may_create, &fd, &made);
    if (result < 0)
        return result;
    ss_buf_init(&before, SS_LIST_FILE_MAX);
    ss_buf_init(&now, SS_LIST_FILE_MAX);
    result = ss_file_read(path, &before);
    if (result == 0)
        result = edit(ctx, (struct ss_str){before.p ? before.p : "", before.n}, &now);
    if (result >= 0 && (before.n != now.n || (now.n && memcmp(before.p, now.p, now.n) != 0))) {
        int err = replace(path, fd, &now);
        result = err < 0 ? err : result;
    }
    if (result < 0 && made)
        unlink(path);
    close(fd); /* and with it the lock */
    ss_buf_free(&before);
    ss_buf_free(&now);
    return result;
}
