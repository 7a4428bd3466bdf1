#include "cmd/ss-serve/readers.h"
#include "base/err.h"
#include "base/log.h"
#include "store/migrate.h"
#include <stdlib.h>

struct reader {
    pthread_t thread;
    struct ss_db *db;
    struct ss_readers *all;
    bool runs;
};

struct ss_readers {
    struct ss_gate *gate;
    struct ss_task_queue queue;
    int n;
    struct reader reader[];
};

static void *work(void *arg)
{
    struct reader *self = arg;
    struct ss_task *task;
    pthread_setname_np(pthread_self(), "reader");
    while ((task = ss_task_queue_take(&self->all->queue))) {
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
    ss_task_queue_init(&all->queue, SS_READERS_LIMIT);
    int err = 0;
    for (; all->n < n && !err; all->n++) {
        struct reader *r = &all->reader[all->n];
        r->all = all;
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

bool ss_readers_put(struct ss_readers *readers, struct ss_task *task)
{
    return ss_task_queue_put(&readers->queue, task);
}

int ss_readers_waiting(struct ss_readers *readers)
{
    return ss_task_queue_length(&readers->queue);
}

void ss_readers_close(struct ss_readers *readers)
{
    if (!readers)
        return;
    ss_task_queue_close(&readers->queue);
    for (int i = 0; i < readers->n; i++) {
        if (readers->reader[i].runs)
            pthread_join(readers->reader[i].thread, NULL);
        ss_db_close(readers->reader[i].db);
    }
    ss_task_queue_free(&readers->queue);
    free(readers);
}
