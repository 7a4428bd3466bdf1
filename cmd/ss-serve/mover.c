#include "cmd/ss-serve/mover.h"
#include "base/err.h"
#include "base/log.h"
#include "store/migrate.h"
#include <pthread.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

struct ss_mover {
    struct ss_db *db;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    pid_t tid; /* its thread's own number, once it works */
    bool runs, wanted, closing;
};

/* SCHED_IDLE: whoever else has something to do does it at once, not when this one's turn is over. */
static void give_way(const struct ss_mover *m, bool to_all)
{
    const struct sched_param none = {0};
    (void)sched_setscheduler(m->tid, to_all ? SCHED_IDLE : SCHED_OTHER, &none);
}

static void *work(void *arg)
{
    struct ss_mover *m = arg;
    pthread_setname_np(pthread_self(), "mover");
    pthread_mutex_lock(&m->lock);
    m->tid = gettid();
    give_way(m, true);
    while (!m->closing) {
        if (!m->wanted) {
            pthread_cond_wait(&m->more, &m->lock);
            continue;
        }
        pthread_mutex_unlock(&m->lock);
        if (ss_db_checkpoint(m->db))
            ss_warn("the store's log stays long: %s", ss_err_text());
        pthread_mutex_lock(&m->lock);
        m->wanted = false; /* what came meanwhile asks again */
        give_way(m, true);
    }
    pthread_mutex_unlock(&m->lock);
    return NULL;
}

int ss_mover_open(const char *uri, struct ss_mover **out)
{
    const struct ss_db_options opt = {.must_exist = true, .busy_timeout_ms = 1000};
    struct ss_mover *m = calloc(1, sizeof *m);
    if (!m)
        return ss_fail(SS_ENOMEM, "out of memory");
    *out = m;
    pthread_mutex_init(&m->lock, NULL);
    pthread_cond_init(&m->more, NULL);
    int err = ss_store_open(uri, &opt, &m->db);
    if (!err && pthread_create(&m->thread, NULL, work, m) != 0)
        err = ss_fail_errno(SS_ENOMEM, "cannot start a thread");
    m->runs = !err;
    return err;
}

void ss_mover_wake(struct ss_mover *m, bool urgent)
{
    pthread_mutex_lock(&m->lock);
    if (!m->wanted)
        pthread_cond_signal(&m->more);
    m->wanted = true;
    if (urgent && m->tid)
        give_way(m, false);
    pthread_mutex_unlock(&m->lock);
}

void ss_mover_close(struct ss_mover *m)
{
    if (!m)
        return;
    pthread_mutex_lock(&m->lock);
    m->closing = true;
    pthread_cond_signal(&m->more);
    pthread_mutex_unlock(&m->lock);
    if (m->runs)
        pthread_join(m->thread, NULL);
    ss_db_close(m->db);
    pthread_mutex_destroy(&m->lock);
    pthread_cond_destroy(&m->more);
    free(m);
}
