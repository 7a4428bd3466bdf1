#include "cmd/ss-serve/streamer.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/log.h"
#include "io/port.h"
#include "io/property.h"
#include "web/stream.h"
#include <stdlib.h>

#define CHECK_NS ((int64_t)2000000000)
#define WAIT_NS  ((int64_t)500000000)

struct ss_streamer {
    struct ss_gate *gate;
    struct ss_stream stream;
    struct ss_sink *sink; /* the thread's own; NULL: to be opened */
    int64_t checked_ns;
    char uri[2048], topic[256], key[128];
    pthread_t thread;
    /* Between threads. */
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct ss_task *first, *last;
    int waiting;
    bool closing;
    uint64_t streamed;
    char fault[256];
};

bool ss_streamer_up(const struct ss_streamer *s)
{
    return s && s->stream.up;
}

bool ss_streamer_put(struct ss_streamer *s, struct ss_task *task)
{
    task->next = NULL;
    pthread_mutex_lock(&s->lock);
    bool fits = !s->closing && s->waiting < SS_STREAMER_LIMIT;
    if (fits) {
        *(s->last ? &s->last->next : &s->first) = task;
        s->last = task;
        if (s->waiting++ == 0)
            pthread_cond_signal(&s->more);
    }
    pthread_mutex_unlock(&s->lock);
    return fits;
}

void ss_streamer_look(struct ss_streamer *s, struct ss_facts *facts)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    facts->stream_there = true;
    facts->stream_up = s->stream.up;
    facts->streamed = s->streamed;
    facts->stream_waiting = s->waiting;
    memcpy(facts->stream_fault, s->fault, sizeof facts->stream_fault);
    pthread_mutex_unlock(&s->lock);
}

/* ---- the stream ---- */

static int put(void *ctx, struct ss_str key, struct ss_str line)
{
    struct ss_streamer *s = ctx;
    const struct ss_message msg = {.bytes = line.p, .len = line.n, .key = key};
    int err = s->sink->ops->put(s->sink, &msg);
    return err == SS_TOO_LONG ? ss_fail(SS_EDATA, "the message is too long") : err;
}

static int sync_all(void *ctx)
{
    struct ss_streamer *s = ctx;
    return ss_sink_sync(s->sink);
}

/* It is there, or not; whoever asks for the server's health hears of it. */
static void note(struct ss_streamer *s, int err)
{
    bool was = s->stream.up, first = !*s->fault;
    pthread_mutex_lock(&s->lock);
    s->stream.up = !err;
    snprintf(s->fault, sizeof s->fault, "%s", err ? ss_err_text() : "");
    pthread_mutex_unlock(&s->lock);
    if (err && (was || first))
        ss_warn("payments cannot be handed on: %s", ss_err_text());
    else if (!err && !was)
        ss_info("payments are handed on to '%s'", s->topic);
}

/* After a failure what is on its way is thrown away, so that it is not acknowledged behind our back. */
static void fail(struct ss_streamer *s, int err)
{
    note(s, err);
    (void)!ss_sink_close(s->sink);
    s->sink = NULL;
}

static void check(struct ss_streamer *s)
{
    int64_t now_ns = ss_clock_mono_ns();
    if (s->checked_ns && now_ns - s->checked_ns < CHECK_NS)
        return;
    int err = s->sink ? s->sink->ops->check(s->sink) : ss_sink_open(s->uri, &s->sink);
    if (err)
        ss_debug("the stream is away: %s", ss_err_text());
    note(s, err);
    s->checked_ns = ss_clock_mono_ns();
}

/* ---- the thread ---- */

static struct ss_task *wait_for_work(struct ss_streamer *s, struct ss_call **calls, size_t *n, bool *closing)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_nsec += WAIT_NS;
    until.tv_sec += until.tv_nsec / 1000000000;
    until.tv_nsec %= 1000000000;
    pthread_mutex_lock(&s->lock);
    while (!s->first && !s->closing)
        if (pthread_cond_clockwait(&s->more, &s->lock, CLOCK_MONOTONIC, &until) != 0)
            break;
    struct ss_task *tasks = s->first, *last = NULL;
    *n = 0;
    for (struct ss_task *t = tasks; t && *n < SS_STREAM_MAX; t = t->next) {
        calls[(*n)++] = &t->call;
        last = t;
    }
    s->first = last ? last->next : NULL;
    if (!s->first)
        s->last = NULL;
    if (last)
        last->next = NULL;
    s->waiting -= (int)*n;
    *closing = s->closing && !s->first;
    pthread_mutex_unlock(&s->lock);
    return tasks;
}

static void count(struct ss_streamer *s, struct ss_call **calls, size_t n)
{
    uint64_t taken = 0;
    for (size_t i = 0; i < n; i++)
        taken += calls[i]->res.status == 202;
    pthread_mutex_lock(&s->lock);
    s->streamed += taken;
    pthread_mutex_unlock(&s->lock);
}

static void *work(void *arg)
{
    struct ss_streamer *s = arg;
    struct ss_call *calls[SS_STREAM_MAX];
    bool closing = false;
    pthread_setname_np(pthread_self(), "streamer");
    while (!closing) {
        size_t n;
        struct ss_task *tasks = wait_for_work(s, calls, &n, &closing);
        int err = n ? ss_stream_calls(&s->stream, calls, n) : 0;
        if (err && s->stream.up)
            fail(s, err);
        count(s, calls, n);
        for (struct ss_task *next; tasks; tasks = next) {
            next = tasks->next;
            tasks->next = NULL;
            ss_gate_pass(s->gate, tasks);
        }
        if (n == 0 && !closing)
            check(s);
    }
    return NULL;
}

/* The topic's name, and the field that is the key, from the URI. */
static int read_uri(struct ss_streamer *s, const char *uri)
{
    if (strlen(uri) >= sizeof s->uri)
        return ss_fail(SS_EUSAGE, "the URI of the stream is too long");
    snprintf(s->uri, sizeof s->uri, "%s", uri);
    int err = ss_uri_key(uri, s->key, sizeof s->key);
    if (!err && strstr(uri, "exactly_once=1"))
        err = ss_fail(SS_EUSAGE, "--stream acknowledges each payment by itself: leave out exactly_once=1");
    if (err)
        return err;
    if (!*s->key)
        snprintf(s->key, sizeof s->key, "user_id");
    const char *query = strchr(uri, '?');
    const char *end = query ? query : uri + strlen(uri), *from = end;
    while (from > uri && from[-1] != '/')
        from--;
    snprintf(s->topic, sizeof s->topic, "%.*s", (int)(end - from), from);
    return 0;
}

int ss_streamer_open(struct ss_gate *gate, const char *uri, struct ss_streamer **out)
{
    struct ss_streamer *s = calloc(1, sizeof *s);
    if (!s)
        return ss_fail(SS_ENOMEM, "out of memory");
    s->gate = gate;
    pthread_mutex_init(&s->lock, NULL);
    pthread_cond_init(&s->more, NULL);
    const struct ss_stream_out to = {.put = put, .sync = sync_all, .ctx = s, .name = s->topic, .key = s->key};
    int err = read_uri(s, uri);
    if (!err && !ss_property_get("message.timeout.ms"))
        err = ss_property_set("message.timeout.ms=5000"); /* somebody waits for the answer */
    if (!err)
        err = ss_stream_open(&s->stream, &to);
    if (!err && pthread_create(&s->thread, NULL, work, s) != 0)
        err = ss_fail_errno(SS_ENOMEM, "cannot start a thread");
    if (err) {
        ss_stream_close(&s->stream);
        free(s);
        return err;
    }
    gate->web->stream = &s->stream;
    *out = s;
    return 0;
}

void ss_streamer_close(struct ss_streamer *s)
{
    if (!s)
        return;
    pthread_mutex_lock(&s->lock);
    s->closing = true;
    pthread_cond_signal(&s->more);
    pthread_mutex_unlock(&s->lock);
    pthread_join(s->thread, NULL);
    if (s->sink && ss_sink_close(s->sink))
        ss_warn("the stream did not end well: %s", ss_err_text());
    ss_stream_close(&s->stream);
    free(s);
}
