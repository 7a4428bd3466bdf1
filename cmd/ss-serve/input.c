#include "cmd/ss-serve/input.h"
#include "base/err.h"
#include "base/log.h"
#include "io/port.h"
#include "record/batch.h"
#include <signal.h>
#include <stdlib.h>

#define READ_BYTES ((size_t)256 << 10)

struct ss_live_input {
    struct ss_writer *writer;
    struct ss_source *src;
    pthread_t thread;
    volatile int stop;
    size_t max_record;
    struct ss_buf window; /* from the first line that is not complete */
    bool skipping;        /* within a line that is too long */
    struct ss_str line[SS_BATCH_MAX];
    pthread_mutex_t lock;
    struct ss_live_input_counts counts;
};

static void reject(struct ss_live_input *in, size_t n, const char *why)
{
    pthread_mutex_lock(&in->lock);
    if (n && in->counts.rejected == 0)
        ss_warn("a line of the input was rejected: %s", why);
    in->counts.rejected += n;
    pthread_mutex_unlock(&in->lock);
}

static int hand_on(struct ss_live_input *in, size_t n)
{
    size_t rejected = 0;
    int err = n ? ss_writer_take(in->writer, in->line, n, &rejected) : 0;
    pthread_mutex_lock(&in->lock);
    in->counts.lines += n;
    pthread_mutex_unlock(&in->lock);
    reject(in, rejected, "it is no payment that could be stored");
    return err;
}

/* Hands on the complete lines of the window. */
static int cut(struct ss_live_input *in, bool last)
{
    size_t at = 0, n = 0;
    int err = 0;
    while (at < in->window.n && !err) {
        const char *from = in->window.p + at;
        const char *end = memchr(from, '\n', in->window.n - at);
        if (!end && !last)
            break;
        size_t len = end ? (size_t)(end - from) : in->window.n - at;
        at += len + (end != NULL);
        struct ss_str line = ss_str_trim((struct ss_str){from, len});
        if (in->skipping)
            in->skipping = false;
        else if (line.n > in->max_record)
            reject(in, 1, "it is too long");
        else if (line.n)
            in->line[n++] = line;
        if (n == SS_BATCH_MAX) {
            err = hand_on(in, n);
            n = 0;
        }
    }
    if (!err)
        err = hand_on(in, n);
    memmove(in->window.p, in->window.p + at, in->window.n - at);
    in->window.n -= at;
    if (in->window.n > in->max_record) {
        reject(in, !in->skipping, "it is too long");
        in->skipping = true;
        in->window.n = 0;
    }
    return err;
}

static int read_all(struct ss_live_input *in)
{
    while (!in->stop) {
        char *room = ss_buf_room(&in->window, READ_BYTES);
        if (!room)
            return ss_buf_check(&in->window);
        ssize_t n = ss_source_read(in->src, room, READ_BYTES);
        if (n == SS_AGAIN)
            continue;
        if (n <= 0) {
            int err = cut(in, n == 0);
            return n < 0 ? (int)n : err;
        }
        in->window.n += (size_t)n;
        int err = cut(in, false);
        if (err)
            return err;
    }
    return 0;
}

static void *work(void *arg)
{
    struct ss_live_input *in = arg;
    sigset_t wake;
    pthread_setname_np(pthread_self(), "input");
    sigemptyset(&wake);
    sigaddset(&wake, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &wake, NULL);
    int err = read_all(in);
    pthread_mutex_lock(&in->lock);
    in->counts.ended = true;
    if (err)
        snprintf(in->counts.fault, sizeof in->counts.fault, "%s", ss_err_text());
    pthread_mutex_unlock(&in->lock);
    if (err)
        ss_warn("the input ends: %s", ss_err_text());
    else if (!in->stop)
        ss_info("the input has ended; the server goes on");
    return NULL;
}

static void on_wake(int sig)
{
    (void)sig;
}

int ss_live_input_open(struct ss_writer *writer, const char *uri, size_t max_record,
                       struct ss_live_input **out)
{
    struct ss_live_input *in = calloc(1, sizeof *in);
    const struct sigaction wake = {.sa_handler = on_wake}; /* ends a read that waits */
    if (!in)
        return ss_fail(SS_ENOMEM, "out of memory");
    in->writer = writer;
    in->max_record = max_record;
    in->counts.there = true;
    pthread_mutex_init(&in->lock, NULL);
    ss_buf_init(&in->window, max_record + 4 * READ_BYTES);
    sigaction(SIGUSR1, &wake, NULL);
    int err = ss_source_open(uri, &in->src);
    if (!err && pthread_create(&in->thread, NULL, work, in) != 0) {
        ss_source_close(in->src);
        err = ss_fail_errno(SS_ENOMEM, "cannot start a thread");
    }
    if (err) {
        ss_buf_free(&in->window);
        free(in);
        return err;
    }
    *out = in;
    return 0;
}

void ss_live_input_counts(struct ss_live_input *in, struct ss_live_input_counts *out)
{
    *out = (struct ss_live_input_counts){0};
    if (!in)
        return;
    pthread_mutex_lock(&in->lock);
    *out = in->counts;
    pthread_mutex_unlock(&in->lock);
}

void ss_live_input_close(struct ss_live_input *in)
{
    if (!in)
        return;
    in->stop = 1;
    /* The signal may come just before the read: until the thread has ended. */
    struct timespec wait;
    do {
        pthread_kill(in->thread, SIGUSR1);
        clock_gettime(CLOCK_REALTIME, &wait);
        wait.tv_nsec += 50000000;
        wait.tv_sec += wait.tv_nsec / 1000000000;
        wait.tv_nsec %= 1000000000;
    } while (pthread_timedjoin_np(in->thread, NULL, &wait) != 0);
    ss_source_close(in->src);
    ss_buf_free(&in->window);
    free(in);
}
