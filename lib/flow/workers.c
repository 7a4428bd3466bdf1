#include "flow/workers.h"
#include "base/err.h"
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct worker {
    struct ss_workers *pool;
    pthread_t thread;
    int number, err;
    char message[512];
};

struct ss_workers {
    int n, started;
    pthread_mutex_t lock;
    pthread_cond_t go, done;
    unsigned long round; /* counts jobs: a worker runs when it has not run this one */
    int running;
    bool quit;
    int (*job)(void *arg, int w, int n);
    void *arg;
    struct worker *worker;
};

static void run_one(struct worker *w)
{
    w->err = w->pool->job(w->pool->arg, w->number, w->pool->n);
    if (w->err < 0) { /* messages are per thread: carry it to the caller's */
        strncpy(w->message, ss_err_text(), sizeof w->message - 1);
        w->message[sizeof w->message - 1] = '\0';
    }
}

static void *work(void *arg)
{
    struct worker *w = arg;
    struct ss_workers *pool = w->pool;
    unsigned long seen = 0;
    pthread_mutex_lock(&pool->lock);
    for (;;) {
        while (pool->round == seen && !pool->quit)
            pthread_cond_wait(&pool->go, &pool->lock);
        if (pool->quit)
            break;
        seen = pool->round;
        pthread_mutex_unlock(&pool->lock);
        run_one(w);
        pthread_mutex_lock(&pool->lock);
        if (--pool->running == 0)
            pthread_cond_signal(&pool->done);
    }
    pthread_mutex_unlock(&pool->lock);
    return NULL;
}

static bool start_workers(struct ss_workers *pool)
{
    for (int i = 0; i < pool->n; i++) {
        struct worker *w = &pool->worker[i];
        *w = (struct worker){.pool = pool, .number = i};
        if (i > 0 && pthread_create(&w->thread, NULL, work, w) != 0) {
            (void)ss_fail(SS_ENOMEM, "cannot start worker %d", i);
            return false;
        }
        pool->started = i;
    }
    return true;
}

struct ss_workers *ss_workers_new(int n)
{
    struct ss_workers *pool = calloc(1, sizeof *pool);
    struct worker *worker = calloc((size_t)n, sizeof *worker);
    if (!pool || !worker) {
        free(pool);
        free(worker);
        (void)ss_fail(SS_ENOMEM, "out of memory for %d workers", n);
        return NULL;
    }
    pool->n = n;
    pool->worker = worker;
    pthread_mutex_init(&pool->lock, NULL);
    pthread_cond_init(&pool->go, NULL);
    pthread_cond_init(&pool->done, NULL);
    /* Signals are for the first worker, whose blocked read they interrupt. */
    sigset_t all, before;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    bool started = start_workers(pool);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (!started) {
        ss_workers_free(pool);
        return NULL;
    }
    return pool;
}

void ss_workers_free(struct ss_workers *pool)
{
    if (!pool)
        return;
    pthread_mutex_lock(&pool->lock);
    pool->quit = true;
    pthread_cond_broadcast(&pool->go);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 1; i <= pool->started; i++)
        pthread_join(pool->worker[i].thread, NULL);
    pthread_mutex_destroy(&pool->lock);
    pthread_cond_destroy(&pool->go);
    pthread_cond_destroy(&pool->done);
    free(pool->worker);
    free(pool);
}

int ss_workers_count(const struct ss_workers *pool)
{
    return pool->n;
}

int ss_workers_run(struct ss_workers *pool, int (*job)(void *arg, int w, int n), void *arg)
{
    if (pool->n == 1)
        return job(arg, 0, 1);
    pthread_mutex_lock(&pool->lock);
    pool->job = job;
    pool->arg = arg;
    pool->running = pool->n - 1;
    pool->round++;
    pthread_cond_broadcast(&pool->go);
    pthread_mutex_unlock(&pool->lock);
    run_one(&pool->worker[0]);
    pthread_mutex_lock(&pool->lock);
    while (pool->running)
        pthread_cond_wait(&pool->done, &pool->lock);
    pthread_mutex_unlock(&pool->lock);
    for (int i = 0; i < pool->n; i++)
        if (pool->worker[i].err < 0)
            return ss_fail((enum ss_err)pool->worker[i].err, "%s", pool->worker[i].message);
    return 0;
}
