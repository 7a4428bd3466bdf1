#include "feature/side.h"
#include "feature/plan.h"
#include "feature/label.h"
#include <string.h>

struct extreme {
    int64_t value;
    uint32_t seq, pad;
};

struct distinct {
    uint64_t hash;
    uint64_t count; /* 0: an empty place */
};

struct order {
    int64_t value;
    uint32_t left, right; /* index + 1 */
    uint32_t size;        /* values in this subtree, repeated ones counted */
    uint32_t count : 26, height : 6;
};

_Static_assert(sizeof(struct extreme) == 2 * sizeof(int64_t), "ss_extreme_stand_in has room for one");

/* Three arrays behind each other, so that a search runs over hashes only. */
struct seen {
    uint64_t hash;
    int64_t first, last;
};

size_t ss_side_bytes(enum ss_side_kind kind, uint32_t cap)
{
    static const uint8_t one[] = {sizeof(struct extreme), sizeof(struct distinct), sizeof(struct order),
                                  sizeof(struct seen), sizeof(struct ss_late_label)};
    return (size_t)cap * one[kind];
}

static bool grow(struct ss_side *side, struct ss_memory *memory, enum ss_side_kind kind, uint32_t cap)
{
    void *mem = ss_memory_take(memory, ss_side_bytes(kind, cap));
    if (!mem)
        return false;
    if (side->mem)
        memcpy(mem, side->mem, ss_side_bytes(kind, side->cap));
    ss_memory_give(memory, side->mem, ss_side_bytes(kind, side->cap));
    side->mem = mem;
    side->cap = cap;
    return true;
}

bool ss_side_reserve(struct ss_side *side, struct ss_memory *memory, enum ss_side_kind kind)
{
    return side->n < side->cap || grow(side, memory, kind, side->cap ? side->cap * 2 : 4);
}

void ss_side_free(struct ss_side *side, struct ss_memory *memory, enum ss_side_kind kind)
{
    ss_memory_give(memory, side->mem, ss_side_bytes(kind, side->cap));
    *side = (struct ss_side){0};
}

void ss_side_clear(struct ss_side *side, enum ss_side_kind kind)
{
    if (kind == SS_SIDE_DISTINCT && side->n)
        memset(side->mem, 0, ss_side_bytes(kind, side->cap));
    side->n = side->x = side->y = 0;
}

void ss_extreme_add(struct ss_side *side, struct ss_memory *memory, int64_t value, uint32_t seq, int sign)
{
    struct extreme *e = side->mem;
    uint32_t mask = side->cap - 1;
    while (side->n) {
        int64_t back = e[(side->x + side->n - 1) & mask].value;
        if (sign > 0 ? back > value : back < value)
            break;
        side->n--;
    }
    if (side->n == side->cap) {
        uint32_t old = side->cap, x = side->x;
        if (!ss_side_reserve(side, memory, SS_SIDE_EXTREME))
            return;
        e = side->mem;
        mask = side->cap - 1;
        /* What had wrapped around moves behind the old end: the capacity has doubled. */
        memcpy(e + old, e, x * sizeof *e);
    }
    e[(side->x + side->n++) & mask] = (struct extreme){value, seq, 0};
}

void ss_extreme_remove(struct ss_side *side, uint32_t seq)
{
    const struct extreme *e = side->mem;
    if (side->n && e[side->x & (side->cap - 1)].seq == seq) {
        side->x = (side->x + 1) & (side->cap - 1);
        side->n--;
    }
}

void ss_extreme_stand_in(struct ss_side *side, int64_t place[2], int64_t value, int sign)
{
    int64_t front = ss_extreme_value(side);
    bool stays = side->n && (sign > 0 ? front > value : front < value);
    struct extreme one = {stays ? front : value, 0, 0};
    memcpy(place, &one, sizeof one);
    *side = (struct ss_side){.mem = place, .n = 1, .cap = 1};
}

int64_t ss_extreme_value(const struct ss_side *side)
{
    const struct extreme *e = side->mem;
    return side->n ? e[side->x].value : SS_VALUE_NULL;
}

static uint32_t distinct_place(const struct ss_side *side, uint64_t hash)
{
    const struct distinct *d = side->mem;
    uint32_t mask = side->cap - 1, i = (uint32_t)hash & mask;
    while (d[i].count && d[i].hash != hash)
        i = (i + 1) & mask;
    return i;
}

static bool distinct_grow(struct ss_side *side, struct ss_memory *memory)
{
    uint32_t old_cap = side->cap;
    struct distinct *old = side->mem;
    uint32_t cap = old_cap ? old_cap * 2 : 4;
    struct distinct *d = ss_memory_take(memory, ss_side_bytes(SS_SIDE_DISTINCT, cap));
    if (!d)
        return false;
    memset(d, 0, ss_side_bytes(SS_SIDE_DISTINCT, cap));
    side->mem = d;
    side->cap = cap;
    for (uint32_t i = 0; i < old_cap; i++)
        if (old[i].count)
            d[distinct_place(side, old[i].hash)] = old[i];
    ss_memory_give(memory, old, ss_side_bytes(SS_SIDE_DISTINCT, old_cap));
    return true;
}

void ss_distinct_add(struct ss_side *side, struct ss_memory *memory, uint64_t hash)
{
    if (side->n * 4 >= side->cap * 3 && !distinct_grow(side, memory))
        return;
    struct distinct *d = (struct distinct *)side->mem + distinct_place(side, hash);
    d->hash = hash;
    side->n += d->count++ == 0;
}

void ss_distinct_remove(struct ss_side *side, uint64_t hash)
{
    struct distinct *d = side->mem;
    if (side->n == 0) /* as when there was no memory for it; the run is about to end */
        return;
    uint32_t mask = side->cap - 1, i = distinct_place(side, hash);
    if (d[i].count == 0 || --d[i].count)
        return;
    side->n--;
    /* Backward shift: whoever stands behind the hole and may stand in it moves there, until a place is free.
     */
    for (uint32_t hole = i, j = (i + 1) & mask; d[j].count; j = (j + 1) & mask) {
        uint32_t home = (uint32_t)d[j].hash & mask;
        if (((j - home) & mask) >= ((j - hole) & mask)) {
            d[hole] = d[j];
            d[j].count = 0;
            hole = j;
        }
    }
}

bool ss_distinct_has(const struct ss_side *side, uint64_t hash)
{
    return side->n && ((struct distinct *)side->mem)[distinct_place(side, hash)].count;
}

static uint32_t height(const struct order *o, uint32_t t)
{
    return t ? o[t - 1].height : 0;
}

static uint32_t size(const struct order *o, uint32_t t)
{
    return t ? o[t - 1].size : 0;
}

static void refresh(struct order *o, uint32_t t)
{
    struct order *n = &o[t - 1];
    uint32_t l = height(o, n->left), r = height(o, n->right);
    n->height = ((l > r ? l : r) + 1) & 63;
    n->size = size(o, n->left) + size(o, n->right) + n->count;
}

static uint32_t rotate(struct order *o, uint32_t t, bool left)
{
    uint32_t up = left ? o[t - 1].right : o[t - 1].left;
    if (left) {
        o[t - 1].right = o[up - 1].left;
        o[up - 1].left = t;
    } else {
        o[t - 1].left = o[up - 1].right;
        o[up - 1].right = t;
    }
    refresh(o, t);
    refresh(o, up);
    return up;
}

static uint32_t balance(struct order *o, uint32_t t)
{
    struct order *n = &o[t - 1];
    int lean = (int)height(o, n->left) - (int)height(o, n->right);
    if (lean > 1) {
        if (height(o, o[n->left - 1].left) < height(o, o[n->left - 1].right))
            n->left = rotate(o, n->left, true);
        return rotate(o, t, false);
    }
    if (lean < -1) {
        if (height(o, o[n->right - 1].right) < height(o, o[n->right - 1].left))
            n->right = rotate(o, n->right, false);
        return rotate(o, t, true);
    }
    refresh(o, t);
    return t;
}

static uint32_t order_insert(struct order *o, uint32_t t, uint32_t fresh)
{
    if (!t)
        return fresh;
    if (o[fresh - 1].value < o[t - 1].value)
        o[t - 1].left = order_insert(o, o[t - 1].left, fresh);
    else
        o[t - 1].right = order_insert(o, o[t - 1].right, fresh);
    return balance(o, t);
}

/* Adds to the multiplicity of a value that is there; false when it is not. */
static bool order_count(struct order *o, uint32_t t, int64_t value, int by)
{
    uint32_t path[64], depth = 0;
    while (t && o[t - 1].value != value) {
        path[depth++] = t;
        t = value < o[t - 1].value ? o[t - 1].left : o[t - 1].right;
    }
    if (!t || (by < 0 && o[t - 1].count == 1))
        return false;
    o[t - 1].count = (uint32_t)((int)o[t - 1].count + by) & 0x3ffffff;
    o[t - 1].size = (uint32_t)((int)o[t - 1].size + by);
    for (uint32_t i = 0; i < depth; i++)
        o[path[i] - 1].size = (uint32_t)((int)o[path[i] - 1].size + by);
    return true;
}

void ss_order_add(struct ss_side *side, struct ss_memory *memory, int64_t value)
{
    if (order_count(side->mem, side->x, value, 1))
        return;
    uint32_t fresh = side->y;
    if (fresh) {
        side->y = ((struct order *)side->mem)[fresh - 1].left;
    } else {
        if (!ss_side_reserve(side, memory, SS_SIDE_ORDER))
            return;
        fresh = ++side->n;
    }
    struct order *o = side->mem;
    o[fresh - 1] = (struct order){.value = value, .size = 1, .count = 1, .height = 1};
    side->x = order_insert(o, side->x, fresh);
}

static uint32_t pop_least(struct order *o, uint32_t t, uint32_t *least)
{
    if (!o[t - 1].left) {
        *least = t;
        return o[t - 1].right;
    }
    o[t - 1].left = pop_least(o, o[t - 1].left, least);
    return balance(o, t);
}

static uint32_t order_delete(struct order *o, uint32_t t, int64_t value, uint32_t *gone)
{
    if (!t)
        return 0;
    if (value < o[t - 1].value) {
        o[t - 1].left = order_delete(o, o[t - 1].left, value, gone);
    } else if (value > o[t - 1].value) {
        o[t - 1].right = order_delete(o, o[t - 1].right, value, gone);
    } else {
        uint32_t left = o[t - 1].left, right = o[t - 1].right;
        *gone = t;
        if (!right)
            return left;
        uint32_t least, rest = pop_least(o, right, &least);
        o[least - 1].left = left;
        o[least - 1].right = rest;
        t = least;
    }
    return balance(o, t);
}

void ss_order_remove(struct ss_side *side, int64_t value)
{
    struct order *o = side->mem;
    uint32_t gone = 0;
    if (order_count(o, side->x, value, -1))
        return;
    side->x = order_delete(o, side->x, value, &gone);
    if (gone) {
        o[gone - 1].left = side->y;
        side->y = gone;
    }
}

uint32_t ss_order_size(const struct ss_side *side)
{
    return size(side->mem, side->x);
}

int64_t ss_order_at(const struct ss_side *side, uint32_t k)
{
    const struct order *o = side->mem;
    for (uint32_t t = side->x; t;) {
        uint32_t left = size(o, o[t - 1].left);
        if (k < left) {
            t = o[t - 1].left;
        } else if (k < left + o[t - 1].count) {
            return o[t - 1].value;
        } else {
            k -= left + o[t - 1].count;
            t = o[t - 1].right;
        }
    }
    return SS_VALUE_NULL;
}

static uint64_t *seen_hash(const struct ss_side *side)
{
    return side->mem;
}

static int64_t *seen_times(const struct ss_side *side)
{
    return (int64_t *)((uint64_t *)side->mem + side->cap);
}

static uint32_t seen_find(const struct ss_side *side, uint64_t hash)
{
    const uint64_t *h = seen_hash(side);
    uint32_t i = 0;
    /* Four at a time without a branch between them: histories are mostly longer than that. */
    while (i + 4 <= side->n &&
           !((h[i] == hash) | (h[i + 1] == hash) | (h[i + 2] == hash) | (h[i + 3] == hash)))
        i += 4;
    while (i < side->n && h[i] != hash)
        i++;
    return i;
}

int64_t ss_seen_first(const struct ss_side *side, uint64_t hash)
{
    uint32_t i = seen_find(side, hash);
    return i < side->n ? seen_times(side)[i] : INT64_MAX;
}

/* The place of the least recently seen value (the smallest hash among equals), to be taken over. */
static uint32_t seen_oldest(const struct ss_side *side)
{
    const int64_t *last = seen_times(side) + side->cap;
    const uint64_t *h = seen_hash(side);
    uint32_t at = 0;
    for (uint32_t i = 1; i < side->n; i++)
        if (last[i] < last[at] || (last[i] == last[at] && h[i] < h[at]))
            at = i;
    return at;
}

void ss_seen_add(struct ss_side *side, struct ss_memory *memory, uint64_t hash, int64_t time_us)
{
    uint32_t i = seen_find(side, hash);
    if (i < side->n) {
        int64_t *first = seen_times(side), *last = first + side->cap;
        first[i] = time_us < first[i] ? time_us : first[i];
        last[i] = time_us > last[i] ? time_us : last[i];
        return;
    }
    if (side->n == SS_SEEN_MAX) {
        i = seen_oldest(side);
    } else if (side->n == side->cap) {
        struct ss_side old = *side;
        side->cap = old.cap ? old.cap * 2 : 4;
        side->mem = ss_memory_take(memory, ss_side_bytes(SS_SIDE_SEEN, side->cap));
        if (!side->mem) {
            *side = old;
            return;
        }
        if (old.n) {
            memcpy(side->mem, old.mem, old.n * 8);
            memcpy(seen_times(side), seen_times(&old), old.n * 8);
            memcpy(seen_times(side) + side->cap, seen_times(&old) + old.cap, old.n * 8);
        }
        ss_memory_give(memory, old.mem, ss_side_bytes(SS_SIDE_SEEN, old.cap));
        side->n++;
    } else {
        side->n++;
    }
    seen_hash(side)[i] = hash;
    seen_times(side)[i] = time_us;
    seen_times(side)[side->cap + i] = time_us;
}
