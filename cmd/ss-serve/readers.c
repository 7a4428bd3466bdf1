#include "cmd/ss-serve/readers.h"
#include "base/err.h"
#include "base/log.h"
#include "store/migrate.h"
#include <stdlib.h>

struct reader {
    pthread_t thread;
    struct ss_db *db;
    struct ss_readers *all;
    bool runs, takes_long;
};

/* One queue, first come first served, of which all readers but the first pass the long ones over: who asks
 * for files, one after the other, keeps nobody from signing in. */
struct ss_readers {
    struct ss_gate *gate;
    pthread_mutex_t lock;
    pthread_cond_t more;
    struct ss_task *first;
    int waiting, waiting_long;
    bool closed;
    int n;
    struct reader reader[];
};

static bool is_long(const struct ss_task *task)
{
    return (task->call.then ? task->call.then_run : task->call.route->run) == SS_RUN_LONG;
}

/* The place of the first task that this reader takes. */
static struct ss_task **first_for(const struct reader *self)
{
    struct ss_task **at = &self->all->first;
    while (*at && is_long(*at) && !self->takes_long)
        at = &(*at)->next;
    return at;
}

/* Waits for one. NULL once all is closed and done. */
static struct ss_task *take(struct reader *self)
{
    struct ss_readers *all = self->all;
    struct ss_task **at;
    pthread_mutex_lock(&all->lock);
    while (!*(at = first_for(self)) && !all->closed)
        pthread_cond_wait(&all->more, &all->lock);
    struct ss_task *task = *at;
    if (task) {
        *at = task->next;
        task->next = NULL;
        all->waiting--;
        all->waiting_long -= is_long(task);
    }
    pthread_mutex_unlock(&all->lock);
    return task;
}

bool ss_readers_put(struct ss_readers *all, struct ss_task *task)
{
    int is = is_long(task);
    task->next = NULL;
    pthread_mutex_lock(&all->lock);
    bool fits =
        !all->closed && all->waiting < SS_READERS_LIMIT && all->waiting_long + is <= SS_READERS_LIMIT / 4;
    if (fits) {
        struct ss_task **last = &all->first;
        while (*last)
            last = &(*last)->next;
        *last = task;
        all->waiting++;
        all->waiting_long += is;
        pthread_cond_broadcast(&all->more); /* whoever takes it */
    }
    pthread_mutex_unlock(&all->lock);
    return fits;
}

int ss_readers_waiting(struct ss_readers *all)
{
    pthread_mutex_lock(&all->lock);
    int n = all->waiting;
    pthread_mutex_unlock(&all->lock);
    return n;
}

static void *work(void *arg)
{
    struct reader *self = arg;
    struct ss_task *task;
    pthread_setname_np(pthread_self(), "reader");
    while ((task = take(self))) {
        task->call.db = self->db;
        if (ss_db_check(self->db))
            ss_debug("a reader has lost its store: %s", ss_err_text());
        ss_route_run(&task->call);
        task->call.db = NULL;
        ss_gate_pass(self->all->gate, task);
    }
    return NULL;
}

int ss_readers_open(struct ss_gate *gate, const char *uri, int n, struct ss_readers **readers)
{
    const struct ss_db_options opt = {.read_only = true, .must_exist = true};
    struct ss_readers *all = calloc(1, sizeof *all + (size_t)n * sizeof *all->reader);
    if (!all)
        return ss_fail(SS_ENOMEM, "out of memory");
    *readers = all;
    all->gate = gate;
    pthread_mutex_init(&all->lock, NULL);
    pthread_cond_init(&all->more, NULL);
    int err = 0;
    for (; all->n < n && !err; all->n++) {
        struct reader *r = &all->reader[all->n];
        r->all = all;
        r->takes_long = all->n == 0;
        err = ss_store_open(uri, &opt, &r->db);
        if (!err && pthread_create(&r->thread, NULL, work, r) != 0)
            err = ss_fail_errno(SS_ENOMEM, "cannot start a thread");
        r->runs = !err;
    }
    if (err) {
        ss_readers_close(all);
        *readers = NULL;
    }
    return err;
}

void ss_readers_close(struct ss_readers *readers)
{
    if (!readers)
        return;
    pthread_mutex_lock(&readers->lock);
    readers->closed = true;
    pthread_cond_broadcast(&readers->more);
    pthread_mutex_unlock(&readers->lock);
    for (int i = 0; i < readers->n; i++) {
        if (readers->reader[i].runs)
            pthread_join(readers->reader[i].thread, NULL);
        ss_db_close(readers->reader[i].db);
    }
    pthread_mutex_destroy(&readers->lock);
    pthread_cond_destroy(&readers->more);
    free(readers);
}
