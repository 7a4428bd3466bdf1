#include "alert/spool.h"
#include "alert/spool_log.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/time.h"
#include "json/write.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PENDING_MAX ((size_t)256 << 20) /* of one batch: 1,024 messages of up to 31 destinations */
#define RECENT_WAYS 8
#define RECENT_ROWS 32768
#define LINE_BYTES  ((size_t)4 << 20)

struct ss_spool {
    char *dir;
    struct ss_spool_options opt;
    int lock_fd;
    pthread_mutex_t mutex; /* guards all below but `pending` */
    struct ss_spool_log *first, *last;
    uint64_t next_seq, waiting;
    struct ss_buf pending; /* lines of the next commit; the appending thread's own */
    uint64_t pending_n;
    uint64_t recent[RECENT_ROWS][RECENT_WAYS]; /* hashes of destination and id; the newest of a row first */
};

/* --- messages seen before --- */

static uint64_t hash_of(struct ss_str to, struct ss_str id)
{
    uint64_t hash = ss_hash64_seed(id.p, id.n, ss_hash64(to.p, to.n));
    return hash + (hash == 0);
}

static bool seen(struct ss_spool *spool, uint64_t hash)
{
    uint64_t *way = spool->recent[hash % RECENT_ROWS];
    for (int i = 0; i < RECENT_WAYS; i++)
        if (way[i] == hash)
            return true;
    memmove(way + 1, way, (RECENT_WAYS - 1) * sizeof *way);
    way[0] = hash;
    return false;
}

static void forget(struct ss_spool *spool, uint64_t hash)
{
    uint64_t *way = spool->recent[hash % RECENT_ROWS];
    for (int i = 0; i < RECENT_WAYS; i++)
        if (way[i] == hash)
            way[i] = 0;
}

/* --- lines --- */

static void put_line(struct ss_buf *to, uint64_t seq, struct ss_str place, struct ss_str id,
                     struct ss_str key, struct ss_str body)
{
    size_t from = to->n;
    ss_buf_puts(to, "0123456789abcdef {\"seq\":");
    ss_json_put_int(to, (int64_t)seq);
    ss_buf_puts(to, ",\"to\":");
    ss_json_put_string(to, place);
    ss_buf_puts(to, ",\"id\":");
    ss_json_put_string(to, id);
    ss_buf_puts(to, ",\"key\":");
    ss_json_put_string(to, key);
    ss_buf_puts(to, ",\"body\":");
    ss_buf_put(to, body.p, body.n);
    ss_buf_puts(to, "}\n");
    if (to->failed)
        return;
    char sum[SS_LINE_SUM + 1];
    snprintf(sum, sizeof sum, "%016llx",
             (unsigned long long)ss_hash64(to->p + from + SS_LINE_SUM + 1, to->n - from - SS_LINE_SUM - 2));
    memcpy(to->p + from, sum, SS_LINE_SUM);
}

int ss_spool_add(struct ss_spool *spool, struct ss_str to, struct ss_str id, struct ss_str key,
                 struct ss_str body)
{
    pthread_mutex_lock(&spool->mutex);
    bool before = seen(spool, hash_of(to, id));
    uint64_t seq = spool->next_seq + spool->pending_n;
    pthread_mutex_unlock(&spool->mutex);
    if (before)
        return 0;
    put_line(&spool->pending, seq, to, id, key, body);
    spool->pending_n++;
    return ss_buf_check(&spool->pending);
}

/* --- appending --- */

static int start_log(struct ss_spool *spool)
{
    struct ss_spool_log *log;
    int err = ss_spool_log_create(spool->dir, spool->next_seq, &log);
    if (err)
        return err;
    if (spool->last)
        ss_spool_log_close(spool->last);
    *(spool->last ? &spool->last->next : &spool->first) = log;
    spool->last = log;
    return 0;
}

/* Lets go of the oldest logs that are done, beyond what is to be kept. */
static void prune(struct ss_spool *spool)
{
    size_t done_bytes = 0;
    for (struct ss_spool_log *log = spool->first; log; log = log->next)
        done_bytes += log->closed && log->waiting == 0 ? log->bytes : 0;
    for (struct ss_spool_log **at = &spool->first; *at && done_bytes > spool->opt.keep_bytes;) {
        struct ss_spool_log *log = *at;
        if (!log->closed || log->waiting) {
            at = &log->next;
            continue;
        }
        done_bytes -= log->bytes;
        *at = log->next;
        ss_spool_log_remove(log, spool->dir);
    }
}

static void forget_pending(struct ss_spool *spool)
{
    struct ss_str lines = {spool->pending.p, spool->pending.n};
    struct ss_spooled m;
    while (lines.n) {
        const char *nl = memchr(lines.p, '\n', lines.n);
        size_t n = nl ? (size_t)(nl - lines.p) : lines.n;
        if (ss_spool_line_read((struct ss_str){lines.p, n}, &m))
            forget(spool, hash_of(m.to, m.id));
        lines.p += n + (nl != NULL);
        lines.n -= n + (nl != NULL);
    }
}

int ss_spool_commit(struct ss_spool *spool)
{
    int err = ss_buf_check(&spool->pending);
    if (err || !spool->pending_n)
        return err;
    pthread_mutex_lock(&spool->mutex);
    if (!spool->last || spool->last->bytes >= spool->opt.log_bytes)
        err = start_log(spool);
    struct ss_spool_log *log = spool->last;
    pthread_mutex_unlock(&spool->mutex);
    /* Only this thread appends, and readers stop at log->bytes: the slow part needs no lock. */
    if (!err)
        err = ss_spool_log_append(log, spool->pending.p, spool->pending.n);
    pthread_mutex_lock(&spool->mutex);
    if (!err)
        err = ss_spool_log_count(log, spool->pending_n);
    if (!err) {
        log->bytes += spool->pending.n;
        spool->waiting += spool->pending_n;
        spool->next_seq += spool->pending_n;
        prune(spool);
    } else {
        forget_pending(spool);
    }
    pthread_mutex_unlock(&spool->mutex);
    ss_buf_reset(&spool->pending);
    spool->pending_n = 0;
    return err;
}

/* --- reading --- */

static struct ss_spool_log *find_log(struct ss_spool *spool, uint64_t first)
{
    struct ss_spool_log *log = spool->first;
    while (log && log->first != first)
        log = log->next;
    return log;
}

/* The log a reader is in, or the next one when that is gone or read to its end. */
static struct ss_spool_log *log_at(struct ss_spool *spool, struct ss_spool_at *at)
{
    struct ss_spool_log *log = spool->first;
    while (log && (log->first < at->log || (log->first == at->log && at->offset >= log->bytes && log->next)))
        log = log->next;
    if (log && log->first != at->log)
        *at = (struct ss_spool_at){log->first, 0};
    return log;
}

int ss_spool_next(struct ss_spool *spool, struct ss_spool_at *at, struct ss_spool_at *where,
                  struct ss_buf *line, struct ss_spooled *message)
{
    int got = 0;
    pthread_mutex_lock(&spool->mutex);
    for (struct ss_spool_log *log; !got && (log = log_at(spool, at)) && at->offset < log->bytes;) {
        uint64_t from = at->offset;
        int err = ss_spool_log_read(log, from, line);
        if (err) {
            got = err;
            break;
        }
        at->offset += line->n + 1;
        if (!ss_spool_line_read((struct ss_str){line->p, line->n}, message)) {
            ss_warn("spool '%s': a damaged message at byte %llu of log %llu is skipped", spool->dir,
                    (unsigned long long)from, (unsigned long long)log->first);
            continue;
        }
        if (ss_spool_log_is_done(log, message->seq))
            continue;
        *where = (struct ss_spool_at){log->first, from};
        got = 1;
    }
    pthread_mutex_unlock(&spool->mutex);
    return got;
}

int ss_spool_reread(struct ss_spool *spool, struct ss_spool_at where, struct ss_buf *line,
                    struct ss_spooled *message)
{
    pthread_mutex_lock(&spool->mutex);
    struct ss_spool_log *log = find_log(spool, where.log);
    int err =
        log ? ss_spool_log_read(log, where.offset, line) : ss_fail(SS_EBUG, "a log is gone from the spool");
    if (err >= 0 && !ss_spool_line_read((struct ss_str){line->p, line->n}, message))
        err = ss_fail(SS_EIO, "spool '%s' has changed under its reader", spool->dir);
    pthread_mutex_unlock(&spool->mutex);
    return err < 0 ? err : 0;
}

static int mark(struct ss_spool *spool, struct ss_spool_at where, uint64_t seq, const char *how)
{
    pthread_mutex_lock(&spool->mutex);
    struct ss_spool_log *log = find_log(spool, where.log);
    int err = log ? ss_spool_log_mark(log, spool->dir, seq, how) : 0;
    if (err >= 0 && log) {
        spool->waiting -= (uint64_t)err;
        err = 0;
        prune(spool);
    }
    pthread_mutex_unlock(&spool->mutex);
    return err;
}

int ss_spool_sent(struct ss_spool *spool, struct ss_spool_at where, uint64_t seq)
{
    return mark(spool, where, seq, "sent");
}

static int append_dead(struct ss_spool *spool, const char *bytes, size_t n)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/dead.ndjson", spool->dir);
    int fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return ss_fail_errno(SS_ECREATE, "cannot create '%s'", path);
    int err = ss_spool_log_write(fd, path, bytes, n);
    if (!err && fsync(fd) < 0)
        err = ss_fail_errno(SS_EIO, "cannot write '%s'", path);
    close(fd);
    return err ? err : ss_spool_sync_dir(spool->dir);
}

int ss_spool_dead(struct ss_spool *spool, struct ss_spool_at where, const struct ss_spooled *m,
                  const char *why, uint32_t tries)
{
    struct ss_buf line;
    char now[SS_TIME_TEXT];
    ss_buf_init(&line, LINE_BYTES);
    ss_buf_puts(&line, "{\"at\":");
    ss_json_put_string(&line, (struct ss_str){now, ss_time_print(ss_clock_wall_us(), now)});
    ss_json_key(&line, "to");
    ss_json_put_string(&line, m->to);
    ss_json_key(&line, "id");
    ss_json_put_string(&line, m->id);
    ss_json_key(&line, "why");
    ss_json_put_string(&line, ss_str_of(why));
    ss_json_key(&line, "tries");
    ss_json_put_int(&line, tries);
    ss_json_key(&line, "body");
    ss_buf_put(&line, m->body.p, m->body.n);
    ss_buf_puts(&line, "}\n");
    int err = ss_buf_check(&line);
    err = err ? err : append_dead(spool, line.p, line.n);
    ss_buf_free(&line);
    return err ? err : mark(spool, where, m->seq, "dead");
}

uint64_t ss_spool_waiting(struct ss_spool *spool)
{
    pthread_mutex_lock(&spool->mutex);
    uint64_t n = spool->waiting;
    pthread_mutex_unlock(&spool->mutex);
    return n;
}

/* --- opening --- */

static int take_lock(struct ss_spool *spool)
{
    char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/lock", spool->dir);
    bool made = mkdir(spool->dir, 0700) == 0;
    if (!made && errno != EEXIST)
        return ss_fail_errno(SS_ECREATE, "cannot create spool '%s'", spool->dir);
    if (made) {
        snprintf(path, sizeof path, "%s/..", spool->dir);
        int err = ss_spool_sync_dir(path);
        if (err)
            return err;
        snprintf(path, sizeof path, "%s/lock", spool->dir);
    }
    spool->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (spool->lock_fd < 0)
        return ss_fail_errno(SS_ECREATE, "cannot create '%s'", path);
    if (flock(spool->lock_fd, LOCK_EX | LOCK_NB) == 0)
        return 0;
    return errno == EWOULDBLOCK ? ss_fail(SS_ECREATE, "spool '%s' is in use by another process", spool->dir)
                                : ss_fail_errno(SS_ECREATE, "cannot lock '%s'", path);
}

static int compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return x < y ? -1 : x > y;
}

/* The logs' numbers, in order. */
static int list_logs(const char *dir, uint64_t **numbers, size_t *n)
{
    DIR *d = opendir(dir);
    size_t cap = 0;
    if (!d)
        return ss_fail_errno(SS_ENOINPUT, "cannot open '%s'", dir);
    int err = 0;
    for (struct dirent *entry; !err && (entry = readdir(d));) {
        uint64_t number;
        if (!ss_spool_log_number(entry->d_name, &number))
            continue;
        if (*n == cap) {
            cap = cap ? cap * 2 : 64;
            uint64_t *more = realloc(*numbers, cap * sizeof *more);
            if (!more) {
                err = ss_fail(SS_ENOMEM, "out of memory for spool '%s'", dir);
                break;
            }
            *numbers = more;
        }
        (*numbers)[(*n)++] = number;
    }
    closedir(d);
    if (*n)
        qsort(*numbers, *n, sizeof **numbers, compare);
    return err;
}

static void note_line(void *arg, const struct ss_spooled *m)
{
    struct ss_spool *spool = arg;
    (void)seen(spool, hash_of(m->to, m->id));
    if (m->seq >= spool->next_seq)
        spool->next_seq = m->seq + 1;
}

static int open_logs(struct ss_spool *spool)
{
    uint64_t *numbers = NULL;
    size_t n = 0;
    int err = list_logs(spool->dir, &numbers, &n);
    for (size_t i = 0; i < n && !err; i++) {
        struct ss_spool_log *log;
        err = ss_spool_log_open(spool->dir, numbers[i], note_line, spool, &log);
        if (err)
            break;
        if (i + 1 < n)
            ss_spool_log_close(log);
        *(spool->last ? &spool->last->next : &spool->first) = log;
        spool->last = log;
        spool->waiting += log->waiting;
        if (spool->next_seq < log->first + log->lines)
            spool->next_seq = log->first + log->lines;
    }
    free(numbers);
    return err;
}

int ss_spool_open(const char *dir, const struct ss_spool_options *opt, struct ss_spool **out)
{
    struct ss_spool *spool = calloc(1, sizeof *spool);
    if (!spool)
        return ss_fail(SS_ENOMEM, "out of memory for spool '%s'", dir);
    pthread_mutex_init(&spool->mutex, NULL);
    ss_buf_init(&spool->pending, PENDING_MAX);
    spool->lock_fd = -1;
    spool->next_seq = 1;
    if (opt)
        spool->opt = *opt;
    if (!spool->opt.log_bytes)
        spool->opt.log_bytes = SS_SPOOL_LOG_BYTES;
    if (!spool->opt.keep_bytes)
        spool->opt.keep_bytes = SS_SPOOL_KEEP_BYTES;
    spool->dir = strdup(dir);
    int err = spool->dir ? 0 : ss_fail(SS_ENOMEM, "out of memory for spool '%s'", dir);
    err = err ? err : take_lock(spool);
    err = err ? err : open_logs(spool);
    if (err) {
        ss_spool_close(spool);
        return err;
    }
    *out = spool;
    return 0;
}

void ss_spool_close(struct ss_spool *spool)
{
    if (!spool)
        return;
    for (struct ss_spool_log *log = spool->first, *next; log; log = next) {
        next = log->next;
        ss_spool_log_free(log);
    }
    if (spool->lock_fd >= 0)
        close(spool->lock_fd);
    ss_buf_free(&spool->pending);
    pthread_mutex_destroy(&spool->mutex);
    free(spool->dir);
    free(spool);
}
