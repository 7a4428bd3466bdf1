#include "alert/group.h"
#include "base/err.h"
#include "base/hash.h"
#include <stdlib.h>

struct ss_groups {
    struct ss_groups_options opt;
    struct ss_group *at;
    uint32_t *slot; /* index + 1, 0 = free; twice as many as groups fit */
    uint32_t cap, used, live, free_list;
    uint32_t first, last; /* of the list in order of change, index + 1 */
    uint64_t pushed_out;
};

int ss_groups_new(const struct ss_groups_options *opt, struct ss_groups **out)
{
    struct ss_groups *g = calloc(1, sizeof *g);
    if (!g)
        return ss_fail(SS_ENOMEM, "out of memory for alerts");
    g->opt = *opt;
    if (!g->opt.ceiling)
        g->opt.ceiling = SS_GROUP_CEILING;
    *out = g;
    return 0;
}

void ss_groups_free(struct ss_groups *g)
{
    if (!g)
        return;
    free(g->at);
    free(g->slot);
    free(g);
}

static uint32_t index_of(const struct ss_groups *g, const struct ss_group *group)
{
    return (uint32_t)(group - g->at) + 1;
}

/* --- the table: linear probing, a removed entry's followers move up --- */

static uint32_t mask_of(const struct ss_groups *g)
{
    return g->cap * 2 - 1;
}

static void place(struct ss_groups *g, uint32_t index)
{
    uint32_t i = (uint32_t)g->at[index - 1].hash & mask_of(g);
    while (g->slot[i])
        i = (i + 1) & mask_of(g);
    g->slot[i] = index;
}

static void displace(struct ss_groups *g, uint32_t index)
{
    uint32_t mask = mask_of(g), i = (uint32_t)g->at[index - 1].hash & mask;
    while (g->slot[i] != index)
        i = (i + 1) & mask;
    for (uint32_t j = (i + 1) & mask; g->slot[j]; j = (j + 1) & mask) {
        uint32_t home = (uint32_t)g->at[g->slot[j] - 1].hash & mask;
        if (((j - home) & mask) < ((j - i) & mask))
            continue; /* at home behind the gap */
        g->slot[i] = g->slot[j];
        i = j;
    }
    g->slot[i] = 0;
}

static int grow(struct ss_groups *g)
{
    uint32_t cap = g->cap ? g->cap * 2 : 64;
    struct ss_group *at = realloc(g->at, cap * sizeof *at);
    if (at)
        g->at = at;
    uint32_t *slot = calloc(2 * (size_t)cap, sizeof *slot);
    if (!at || !slot) {
        free(slot);
        return ss_fail(SS_ENOMEM, "out of memory for %u alerts", cap);
    }
    free(g->slot);
    g->slot = slot;
    g->cap = cap;
    for (uint32_t i = g->first; i; i = g->at[i - 1].next)
        place(g, i);
    return 0;
}

/* --- the list --- */

static void append(struct ss_groups *g, uint32_t index)
{
    struct ss_group *group = &g->at[index - 1];
    group->prev = g->last;
    group->next = 0;
    *(g->last ? &g->at[g->last - 1].next : &g->first) = index;
    g->last = index;
}

static void unlink_group(struct ss_groups *g, uint32_t index)
{
    struct ss_group *group = &g->at[index - 1];
    *(group->prev ? &g->at[group->prev - 1].next : &g->first) = group->next;
    *(group->next ? &g->at[group->next - 1].prev : &g->last) = group->prev;
}

void ss_groups_drop(struct ss_groups *g, struct ss_group *group)
{
    uint32_t index = index_of(g, group);
    displace(g, index);
    unlink_group(g, index);
    group->next = g->free_list;
    g->free_list = index;
    g->live--;
}

static int let_go(struct ss_groups *g, struct ss_group *group)
{
    int err = g->opt.ended ? g->opt.ended(g->opt.arg, group) : 0;
    ss_groups_drop(g, group);
    return err;
}

/* --- keys and times --- */

static uint8_t cut_key(struct ss_str key, char out[SS_GROUP_KEY])
{
    static const char hex[] = "0123456789abcdef";
    if (key.n <= SS_GROUP_KEY) {
        if (key.n)
            memcpy(out, key.p, key.n);
        return (uint8_t)key.n;
    }
    uint64_t hash = ss_hash64(key.p, key.n);
    size_t n = SS_GROUP_KEY - 17;
    while (n && ((unsigned char)key.p[n] & 0xc0) == 0x80) /* not within a character */
        n--;
    memcpy(out, key.p, n);
    out[n++] = '~';
    for (int shift = 60; shift >= 0; shift -= 4)
        out[n++] = hex[hash >> shift & 15];
    return (uint8_t)n;
}

void ss_group_key(struct ss_group *group, struct ss_str key)
{
    group->key_n = cut_key(key, group->key);
}

struct ss_group *ss_groups_of_key(struct ss_groups *g, struct ss_str key)
{
    char cut[SS_GROUP_KEY];
    uint8_t n = cut_key(key, cut);
    uint64_t hash = ss_hash64(cut, n);
    if (!g->cap)
        return NULL;
    for (uint32_t i = (uint32_t)hash & mask_of(g); g->slot[i]; i = (i + 1) & mask_of(g)) {
        struct ss_group *group = &g->at[g->slot[i] - 1];
        if (group->hash == hash && group->key_n == n && memcmp(group->key, cut, n) == 0)
            return group;
    }
    return NULL;
}

static bool is_over(const struct ss_groups *g, const struct ss_group *group, int64_t time_us)
{
    return time_us - group->anchor_us >= g->opt.window_us + g->opt.cooldown_us;
}

int ss_groups_find(struct ss_groups *g, struct ss_str key, int64_t time_us, enum ss_join *join,
                   struct ss_group **out)
{
    struct ss_group *group = ss_groups_of_key(g, key);
    *out = group;
    *join = SS_JOIN_NEW;
    if (!group)
        return 0;
    if (is_over(g, group, time_us)) {
        *out = NULL;
        return let_go(g, group);
    }
    int64_t age_us = time_us - group->anchor_us;
    int64_t before_us = (g->opt.extend ? group->first_us : group->anchor_us) - time_us;
    *join = age_us >= g->opt.window_us     ? SS_JOIN_QUIET
            : before_us > g->opt.window_us ? SS_JOIN_APART
                                           : SS_JOIN_OPEN;
    return 0;
}

int ss_groups_open(struct ss_groups *g, struct ss_str key, int64_t time_us, struct ss_group **out)
{
    int err = 0;
    if (g->live >= g->opt.ceiling) {
        g->pushed_out++;
        err = let_go(g, &g->at[g->first - 1]);
    }
    if (!err && !g->free_list && g->used == g->cap)
        err = grow(g);
    if (err)
        return err;
    uint32_t index = g->free_list;
    if (index)
        g->free_list = g->at[index - 1].next;
    else
        index = ++g->used;
    struct ss_group *group = &g->at[index - 1];
    *group = (struct ss_group){.first_us = time_us, .last_us = time_us, .anchor_us = time_us, .count = 1};
    ss_group_key(group, key);
    group->hash = ss_hash64(group->key, group->key_n);
    g->live++;
    append(g, index);
    place(g, index);
    *out = group;
    return 0;
}

void ss_groups_join(struct ss_groups *g, struct ss_group *group, int64_t time_us)
{
    group->count += group->count < UINT32_MAX;
    if (time_us < group->first_us)
        group->first_us = time_us;
    if (time_us > group->last_us)
        group->last_us = time_us;
    if (!g->opt.extend || time_us <= group->anchor_us)
        return;
    group->anchor_us = time_us;
    unlink_group(g, index_of(g, group));
    append(g, index_of(g, group));
}

int ss_groups_expire(struct ss_groups *g, int64_t time_us)
{
    int err = 0;
    while (!err && g->first && is_over(g, &g->at[g->first - 1], time_us))
        err = let_go(g, &g->at[g->first - 1]);
    return err;
}

int ss_groups_end_all(struct ss_groups *g)
{
    int err = 0;
    while (!err && g->first)
        err = let_go(g, &g->at[g->first - 1]);
    return err;
}

const struct ss_group *ss_groups_first(const struct ss_groups *g)
{
    return g->first ? &g->at[g->first - 1] : NULL;
}

const struct ss_group *ss_groups_next(const struct ss_groups *g, const struct ss_group *group)
{
    return group->next ? &g->at[group->next - 1] : NULL;
}

int ss_groups_restore(struct ss_groups *g, const struct ss_group *saved)
{
    struct ss_group *group;
    struct ss_str key = {saved->key, saved->key_n};
    if (saved->key_n > SS_GROUP_KEY || ss_groups_of_key(g, key))
        return ss_fail(SS_EDATA, "damaged state: a key of alerts comes twice");
    int err = ss_groups_open(g, key, saved->first_us, &group);
    if (err)
        return err;
    uint32_t prev = group->prev, next = group->next;
    uint64_t hash = group->hash;
    *group = *saved;
    group->prev = prev;
    group->next = next;
    group->hash = hash;
    return 0;
}

uint32_t ss_groups_count(const struct ss_groups *g)
{
    return g->live;
}

uint64_t ss_groups_pushed_out(const struct ss_groups *g)
{
    return g->pushed_out;
}
