#include "io/kafka_taken.h"
#include "base/err.h"
#include <stdlib.h>

#define RING_FIRST 4096
#define RING_MAX   ((size_t)1 << 26)

static struct ss_taken_one *at(const struct ss_taken *t, size_t i)
{
    return &t->ring[(t->first + i) & (t->cap - 1)];
}

static int grow(struct ss_taken *t)
{
    size_t cap = t->cap ? t->cap * 2 : RING_FIRST;
    struct ss_taken_one *ring = cap > RING_MAX ? NULL : malloc(cap * sizeof *ring);
    if (!ring)
        return ss_fail(SS_ENOMEM, "out of memory for %zu messages", cap);
    for (size_t i = 0; i < t->n; i++)
        ring[i] = *at(t, i);
    free(t->ring);
    t->ring = ring;
    t->cap = cap;
    t->first = 0;
    return 0;
}

int ss_taken_add(struct ss_taken *t, void *msg, int part, int64_t next)
{
    int err = t->n == t->cap ? grow(t) : 0;
    if (err < 0)
        return err;
    if (t->line == 0)
        t->line = 1;
    t->n++;
    *at(t, t->n - 1) = (struct ss_taken_one){.msg = msg, .next = next, .part = part};
    return 0;
}

void ss_taken_close(struct ss_taken *t, int64_t end, bool bare)
{
    at(t, t->n - 1)->end = end;
    at(t, t->n - 1)->bare = bare;
}

const struct ss_taken_one *ss_taken_at(const struct ss_taken *t, size_t i)
{
    return i < t->n ? at(t, i) : NULL;
}

void *ss_taken_drop(struct ss_taken *t)
{
    if (!t->n)
        return NULL;
    void *msg = at(t, 0)->msg;
    t->first = (t->first + 1) & (t->cap - 1);
    t->n--;
    t->line++;
    return msg;
}

void *ss_taken_pop(struct ss_taken *t, int *part, int64_t *next)
{
    if (!t->n || at(t, 0)->end == 0 || at(t, 0)->end > t->consumed)
        return NULL;
    *part = at(t, 0)->part;
    *next = at(t, 0)->next;
    return ss_taken_drop(t);
}

const struct ss_taken_one *ss_taken_find(const struct ss_taken *t, uint64_t line)
{
    return line >= t->line ? ss_taken_at(t, (size_t)(line - t->line)) : NULL;
}

void ss_taken_disown(struct ss_taken *t, int part)
{
    for (size_t i = 0; i < t->n; i++)
        if (at(t, i)->part == part)
            at(t, i)->part = -1;
}

bool ss_taken_holds(const struct ss_taken *t, int part)
{
    for (size_t i = 0; i < t->n; i++)
        if (part < 0 ? at(t, i)->part >= 0 : at(t, i)->part == part)
            return true;
    return false;
}

void ss_taken_free(struct ss_taken *t)
{
    free(t->ring);
    *t = (struct ss_taken){0};
}
