#include "gen/queue.h"
#include "base/err.h"
#include <stdlib.h>

void ss_queue_init(struct ss_queue *queue, uint32_t ceiling)
{
    *queue = (struct ss_queue){.ceiling = ceiling};
}

void ss_queue_free(struct ss_queue *queue)
{
    free(queue->heap);
    free(queue->pool);
    free(queue->free_slot);
    *queue = (struct ss_queue){.ceiling = queue->ceiling};
}

static bool before(const struct ss_queue_entry *a, const struct ss_queue_entry *b)
{
    return a->at_us != b->at_us ? a->at_us < b->at_us : a->order < b->order;
}

static int grow(struct ss_queue *queue)
{
    uint32_t cap = queue->cap ? queue->cap * 2 : 1024;
    if (cap > queue->ceiling)
        return ss_fail(SS_ENOMEM, "more than %u payments are waiting for their time", queue->ceiling);
    struct ss_queue_entry *heap = realloc(queue->heap, cap * sizeof *heap);
    if (heap)
        queue->heap = heap;
    struct ss_payment *pool = realloc(queue->pool, cap * sizeof *pool);
    if (pool)
        queue->pool = pool;
    uint32_t *slot = realloc(queue->free_slot, cap * sizeof *slot);
    if (slot)
        queue->free_slot = slot;
    if (!heap || !pool || !slot)
        return ss_fail(SS_ENOMEM, "out of memory for %u waiting payments", cap);
    for (uint32_t i = queue->cap; i < cap; i++)
        slot[i] = i;
    queue->cap = cap;
    return 0;
}

int ss_queue_push(struct ss_queue *queue, int64_t at_us, const struct ss_payment *pay)
{
    if (queue->n == queue->cap && grow(queue) < 0)
        return SS_ENOMEM;
    /* free_slot[n..cap) are the free ones */
    struct ss_queue_entry e = {at_us, queue->order++, queue->free_slot[queue->n]};
    uint32_t i = queue->n++;
    queue->pool[e.slot] = *pay;
    for (; i && before(&e, &queue->heap[(i - 1) / 2]); i = (i - 1) / 2)
        queue->heap[i] = queue->heap[(i - 1) / 2];
    queue->heap[i] = e;
    return 0;
}

void ss_queue_pop(struct ss_queue *queue, struct ss_payment *pay)
{
    uint32_t slot = queue->heap[0].slot, n = --queue->n, i = 0;
    struct ss_queue_entry last = queue->heap[n];
    *pay = queue->pool[slot];
    queue->free_slot[n] = slot;
    for (;;) {
        uint32_t child = 2 * i + 1;
        if (child >= n)
            break;
        if (child + 1 < n && before(&queue->heap[child + 1], &queue->heap[child]))
            child++;
        if (!before(&queue->heap[child], &last))
            break;
        queue->heap[i] = queue->heap[child];
        i = child;
    }
    queue->heap[i] = last;
}
