#include "cmd/ss-serve/flusher.h"
#include "base/err.h"
#include "store/db.h"
#include <stdlib.h>

#define TOLD_MEMORY ((size_t)8 << 20)

struct ss_flusher {
    struct ss_db *db;
    void (*done)(void *arg, struct ss_promise *promise, int err);
    void *arg;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more, less;
    struct ss_promise *free, *first, *last;
    int promised, tasks; /* not done yet, those that are being flushed among them */
    bool closing, failed;
    struct ss_promise promise[SS_PROMISES];
};

/* All that was promised by now; NULL at the end. */
static struct ss_promise *take_all(struct ss_flusher *f, bool *failed)
{
    pthread_mutex_lock(&f->lock);
    while (!f->first && !f->closing)
        pthread_cond_wait(&f->more, &f->lock);
    struct ss_promise *all = f->first;
    f->first = f->last = NULL;
    *failed = f->failed;
    pthread_mutex_unlock(&f->lock);
    return all;
}

static int tasks_of(const struct ss_promise *promise)
{
    int n = 0;
    for (const struct ss_task *t = promise->tasks; t; t = t->next)
        n++;
    return n;
}

static void *work(void *arg)
{
    struct ss_flusher *f = arg;
    struct ss_promise *promise;
    bool failed;
    pthread_setname_np(pthread_self(), "flusher");
    while ((promise = take_all(f, &failed))) {
        int err =
            failed ? ss_fail(SS_EIO, "what was committed before is not on the disk") : ss_db_flush(f->db);
        if (err) {
            pthread_mutex_lock(&f->lock);
            f->failed = true;
            pthread_mutex_unlock(&f->lock);
        }
        for (struct ss_promise *next; promise; promise = next) {
            next = promise->next;
            int tasks = tasks_of(promise);
            f->done(f->arg, promise, err);
            pthread_mutex_lock(&f->lock);
            f->tasks -= tasks;
            pthread_mutex_unlock(&f->lock);
            ss_flusher_give(f, promise);
        }
    }
    return NULL;
}

int ss_flusher_open(struct ss_db *db, void (*done)(void *arg, struct ss_promise *promise, int err), void *arg,
                    struct ss_flusher **out)
{
    struct ss_flusher *f = calloc(1, sizeof *f);
    if (!f)
        return ss_fail(SS_ENOMEM, "out of memory");
    f->db = db;
    f->done = done;
    f->arg = arg;
    pthread_mutex_init(&f->lock, NULL);
    pthread_cond_init(&f->more, NULL);
    pthread_cond_init(&f->less, NULL);
    for (int i = 0; i < SS_PROMISES; i++) {
        ss_buf_init(&f->promise[i].told, TOLD_MEMORY);
        f->promise[i].next = f->free;
        f->free = &f->promise[i];
    }
    if (pthread_create(&f->thread, NULL, work, f) != 0) {
        free(f);
        return ss_fail_errno(SS_ENOMEM, "cannot start a thread");
    }
    *out = f;
    return 0;
}

void ss_flusher_close(struct ss_flusher *f)
{
    if (!f)
        return;
    pthread_mutex_lock(&f->lock);
    f->closing = true;
    pthread_cond_signal(&f->more);
    pthread_mutex_unlock(&f->lock);
    pthread_join(f->thread, NULL);
    for (int i = 0; i < SS_PROMISES; i++)
        ss_buf_free(&f->promise[i].told);
    pthread_mutex_destroy(&f->lock);
    pthread_cond_destroy(&f->more);
    pthread_cond_destroy(&f->less);
    free(f);
}

struct ss_promise *ss_flusher_take(struct ss_flusher *f)
{
    pthread_mutex_lock(&f->lock);
    while (!f->free)
        pthread_cond_wait(&f->less, &f->lock);
    struct ss_promise *promise = f->free;
    f->free = promise->next;
    f->promised++;
    pthread_mutex_unlock(&f->lock);
    promise->next = NULL;
    promise->tasks = NULL;
    promise->payments = 0;
    ss_buf_reset(&promise->told);
    return promise;
}

void ss_flusher_put(struct ss_flusher *f, struct ss_promise *promise)
{
    int tasks = tasks_of(promise);
    pthread_mutex_lock(&f->lock);
    f->tasks += tasks;
    *(f->last ? &f->last->next : &f->first) = promise;
    f->last = promise;
    pthread_cond_signal(&f->more);
    pthread_mutex_unlock(&f->lock);
}

void ss_flusher_give(struct ss_flusher *f, struct ss_promise *promise)
{
    pthread_mutex_lock(&f->lock);
    promise->next = f->free;
    f->free = promise;
    f->promised--;
    pthread_cond_signal(&f->less);
    pthread_mutex_unlock(&f->lock);
}

int ss_flusher_busy(struct ss_flusher *f)
{
    pthread_mutex_lock(&f->lock);
    int tasks = f->tasks;
    pthread_mutex_unlock(&f->lock);
    return tasks;
}

void ss_flusher_drain(struct ss_flusher *f)
{
    pthread_mutex_lock(&f->lock);
    while (f->promised)
        pthread_cond_wait(&f->less, &f->lock);
    pthread_mutex_unlock(&f->lock);
}

bool ss_flusher_failed(struct ss_flusher *f)
{
    pthread_mutex_lock(&f->lock);
    bool failed = f->failed;
    pthread_mutex_unlock(&f->lock);
    return failed;
}

void ss_flusher_mended(struct ss_flusher *f)
{
    pthread_mutex_lock(&f->lock);
    f->failed = false;
    pthread_mutex_unlock(&f->lock);
}
