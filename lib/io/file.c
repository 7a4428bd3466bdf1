/* Files, and standard input and output as `-`. */
#include "base/err.h"
#include "io/transport.h"
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* A wider pipe saves wake-ups: +15 to +25 % in a chain of filters, measured; a wish, not a need. */
#define PIPE_BYTES (1 << 20)

struct file_source {
    struct ss_source base;
    int fd;
};

struct file_sink {
    struct ss_sink base;
    int fd;
};

static ssize_t file_read(struct ss_source *src, void *to, size_t cap)
{
    struct file_source *f = (struct file_source *)src;
    ssize_t n = read(f->fd, to, cap);
    if (n < 0)
        return errno == EINTR ? SS_AGAIN : ss_fail_errno(SS_EIO, "cannot read '%s'", src->name);
    src->taken_bytes += n;
    return n;
}

static bool file_ready(struct ss_source *src)
{
    struct pollfd fd = {.fd = ((struct file_source *)src)->fd, .events = POLLIN};
    return poll(&fd, 1, 0) > 0;
}

static void source_close(struct ss_source *src)
{
    struct file_source *f = (struct file_source *)src;
    if (f->fd > STDERR_FILENO)
        close(f->fd);
    free(src->name);
    free(f);
}

static const struct ss_source_ops source_ops = {
    .read = file_read, .close = source_close, .ready = file_ready};

static int open_source(const char *rest, struct ss_source **src)
{
    bool standard = strcmp(rest, "-") == 0;
    int fd = standard ? STDIN_FILENO : open(rest, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return ss_fail_errno(SS_ENOINPUT, "cannot open '%s'", rest);
    struct stat stat;
    if (fstat(fd, &stat) < 0 || S_ISDIR(stat.st_mode)) {
        errno = S_ISDIR(stat.st_mode) ? EISDIR : errno;
        int err = ss_fail_errno(SS_ENOINPUT, "cannot read '%s'", rest);
        if (!standard)
            close(fd);
        return err;
    }
    if (S_ISFIFO(stat.st_mode))
        (void)fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
    if (S_ISREG(stat.st_mode))
        (void)posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
    struct file_source *f = calloc(1, sizeof *f);
    char *name = strdup(standard ? "stdin" : rest);
    if (!f || !name) {
        free(f);
        free(name);
        if (!standard)
            close(fd);
        return ss_fail(SS_ENOMEM, "out of memory");
    }
    f->base = (struct ss_source){
        .ops = &source_ops, .name = name, .size_bytes = S_ISREG(stat.st_mode) ? stat.st_size : -1};
    f->fd = fd;
    *src = &f->base;
    return 0;
}

static int file_write(struct ss_sink *sink, const void *bytes, size_t len)
{
    struct file_sink *f = (struct file_sink *)sink;
    const char *p = bytes;
    while (len) {
        ssize_t n = write(f->fd, p, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EPIPE)
            return ss_fail(SS_EPIPE, "the reader of '%s' has gone", sink->name);
        if (n < 0)
            return ss_fail_errno(SS_EIO, "cannot write '%s'", sink->name);
        p += n;
        len -= (size_t)n;
    }
    return 0;
}

static int file_sync(struct ss_sink *sink)
{
    struct file_sink *f = (struct file_sink *)sink;
    /* Pipes and terminals cannot be synced and say EINVAL: what is written to them is as safe as it gets. */
    int r;
    do
        r = fsync(f->fd);
    while (r < 0 && errno == EINTR);
    if (r < 0 && errno != EINVAL && errno != EROFS)
        return ss_fail_errno(SS_EIO, "cannot sync '%s'", sink->name);
    return 0;
}

static int sink_close(struct ss_sink *sink)
{
    struct file_sink *f = (struct file_sink *)sink;
    int err = 0;
    if (close(f->fd) < 0 && errno != EINTR)
        err = ss_fail_errno(SS_EIO, "cannot write '%s'", sink->name);
    free(sink->name);
    free(f);
    return err;
}

static const struct ss_sink_ops sink_ops = {.write = file_write, .sync = file_sync, .close = sink_close};

/* /dev/stdout and /dev/stderr as what they are: opened by name, the file behind them would be cut off. */
static int open_output(const char *path)
{
    if (strcmp(path, "/dev/stdout") == 0)
        return fcntl(STDOUT_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    if (strcmp(path, "/dev/stderr") == 0)
        return fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, STDERR_FILENO + 1);
    return open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
}

static int open_sink(const char *rest, struct ss_sink **sink)
{
    bool standard = strcmp(rest, "-") == 0;
    int fd = standard ? STDOUT_FILENO : open_output(rest);
    if (fd < 0)
        return ss_fail_errno(SS_ECREATE, "cannot create '%s'", rest);
    struct stat stat;
    if (fstat(fd, &stat) < 0) {
        int err = ss_fail_errno(SS_ECREATE, "cannot write '%s'", standard ? "stdout" : rest);
        if (!standard)
            close(fd);
        return err;
    }
    if (S_ISFIFO(stat.st_mode))
        (void)fcntl(fd, F_SETPIPE_SZ, PIPE_BYTES);
    struct file_sink *f = calloc(1, sizeof *f);
    char *name = strdup(standard ? "stdout" : rest);
    if (!f || !name) {
        free(f);
        free(name);
        if (!standard)
            close(fd);
        return ss_fail(SS_ENOMEM, "out of memory");
    }
    f->base = (struct ss_sink){.ops = &sink_ops, .name = name};
    f->fd = fd;
    *sink = &f->base;
    return 0;
}

const struct ss_transport ss_transport_file = {
    .scheme = "file", .open_source = open_source, .open_sink = open_sink};
