#include "alert/spool_log.h"
#include "base/err.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/number.h"
#include "json/cursor.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK_BYTES ((size_t)64 << 10)
#define LINE_BYTES  ((size_t)4 << 20)
#define DONE_BYTES  ((size_t)256 << 20)

bool ss_spool_log_number(const char *name, uint64_t *number)
{
    int64_t n;
    if (strlen(name) != 16 || strcmp(name + 12, ".log") != 0 || !ss_int_parse(name, 12, &n) || n < 1)
        return false;
    *number = (uint64_t)n;
    return true;
}

bool ss_spool_line_read(struct ss_str line, struct ss_spooled *m)
{
    char sum[SS_LINE_SUM + 1];
    if (line.n < SS_LINE_SUM + 3 || line.p[SS_LINE_SUM] != ' ')
        return false;
    struct ss_str json = {line.p + SS_LINE_SUM + 1, line.n - SS_LINE_SUM - 1};
    snprintf(sum, sizeof sum, "%016llx", (unsigned long long)ss_hash64(json.p, json.n));
    if (memcmp(sum, line.p, SS_LINE_SUM) != 0)
        return false;
    /* It is ours, byte for byte: a known order, and no escapes but in the key. */
    struct ss_cursor c = {json.p, json.p + json.n};
    struct ss_str name, seq;
    int64_t number;
    bool good = ss_cursor_take(&c, '{') && ss_cursor_key(&c, &name) && ss_cursor_value(&c, &seq) &&
                ss_int_parse(seq.p, seq.n, &number) && number > 0 && ss_cursor_take(&c, ',') &&
                ss_cursor_key(&c, &name) && ss_cursor_string(&c, &m->to) && ss_cursor_take(&c, ',') &&
                ss_cursor_key(&c, &name) && ss_cursor_string(&c, &m->id) && ss_cursor_take(&c, ',') &&
                ss_cursor_key(&c, &name) && ss_cursor_string(&c, &m->key) && ss_cursor_take(&c, ',') &&
                ss_cursor_key(&c, &name) && ss_cursor_value(&c, &m->body);
    m->seq = good ? (uint64_t)number : 0;
    return good;
}

int ss_spool_log_write(int fd, const char *path, const char *bytes, size_t len)
{
    while (len) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return ss_fail_errno(SS_EIO, "cannot write '%s'", path);
        bytes += n;
        len -= (size_t)n;
    }
    return 0;
}

int ss_spool_sync_dir(const char *dir)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return ss_fail_errno(SS_EIO, "cannot open '%s'", dir);
    int failed = fsync(fd) < 0 && errno != EINVAL;
    int err = failed ? ss_fail_errno(SS_EIO, "cannot sync '%s'", dir) : 0;
    close(fd);
    return err;
}

static void path_of(const char *dir, uint64_t first, const char *suffix, char out[PATH_MAX])
{
    snprintf(out, PATH_MAX, "%s/%012llu.%s", dir, (unsigned long long)first, suffix);
}

static struct ss_spool_log *new_log(const char *dir, uint64_t first)
{
    char path[PATH_MAX];
    path_of(dir, first, "log", path);
    struct ss_spool_log *log = calloc(1, sizeof *log);
    char *copy = strdup(path);
    if (!log || !copy) {
        free(log);
        free(copy);
        (void)ss_fail(SS_ENOMEM, "out of memory for '%s'", path);
        return NULL;
    }
    log->first = first;
    log->fd = log->done_fd = -1;
    log->path = copy;
    return log;
}

void ss_spool_log_close(struct ss_spool_log *log)
{
    if (log->fd >= 0)
        close(log->fd);
    if (log->done_fd >= 0)
        close(log->done_fd);
    log->fd = log->done_fd = -1;
    log->closed = true;
}

void ss_spool_log_free(struct ss_spool_log *log)
{
    if (!log)
        return;
    ss_spool_log_close(log);
    free(log->done);
    free(log->path);
    free(log);
}

void ss_spool_log_remove(struct ss_spool_log *log, const char *dir)
{
    char path[PATH_MAX];
    unlink(log->path); /* first: marks without a log are nothing, a log without marks would be sent again */
    path_of(dir, log->first, "done", path);
    unlink(path);
    ss_spool_log_free(log);
}

int ss_spool_log_create(const char *dir, uint64_t first, struct ss_spool_log **out)
{
    struct ss_spool_log *log = new_log(dir, first);
    if (!log)
        return SS_ENOMEM;
    /* One of that name is what an earlier try left that failed: nothing in it was promised. */
    log->fd = open(log->path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int err =
        log->fd < 0 ? ss_fail_errno(SS_ECREATE, "cannot create '%s'", log->path) : ss_spool_sync_dir(dir);
    if (err) {
        ss_spool_log_free(log);
        return err;
    }
    *out = log;
    return 0;
}

int ss_spool_log_append(struct ss_spool_log *log, const char *bytes, size_t len)
{
    if (lseek(log->fd, (off_t)log->bytes, SEEK_SET) < 0)
        return ss_fail_errno(SS_EIO, "cannot write '%s'", log->path);
    int err = ss_spool_log_write(log->fd, log->path, bytes, len);
    if (!err && fdatasync(log->fd) < 0)
        err = ss_fail_errno(SS_EIO, "cannot sync '%s'", log->path);
    if (err && ftruncate(log->fd, (off_t)log->bytes) < 0)
        err = ss_fail_in(err, "half a message is left, ");
    return err;
}

int ss_spool_log_count(struct ss_spool_log *log, uint64_t n)
{
    uint64_t lines = log->lines + n, bytes = (lines + 7) / 8;
    if (bytes > log->done_cap) {
        uint64_t cap = log->done_cap ? log->done_cap : 512;
        while (cap < bytes)
            cap *= 2;
        uint8_t *done = cap <= DONE_BYTES ? realloc(log->done, cap) : NULL;
        if (!done)
            return ss_fail(SS_ENOMEM, "out of memory for '%s'", log->path);
        memset(done + log->done_cap, 0, cap - log->done_cap);
        log->done = done;
        log->done_cap = cap;
    }
    log->lines = lines;
    log->waiting += n;
    return 0;
}

int ss_spool_log_read(struct ss_spool_log *log, uint64_t offset, struct ss_buf *line)
{
    int fd = log->fd >= 0 ? log->fd : open(log->path, O_RDONLY | O_CLOEXEC), err = 1;
    if (fd < 0)
        return ss_fail_errno(SS_EIO, "cannot open '%s'", log->path);
    ss_buf_reset(line);
    while (err == 1) {
        char *to = ss_buf_room(line, CHUNK_BYTES);
        ssize_t n = to ? pread(fd, to, CHUNK_BYTES, (off_t)(offset + line->n)) : 0;
        if (n < 0 && errno == EINTR)
            continue;
        const char *nl = n > 0 ? memchr(to, '\n', (size_t)n) : NULL;
        line->n += nl ? (size_t)(nl - to) : n > 0 ? (size_t)n : 0;
        err = n < 0    ? ss_fail_errno(SS_EIO, "cannot read '%s'", log->path)
              : n == 0 ? ss_fail(SS_EDATA, "'%s' ends in the middle of a line", log->path)
                       : nl == NULL;
    }
    if (log->fd < 0)
        close(fd);
    return err;
}

bool ss_spool_log_is_done(const struct ss_spool_log *log, uint64_t seq)
{
    uint64_t i = seq - log->first;
    return i >= log->lines || (log->done[i / 8] >> (i % 8) & 1);
}

static bool set_done(struct ss_spool_log *log, uint64_t seq)
{
    if (ss_spool_log_is_done(log, seq))
        return false;
    uint64_t i = seq - log->first;
    log->done[i / 8] |= (uint8_t)(1 << (i % 8));
    log->waiting--;
    return true;
}

int ss_spool_log_mark(struct ss_spool_log *log, const char *dir, uint64_t seq, const char *how)
{
    char path[PATH_MAX], text[64];
    path_of(dir, log->first, "done", path);
    int fd = log->done_fd >= 0 ? log->done_fd : open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return ss_fail_errno(SS_ECREATE, "cannot create '%s'", path);
    /* Not synced: after a power cut a message may be sent once more, with the same id. */
    int n = snprintf(text, sizeof text, "%llu %s\n", (unsigned long long)seq, how);
    int err = ss_spool_log_write(fd, path, text, (size_t)n);
    if (log->closed)
        close(fd);
    else
        log->done_fd = fd;
    return err ? err : set_done(log, seq);
}

/* --- reading what an earlier process left --- */

static int read_done(struct ss_spool_log *log, const char *dir)
{
    char path[PATH_MAX];
    struct ss_buf buf;
    path_of(dir, log->first, "done", path);
    if (access(path, F_OK) < 0)
        return 0;
    ss_buf_init(&buf, DONE_BYTES);
    int err = ss_file_read(path, &buf);
    size_t from = 0;
    for (size_t i = 0; i < buf.n && !err; i++) {
        if (buf.p[i] != '\n')
            continue;
        const char *blank = memchr(buf.p + from, ' ', i - from);
        int64_t seq;
        if (blank && ss_int_parse(buf.p + from, (size_t)(blank - buf.p) - from, &seq))
            (void)set_done(log, (uint64_t)seq);
        from = i + 1;
    }
    if (!err && from < buf.n && truncate(path, (off_t)from) < 0) /* cut off in the middle */
        err = ss_fail_errno(SS_EIO, "cannot cut '%s'", path);
    ss_buf_free(&buf);
    return err;
}

/* Messages have their places by number: one whose line is damaged counts as dealt with. */
static int count_up_to(struct ss_spool_log *log, uint64_t seq)
{
    uint64_t from = log->first + log->lines;
    int err = seq < from ? 0 : ss_spool_log_count(log, seq - from + 1);
    for (; !err && from < seq; from++)
        (void)set_done(log, from);
    return err;
}

static int scan(struct ss_spool_log *log, uint64_t size, void (*each)(void *, const struct ss_spooled *),
                void *arg)
{
    struct ss_buf line;
    struct ss_spooled m;
    int err = 0;
    ss_buf_init(&line, LINE_BYTES);
    while (!err && log->bytes < size) {
        err = ss_spool_log_read(log, log->bytes, &line);
        if (err)
            break;
        if (ss_spool_line_read((struct ss_str){line.p, line.n}, &m) && m.seq >= log->first + log->lines &&
            m.seq - log->first < size) {
            each(arg, &m);
            err = count_up_to(log, m.seq);
        }
        log->bytes += line.n + 1;
    }
    ss_buf_free(&line);
    if (err == SS_EDATA) /* half a line */
        err = ftruncate(log->fd, (off_t)log->bytes) < 0 ? ss_fail_errno(SS_EIO, "cannot cut '%s'", log->path)
                                                        : 0;
    return err;
}

int ss_spool_log_open(const char *dir, uint64_t first, void (*each)(void *, const struct ss_spooled *),
                      void *arg, struct ss_spool_log **out)
{
    struct stat st;
    struct ss_spool_log *log = new_log(dir, first);
    if (!log)
        return SS_ENOMEM;
    log->fd = open(log->path, O_RDWR | O_CLOEXEC);
    int err = log->fd < 0 || fstat(log->fd, &st) < 0
                  ? ss_fail_errno(SS_ENOINPUT, "cannot open '%s'", log->path)
                  : 0;
    err = err ? err : scan(log, (uint64_t)st.st_size, each, arg);
    err = err ? err : read_done(log, dir);
    if (err) {
        ss_spool_log_free(log);
        return err;
    }
    *out = log;
    return 0;
}
