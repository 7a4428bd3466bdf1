#include "eval/align.h"
#include "base/err.h"
#include "base/hash.h"
#include <stdlib.h>

/* A row that waits. Those of a side are a list from the oldest on; those of a bucket another one. */
struct waiting {
    struct ss_diff_row *row;
    uint64_t hash, number; /* of the row in its stream, first = 1 */
    size_t bytes;
    struct waiting *older, *newer, *next; /* next in the bucket: younger ones */
};

struct queue {
    struct waiting *oldest, *newest, **bucket;
    size_t bytes;
    uint32_t n;
    uint64_t read, matched; /* rows so far; the furthest one that found its partner */
    bool ended;
};

struct ss_align {
    struct ss_align_to to;
    uint32_t window, mask;
    struct queue side[SS_SIDES];
};

struct ss_align *ss_align_new(uint32_t window, const struct ss_align_to *to)
{
    struct ss_align *a = calloc(1, sizeof *a);
    uint32_t buckets = 64;
    while (buckets < window && buckets < SS_ALIGN_WINDOW_MAX)
        buckets *= 2;
    for (int s = 0; a && s < SS_SIDES; s++) {
        a->side[s].bucket = calloc(buckets, sizeof *a->side[s].bucket);
        if (!a->side[s].bucket) {
            ss_align_free(a);
            a = NULL;
        }
    }
    if (!a) {
        (void)ss_fail(SS_ENOMEM, "out of memory for a window of %u records", (unsigned)window);
        return NULL;
    }
    a->to = *to;
    a->window = window;
    a->mask = buckets - 1;
    return a;
}

static uint64_t hash_of(const struct ss_diff_row *row)
{
    return row->txn.p ? ss_hash64(row->txn.p, row->txn.n) : (uint64_t)row->time_us * 0x9e3779b97f4a7c15u;
}

static bool are_partners(const struct ss_diff_row *a, const struct ss_diff_row *b)
{
    if (a->txn.p && b->txn.p)
        return ss_str_eq(a->txn, b->txn);
    return !a->txn.p && !b->txn.p && a->has_time == b->has_time && a->time_us == b->time_us &&
           a->amount == b->amount;
}

/* Takes it out of both lists. */
static void take_out(struct ss_align *a, struct queue *q, struct waiting *w)
{
    struct waiting **link = &q->bucket[w->hash & a->mask];
    while (*link != w)
        link = &(*link)->next;
    *link = w->next;
    *(w->older ? &w->older->newer : &q->oldest) = w->newer;
    *(w->newer ? &w->newer->older : &q->newest) = w->older;
    q->n--;
    q->bytes -= w->bytes;
}

static void drop(struct waiting *w)
{
    free(w->row);
    free(w);
}

static int give_up(struct ss_align *a, enum ss_side side)
{
    struct waiting *w = a->side[side].oldest;
    take_out(a, &a->side[side], w);
    int err = a->to.only(a->to.ctx, side, w->row);
    drop(w);
    return err;
}

/* Gives up what has waited too long, and the oldest when those that wait are too large. */
static int expire(struct ss_align *a, enum ss_side side)
{
    const struct queue *q = &a->side[side];
    int err = 0;
    while (!err && q->oldest && (q->read - q->oldest->number >= a->window || q->bytes > SS_ALIGN_BYTES_MAX))
        err = give_up(a, side);
    return err;
}

static int wait_for_partner(struct ss_align *a, enum ss_side side, const struct ss_diff_row *row,
                            uint64_t hash)
{
    struct queue *q = &a->side[side];
    struct waiting *w = malloc(sizeof *w);
    if (!w)
        return ss_fail(SS_ENOMEM, "out of memory for %u records that wait", (unsigned)q->n);
    *w = (struct waiting){.hash = hash, .number = q->read, .older = q->newest};
    w->row = ss_diff_row_copy(row, &w->bytes);
    if (!w->row) {
        free(w);
        return SS_ENOMEM;
    }
    *(q->newest ? &q->newest->newer : &q->oldest) = w;
    q->newest = w;
    struct waiting **link = &q->bucket[hash & a->mask];
    while (*link) /* last, so that of several partners the oldest is found */
        link = &(*link)->next;
    *link = w;
    q->n++;
    q->bytes += w->bytes;
    return expire(a, side);
}

static struct waiting *find(const struct ss_align *a, const struct queue *q, const struct ss_diff_row *row,
                            uint64_t hash)
{
    struct waiting *w = q->bucket[hash & a->mask];
    while (w && (w->hash != hash || !are_partners(w->row, row)))
        w = w->next;
    return w;
}

/* The row `number` of `side` belongs to the row `other` of the other side. */
static bool match(struct ss_align *a, enum ss_side side, uint64_t number, uint64_t other)
{
    struct queue *q = &a->side[side], *o = &a->side[!side];
    bool displaced = number < q->matched || other < o->matched;
    q->matched = number > q->matched ? number : q->matched;
    o->matched = other > o->matched ? other : o->matched;
    return displaced;
}

static int offer(struct ss_align *a, enum ss_side side, const struct ss_diff_row *row)
{
    struct queue *q = &a->side[side], *o = &a->side[!side];
    uint64_t hash = hash_of(row);
    struct waiting *w = o->n ? find(a, o, row, hash) : NULL;
    q->read++;
    if (!w)
        return o->ended ? a->to.only(a->to.ctx, side, row) : wait_for_partner(a, side, row, hash);
    take_out(a, o, w);
    bool displaced = match(a, side, q->read, w->number);
    int err = side == SS_NEW ? a->to.pair(a->to.ctx, w->row, row, displaced)
                             : a->to.pair(a->to.ctx, row, w->row, displaced);
    drop(w);
    return err ? err : expire(a, side);
}

int ss_align_put(struct ss_align *a, enum ss_side side, const struct ss_diff_row *row)
{
    return offer(a, side, row);
}

int ss_align_both(struct ss_align *a, const struct ss_diff_row *old, const struct ss_diff_row *new_)
{
    struct queue *o = &a->side[SS_OLD], *n = &a->side[SS_NEW];
    int err;
    if (are_partners(old, new_)) {
        err = a->to.pair(a->to.ctx, old, new_, match(a, SS_OLD, ++o->read, ++n->read));
        err = err || !o->oldest ? err : expire(a, SS_OLD);
        return err || !n->oldest ? err : expire(a, SS_NEW);
    }
    err = offer(a, SS_OLD, old);
    return err ? err : offer(a, SS_NEW, new_);
}

enum ss_side ss_align_wants(const struct ss_align *a)
{
    const struct queue *o = &a->side[SS_OLD], *n = &a->side[SS_NEW];
    uint64_t old_ahead = o->read - o->matched, new_ahead = n->read - n->matched;
    if (o->ended || n->ended)
        return o->ended ? SS_NEW : SS_OLD;
    if (old_ahead != new_ahead)
        return old_ahead < new_ahead ? SS_OLD : SS_NEW;
    /* In step, or equally far into what has no partner yet. */
    return SS_SIDES;
}

int ss_align_end(struct ss_align *a, enum ss_side side)
{
    int err = 0;
    a->side[side].ended = true;
    while (!err && a->side[!side].n)
        err = give_up(a, !side);
    return err;
}

void ss_align_free(struct ss_align *a)
{
    if (!a)
        return;
    for (int s = 0; s < SS_SIDES; s++) {
        for (struct waiting *w = a->side[s].oldest, *newer; w; w = newer) {
            newer = w->newer;
            drop(w);
        }
        free(a->side[s].bucket);
    }
    free(a);
}
