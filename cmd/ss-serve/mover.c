#include "cmd/ss-serve/mover.h"
#include "base/err.h"
#include "base/log.h"
#include "store/migrate.h"
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#define NICE 10

struct ss_mover {
    struct ss_db *db;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t more;
    bool runs, wanted, closing;
};

static void *work(void *arg)
{
    struct ss_mover *m = arg;
    pthread_setname_np(pthread_self(), "mover");
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), NICE); /* this thread's alone, in Linux */
    pthread_mutex_lock(&m->lock);
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

void ss_mover_wake(struct ss_mover *m)
{
    pthread_mutex_lock(&m->lock);
    if (!m->wanted)
        pthread_cond_signal(&m->more);
    m->wanted = true;
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
