#include "cmd/ss-serve/task.h"
#include <stdlib.h>

/* What an idle one may keep: its arena's first block and a page of answer. One that grew is let go. */
#define KEEP_BYTES ((size_t)512 << 10)
#define KEEP_TASKS 1024

static void reset(struct ss_task *task, struct ss_web *web)
{
    struct ss_arena arena = task->call.arena;
    struct ss_buf answer = task->call.res.body, faults = task->call.faults, body = task->body;
    (void)ss_call_init(&task->call, web);
    ss_arena_reset(&arena);
    ss_buf_reset(&answer);
    ss_buf_reset(&faults);
    ss_buf_reset(&body);
    task->call.arena = arena;
    task->call.res.body = answer;
    task->call.faults = faults;
    task->body = body;
    task->next = NULL;
    task->conn = NULL;
    task->stream = NULL;
    task->accept_encoding = (struct ss_str){NULL, 0};
    task->whole_ns = 0;
    task->allow = task->upgrade = NULL;
    task->encoding = NULL;
    task->page = task->lasting = task->head = task->options = task->close = false;
}

struct ss_task *ss_task_take(struct ss_task_pool *pool)
{
    struct ss_task *task = pool->free;
    if (task) {
        pool->free = task->next;
        pool->idle--;
        reset(task, pool->web);
        return task;
    }
    task = calloc(1, sizeof *task);
    if (!task)
        return NULL;
    ss_buf_init(&task->body, (size_t)64 << 20); /* routes set narrower limits */
    if (ss_call_init(&task->call, pool->web)) {
        free(task);
        return NULL;
    }
    return task;
}

static void destroy(struct ss_task *task)
{
    ss_call_free(&task->call);
    ss_buf_free(&task->body);
    free(task);
}

void ss_task_give(struct ss_task_pool *pool, struct ss_task *task)
{
    if (!task)
        return;
    if (pool->idle >= KEEP_TASKS || task->call.arena.allocated > KEEP_BYTES ||
        task->call.res.body.cap > KEEP_BYTES || task->body.cap > KEEP_BYTES) {
        destroy(task);
        return;
    }
    task->next = pool->free;
    pool->free = task;
    pool->idle++;
}

void ss_task_pool_free(struct ss_task_pool *pool)
{
    while (pool->free) {
        struct ss_task *task = pool->free;
        pool->free = task->next;
        destroy(task);
    }
    pool->idle = 0;
}
