#include "store/sqlite_kept.h"
#include <stdlib.h>

#define SPARE_MAX 16

void ss_kept_init(struct ss_kept *kept)
{
    *kept = (struct ss_kept){.n = 0};
    pthread_mutex_init(&kept->lock, NULL);
}

static void free_all(struct ss_kept_block *block)
{
    for (struct ss_kept_block *next; block; block = next) {
        next = block->next;
        free(block);
    }
}

void ss_kept_free(struct ss_kept *kept)
{
    free_all(kept->first);
    free_all(kept->spare);
    pthread_mutex_destroy(&kept->lock);
    kept->first = kept->last = kept->spare = NULL;
}

struct ss_kept_block *ss_kept_take(struct ss_kept *kept)
{
    pthread_mutex_lock(&kept->lock);
    struct ss_kept_block *block = kept->spare;
    if (block)
        kept->spare = block->next;
    pthread_mutex_unlock(&kept->lock);
    if (!block)
        block = malloc(sizeof *block);
    if (block) {
        block->next = NULL;
        block->n = 0;
    }
    return block;
}

void ss_kept_give(struct ss_kept *kept, struct ss_kept_block *block)
{
    if (!block)
        return;
    pthread_mutex_lock(&kept->lock);
    block->next = kept->spare;
    kept->spare = block;
    pthread_mutex_unlock(&kept->lock);
}

void ss_kept_put(struct ss_kept *kept, struct ss_kept_block *block)
{
    pthread_mutex_lock(&kept->lock);
    block->number = ++kept->newest;
    block->next = NULL;
    *(kept->last ? &kept->last->next : &kept->first) = block;
    kept->last = block;
    kept->n++;
    pthread_mutex_unlock(&kept->lock);
}

bool ss_kept_full(struct ss_kept *kept)
{
    pthread_mutex_lock(&kept->lock);
    bool full = kept->n >= SS_KEPT_MAX;
    pthread_mutex_unlock(&kept->lock);
    return full;
}

uint64_t ss_kept_newest(struct ss_kept *kept)
{
    pthread_mutex_lock(&kept->lock);
    uint64_t newest = kept->newest;
    pthread_mutex_unlock(&kept->lock);
    return newest;
}

/* Takes the first one out: back to the spare ones, or away. With the lock held. */
static void drop_first(struct ss_kept *kept, int spares)
{
    struct ss_kept_block *block = kept->first;
    kept->first = block->next;
    if (!kept->first)
        kept->last = NULL;
    kept->n--;
    if (spares < SPARE_MAX) {
        block->next = kept->spare;
        kept->spare = block;
    } else {
        free(block);
    }
}

void ss_kept_drop(struct ss_kept *kept, uint64_t number)
{
    int spares = 0;
    pthread_mutex_lock(&kept->lock);
    for (struct ss_kept_block *b = kept->spare; b; b = b->next)
        spares++;
    while (kept->first && kept->first->number <= number)
        drop_first(kept, spares++);
    pthread_mutex_unlock(&kept->lock);
}

void ss_kept_commit(struct ss_kept *kept)
{
    pthread_mutex_lock(&kept->lock);
    kept->committed = kept->newest;
    pthread_mutex_unlock(&kept->lock);
}

void ss_kept_undo(struct ss_kept *kept)
{
    pthread_mutex_lock(&kept->lock);
    struct ss_kept_block **place = &kept->first, *last = NULL;
    while (*place && (*place)->number <= kept->committed) {
        last = *place;
        place = &last->next;
    }
    struct ss_kept_block *gone = *place;
    *place = NULL;
    kept->last = last;
    for (struct ss_kept_block *b = gone; b; b = b->next)
        kept->n--;
    pthread_mutex_unlock(&kept->lock);
    free_all(gone);
}
