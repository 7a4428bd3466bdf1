#include "alert/deliver.h"
#include "alert/message.h"
#include "alert/send.h"
#include "base/clock.h"
#include "base/err.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/rng.h"
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>

#define WINDOW       1024 /* messages of one destination that are looked at; the rest stay on disk */
#define LINE_BYTES   ((size_t)4 << 20)
#define LOOK_NS      ((int64_t)1000000000)
#define STOP_LOOK_NS ((int64_t)50000000) /* how soon a stop request is seen */

/* A message under way: what it says stays on disk. */
struct waiting {
    struct ss_spool_at where;
    uint64_t seq, lane;
    int64_t due_ns;
    uint32_t tries;
    bool busy;
};

/* A destination and its messages. */
struct office {
    struct ss_delivery *delivery;
    const struct ss_destination *to;
    pthread_mutex_t mutex; /* guards all below */
    struct ss_spool_at at;
    struct waiting waiting[WINDOW]; /* in order */
    uint32_t n, fails;              /* fails: tries in a row that nobody answered */
    int64_t pause_until_ns;
    bool complained;
    struct ss_buf line; /* for looking ahead */
};

struct ss_delivery {
    const struct ss_routes *routes;
    struct ss_spool *spool;
    struct office *office;
    pthread_t *thread;
    uint32_t threads;
    atomic_bool quit, give_up;
    atomic_uint_fast64_t sent, dead, failed_tries;
    uint64_t orphans; /* messages in the spool for destinations that are no more */
    /* Held for a moment only, never while anything is read or sent: the stream may take it. */
    pthread_mutex_t mutex;
    pthread_cond_t changed; /* there are new messages, one was dealt with, or it is time to leave */
    uint64_t changes;
};

int64_t ss_delivery_backoff_us(const struct ss_destination *to, struct ss_str id, uint32_t tries)
{
    int64_t wait_us = to->backoff_us;
    for (uint32_t i = 1; i < tries && wait_us < to->backoff_max_us; i++)
        wait_us *= 2;
    if (wait_us > to->backoff_max_us)
        wait_us = to->backoff_max_us;
    struct ss_rng rng;
    ss_rng_seed(&rng, ss_hash64_seed(id.p, id.n, tries));
    return wait_us / 2 + (int64_t)ss_rng_below(&rng, (uint64_t)(wait_us - wait_us / 2) + 1);
}

static struct timespec to_timespec(int64_t ns)
{
    return (struct timespec){.tv_sec = ns / 1000000000, .tv_nsec = ns % 1000000000};
}

void ss_delivery_wake(struct ss_delivery *d)
{
    pthread_mutex_lock(&d->mutex);
    d->changes++;
    pthread_cond_broadcast(&d->changed);
    pthread_mutex_unlock(&d->mutex);
}

/* --- one destination --- */

/* Reads ahead until the window is full. */
static void look_ahead(struct office *o)
{
    struct ss_spooled m;
    struct ss_spool_at where;
    while (o->n < WINDOW) {
        int got = ss_spool_next(o->delivery->spool, &o->at, &where, &o->line, &m);
        if (got < 0 && !o->complained) {
            ss_error("%s: delivery to '%s' waits", ss_err_text(), o->to->name);
            o->complained = true;
        }
        if (got <= 0)
            return;
        if (ss_str_is(m.to, o->to->name))
            o->waiting[o->n++] =
                (struct waiting){.where = where, .seq = m.seq, .lane = ss_hash64(m.key.p, m.key.n)};
    }
}

static bool lane_is_free(const struct office *o, uint32_t i)
{
    for (uint32_t j = 0; j < i; j++)
        if (o->waiting[j].lane == o->waiting[i].lane)
            return false;
    return true;
}

/* The first message whose turn it is, or NULL, and when to look again. */
static struct waiting *choose(struct office *o, int64_t now_ns, int64_t *look_ns)
{
    *look_ns = now_ns + LOOK_NS;
    if (o->pause_until_ns > now_ns) {
        *look_ns = o->pause_until_ns;
        return NULL;
    }
    for (uint32_t i = 0; i < o->n; i++) {
        struct waiting *w = &o->waiting[i];
        if (w->busy || !lane_is_free(o, i))
            continue;
        if (w->due_ns <= now_ns)
            return w;
        if (w->due_ns < *look_ns)
            *look_ns = w->due_ns;
    }
    return NULL;
}

static struct waiting *find(struct office *o, uint64_t seq)
{
    uint32_t i = 0;
    while (o->waiting[i].seq != seq)
        i++;
    return &o->waiting[i];
}

static void take_out(struct office *o, uint64_t seq)
{
    struct waiting *w = find(o, seq);
    size_t behind = o->n - (size_t)(w - o->waiting) - 1;
    memmove(w, w + 1, behind * sizeof *w);
    o->n--;
}

static void complain(struct office *o, const struct ss_sent *sent, struct ss_str id)
{
    if (!o->complained)
        ss_warn("'%s' has not taken alert message %.*s: %s; it will be tried again", o->to->name, (int)id.n,
                id.p, sent->why);
    o->complained = true;
}

/* After a failed try: the message waits, or is given up. Called and left with the lock held. */
static void retry(struct office *o, struct waiting *w, const struct ss_spooled *m, const struct ss_sent *sent)
{
    struct ss_delivery *d = o->delivery;
    int64_t now_ns = ss_clock_mono_ns();
    uint64_t seq = w->seq;
    uint32_t tries = ++w->tries;
    struct ss_spool_at where = w->where;
    atomic_fetch_add(&d->failed_tries, 1);
    int64_t wait_us = ss_delivery_backoff_us(o->to, m->id, tries);
    int64_t asked_us =
        sent->retry_after_us < o->to->backoff_max_us ? sent->retry_after_us : o->to->backoff_max_us;
    w->due_ns = now_ns + 1000 * (asked_us > wait_us ? asked_us : wait_us);
    if (sent->nobody && now_ns >= o->pause_until_ns) {
        o->fails++;
        o->pause_until_ns = now_ns + 1000 * ss_delivery_backoff_us(o->to, m->id, o->fails);
    }
    if (tries < o->to->tries) {
        w->busy = false;
        complain(o, sent, m->id);
        return;
    }
    pthread_mutex_unlock(&o->mutex);
    int err = ss_spool_dead(d->spool, where, m, sent->why, tries);
    if (err)
        ss_error("%s: message %.*s stays in the spool", ss_err_text(), (int)m->id.n, m->id.p);
    else
        ss_warn("'%s' has not taken alert message %.*s in %u tries (%s): now a dead letter", o->to->name,
                (int)m->id.n, m->id.p, tries, sent->why);
    atomic_fetch_add(&d->dead, 1);
    pthread_mutex_lock(&o->mutex);
    take_out(o, seq);
}

/* Called and left with the lock held. */
static void deliver(struct office *o, struct waiting *w, struct ss_http *http, struct ss_buf *line)
{
    struct ss_delivery *d = o->delivery;
    struct ss_spool_at where = w->where;
    uint64_t seq = w->seq;
    struct ss_spooled m;
    struct ss_sent sent;
    w->busy = true;
    pthread_mutex_unlock(&o->mutex);
    int err = ss_spool_reread(d->spool, where, line, &m);
    if (err) {
        ss_error("%s: an alert message for '%s' is lost", ss_err_text(), o->to->name);
        (void)!ss_spool_sent(d->spool, where, seq);
    } else {
        ss_send(o->to, &m, http, &d->give_up, &sent);
        if (sent.arrived && ss_spool_sent(d->spool, where, seq) < 0)
            ss_warn("%s: message %.*s may be sent again", ss_err_text(), (int)m.id.n, m.id.p);
    }
    pthread_mutex_lock(&o->mutex);
    if (err || sent.arrived) {
        atomic_fetch_add(&d->sent, sent.arrived);
        o->fails = 0;
        o->complained = false;
        take_out(o, seq);
    } else if (atomic_load(&d->give_up)) {
        find(o, seq)->busy = false; /* broken off by us */
    } else {
        retry(o, find(o, seq), &m, &sent);
    }
    ss_delivery_wake(d);
}

static uint64_t changes(struct ss_delivery *d)
{
    pthread_mutex_lock(&d->mutex);
    uint64_t n = d->changes;
    pthread_mutex_unlock(&d->mutex);
    return n;
}

static void await_change(struct ss_delivery *d, uint64_t since, int64_t until_ns)
{
    struct timespec until = to_timespec(until_ns);
    pthread_mutex_lock(&d->mutex);
    while (d->changes == since && ss_clock_mono_ns() < until_ns)
        pthread_cond_timedwait(&d->changed, &d->mutex, &until);
    pthread_mutex_unlock(&d->mutex);
}

static void *work(void *arg)
{
    struct office *o = arg;
    struct ss_delivery *d = o->delivery;
    struct ss_http *http = NULL;
    struct ss_buf line;
    ss_buf_init(&line, LINE_BYTES);
    if (ss_http_new(&http) < 0) {
        ss_error("%s: nothing is delivered to '%s'", ss_err_text(), o->to->name);
        return NULL;
    }
    pthread_mutex_lock(&o->mutex);
    while (!atomic_load(&d->quit)) {
        int64_t look_ns;
        uint64_t now = changes(d);
        look_ahead(o);
        struct waiting *w = choose(o, ss_clock_mono_ns(), &look_ns);
        if (w) {
            deliver(o, w, http, &line);
            continue;
        }
        pthread_mutex_unlock(&o->mutex);
        await_change(d, now, look_ns);
        pthread_mutex_lock(&o->mutex);
    }
    pthread_mutex_unlock(&o->mutex);
    ss_buf_free(&line);
    ss_http_free(http);
    return NULL;
}

/* --- all of them --- */

static void init_lock(struct ss_delivery *d)
{
    pthread_condattr_t attr;
    pthread_mutex_init(&d->mutex, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&d->changed, &attr);
    pthread_condattr_destroy(&attr);
}

static int count_orphans(struct ss_delivery *d)
{
    struct ss_buf line;
    struct ss_spool_at at = {0}, where;
    struct ss_spooled m;
    int got;
    ss_buf_init(&line, LINE_BYTES);
    while ((got = ss_spool_next(d->spool, &at, &where, &line, &m)) > 0) {
        if (ss_routes_find(d->routes, m.to) >= 0)
            continue;
        if (d->orphans++ == 0)
            ss_warn("alert messages for '%.*s' stay in the spool: the routes do not name it", (int)m.to.n,
                    m.to.p);
    }
    ss_buf_free(&line);
    return got;
}

/* Signals are the main thread's: the stop flag is looked at there. */
static int start_threads(struct ss_delivery *d)
{
    sigset_t all, before;
    int r = 0;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    for (uint32_t i = 0; i < d->routes->n && !r; i++)
        for (uint32_t k = 0; k < d->routes->to[i].parallel && !r; k++) {
            r = pthread_create(&d->thread[d->threads], NULL, work, &d->office[i]);
            d->threads += !r;
        }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return r ? ss_fail(SS_ENOMEM, "cannot start a thread for delivery") : 0;
}

int ss_delivery_start(const struct ss_routes *routes, struct ss_spool *spool, struct ss_delivery **out)
{
    struct ss_delivery *d = calloc(1, sizeof *d);
    uint32_t threads = 0;
    for (uint32_t i = 0; i < routes->n; i++)
        threads += routes->to[i].parallel;
    if (!d)
        return ss_fail(SS_ENOMEM, "out of memory for delivery");
    d->routes = routes;
    d->spool = spool;
    init_lock(d);
    d->office = calloc(routes->n + 1, sizeof *d->office);
    d->thread = calloc(threads + 1, sizeof *d->thread);
    int err = d->office && d->thread ? 0 : ss_fail(SS_ENOMEM, "out of memory for delivery");
    for (uint32_t i = 0; i < routes->n && d->office; i++) {
        struct office *o = &d->office[i];
        o->delivery = d;
        o->to = &routes->to[i];
        pthread_mutex_init(&o->mutex, NULL);
        ss_buf_init(&o->line, LINE_BYTES);
    }
    err = err ? err : count_orphans(d);
    err = err ? err : start_threads(d);
    if (err) {
        ss_delivery_stop(d);
        return err;
    }
    *out = d;
    return 0;
}

uint64_t ss_delivery_drain(struct ss_delivery *d, int64_t timeout_us, const volatile int *stop)
{
    int64_t until_ns = ss_clock_mono_ns() + timeout_us * 1000;
    for (;;) {
        uint64_t now = changes(d), left = ss_spool_waiting(d->spool);
        int64_t now_ns = ss_clock_mono_ns(), look_ns = now_ns + STOP_LOOK_NS;
        if (left <= d->orphans || (stop && *stop) || now_ns >= until_ns)
            return left;
        await_change(d, now, look_ns < until_ns ? look_ns : until_ns);
    }
}

struct ss_delivery_counts ss_delivery_stop(struct ss_delivery *d)
{
    if (!d)
        return (struct ss_delivery_counts){0};
    atomic_store(&d->quit, true);
    atomic_store(&d->give_up, true);
    ss_delivery_wake(d);
    for (uint32_t i = 0; i < d->threads; i++)
        pthread_join(d->thread[i], NULL);
    struct ss_delivery_counts n = ss_delivery_counts(d);
    for (uint32_t i = 0; i < d->routes->n && d->office; i++) {
        pthread_mutex_destroy(&d->office[i].mutex);
        ss_buf_free(&d->office[i].line);
    }
    pthread_mutex_destroy(&d->mutex);
    pthread_cond_destroy(&d->changed);
    free(d->office);
    free(d->thread);
    free(d);
    return n;
}

struct ss_delivery_counts ss_delivery_counts(struct ss_delivery *d)
{
    return (struct ss_delivery_counts){atomic_load(&d->sent), atomic_load(&d->dead),
                                       atomic_load(&d->failed_tries)};
}
