/*
 * State as bytes. A header names the format, how this build lays features out, the feature file and the late
 * bound; then shard by shard, group
 * by group, each table as it lies: entities in order of their numbers with their logs, blocks and sides, and
 * the index, so that a loaded engine is the saved one to the last detail: capacities count for the memory
 * limit, numbers for the hand's way round.
 */
#include "base/err.h"
#include "base/hash.h"
#include "feature/shard.h"
#include <string.h>

#define MAGIC "SSFEAT02"

struct header {
    char magic[8];
    char set[8];
    int64_t late_bound_us;
    uint64_t max_memory;
    uint32_t shards, groups;
    uint64_t layout;
};

struct table_header {
    uint32_t made, slots, freed, hand, n, pad;
};

struct out {
    ss_feature_write *write;
    void *to;
    int err; /* sticks */
};

struct in {
    ss_feature_read *read;
    void *from;
    size_t room; /* what may still be asked for: no state holds more than --max-memory and some slack */
    int err;
};

static void put(struct out *out, const void *bytes, size_t len)
{
    if (!out->err && len)
        out->err = out->write(out->to, bytes, len);
}

static void get(struct in *in, void *bytes, size_t len)
{
    if (!in->err && len)
        in->err = in->read(in->from, bytes, len);
}

static int damaged(struct in *in)
{
    if (!in->err)
        in->err = ss_fail(SS_EDATA, "state of features is damaged");
    return in->err;
}

/* False: more than any state has. The sizes stand in the file, which may hold anything. */
static bool fits(struct in *in, size_t bytes)
{
    if (bytes > in->room)
        return damaged(in) == 0;
    in->room -= bytes;
    return true;
}

static bool has_side(const struct ss_acc *acc)
{
    return acc->kind == SS_ACC_EXTREME || acc->kind == SS_ACC_DISTINCT || acc->kind == SS_ACC_ORDER ||
           acc->kind == SS_ACC_SEEN;
}

static void put_side(struct out *out, const struct ss_side *side, enum ss_side_kind kind)
{
    put(out, side->mem, ss_side_bytes(kind, side->cap));
}

static void put_sides(struct out *out, const struct ss_wset *set, const char *state)
{
    for (uint16_t a = 0; a < set->accs; a++)
        if (has_side(&set->acc[a]))
            put_side(out, (const struct ss_side *)(state + set->acc[a].off), ss_acc_side(&set->acc[a]));
}

static void put_entity(struct out *out, const struct ss_feature_engine *engine, uint32_t shard,
                       uint32_t group, struct ss_entity *ent)
{
    struct ss_scope sc;
    struct ss_entity copy = *ent;
    copy.log = ent->log ? (char *)1 : NULL; /* what matters is whether there is one */
    copy.block = ent->block ? (char *)1 : NULL;
    put(out, &copy, sizeof copy);
    if (!ent->live)
        return;
    ss_shard_scope(engine, shard, group, ent, &sc);
    for (uint32_t i = 0; i < ent->n; i++)
        put(out, ss_log_event(ent, sc.group->stride, ent->first + i), sc.group->stride);
    if (!ent->block)
        return;
    put(out, ent->block, ss_block_bytes(sc.group, ent->large));
    if (sc.group->label)
        put_side(out, (const struct ss_side *)ent->block, SS_SIDE_LABELS);
    if (sc.life)
        put_sides(out, &sc.group->life, sc.life);
    if (sc.win)
        put_sides(out, &sc.group->win, sc.win);
}

/* --- where things lie: another build may have other places for the same features, and must not read ours */

static uint64_t add_set(uint64_t hash, const struct ss_wset *set)
{
    const uint32_t sizes[] = {set->heads, set->spans, set->accs, set->seen, set->bytes};
    hash = ss_hash64_seed(sizes, sizeof sizes, hash);
    for (uint16_t h = 0; h < set->heads; h++)
        hash = ss_hash64_seed(&set->head[h].off, sizeof set->head[h].off, hash);
    for (uint16_t s = 0; s < set->spans; s++)
        hash = ss_hash64_seed(&set->span[s].off, sizeof set->span[s].off, hash);
    for (uint16_t a = 0; a < set->accs; a++) {
        const struct ss_acc *acc = &set->acc[a];
        const uint32_t places[] = {acc->kind, acc->at, acc->span, acc->off};
        hash = ss_hash64_seed(places, sizeof places, hash);
    }
    return hash;
}

static uint64_t layout_of(const struct ss_feature_plan *plan)
{
    const size_t sizes[] = {sizeof(struct header), sizeof(struct table_header), sizeof(struct ss_entity),
                            sizeof(struct ss_side)};
    uint64_t hash = ss_hash64(sizes, sizeof sizes);
    for (uint32_t g = 0; g < plan->groups; g++) {
        const struct ss_group *group = &plan->group[g];
        const uint32_t places[] = {group->at_txn,   group->at_meta, group->at_place,
                                   group->at_value, group->at_text, group->stride,
                                   group->values,   group->texts,   group->at_labels};
        hash = ss_hash64_seed(places, sizeof places, hash);
        hash = add_set(add_set(hash, &group->life), &group->win);
    }
    return hash;
}

int ss_feature_engine_save(const struct ss_feature_engine *engine, ss_feature_write *write, void *to)
{
    const struct ss_feature_plan *plan = engine->plan;
    struct out out = {write, to, 0};
    struct header header = {.late_bound_us = engine->config.late_bound_us,
                            .max_memory = engine->config.max_memory,
                            .shards = SS_FEATURE_SHARDS,
                            .groups = plan->groups,
                            .layout = layout_of(plan)};
    memcpy(header.magic, MAGIC, 8);
    memcpy(header.set, plan->names.set, 8);
    put(&out, &header, sizeof header);
    for (uint32_t s = 0; s < SS_FEATURE_SHARDS && !out.err; s++) {
        for (uint32_t g = 0; g < plan->groups; g++) {
            const struct ss_table *table = &engine->shard[s].table[g];
            struct table_header th = {table->made, table->slots, table->freed, table->hand, table->n, 0};
            put(&out, &th, sizeof th);
            put(&out, table->slot, table->slots * sizeof *table->slot);
            for (uint32_t id = 1; id <= table->made; id++)
                put_entity(&out, engine, s, g, ss_table_entity(table, id));
        }
    }
    return out.err;
}

static void get_side(struct in *in, struct ss_side *side, struct ss_memory *memory, enum ss_side_kind kind)
{
    side->mem = NULL;
    bool sane = side->cap <= (uint32_t)1 << 28 && (side->cap & (side->cap - 1)) == 0 && side->n <= side->cap;
    if (in->err || !sane) {
        side->cap = side->n = 0;
        (void)damaged(in);
        return;
    }
    if (!side->cap)
        return;
    if (!fits(in, ss_side_bytes(kind, side->cap))) {
        side->cap = side->n = 0;
        return;
    }
    side->mem = ss_memory_take(memory, ss_side_bytes(kind, side->cap));
    if (!side->mem) {
        side->cap = side->n = 0;
        in->err = SS_ENOMEM;
        return;
    }
    get(in, side->mem, ss_side_bytes(kind, side->cap));
}

static void get_sides(struct in *in, const struct ss_wset *set, char *state, struct ss_memory *memory)
{
    for (uint16_t a = 0; a < set->accs; a++)
        if (has_side(&set->acc[a]))
            get_side(in, (struct ss_side *)(state + set->acc[a].off), memory, ss_acc_side(&set->acc[a]));
}

static bool get_log(struct in *in, const struct ss_scope *sc)
{
    struct ss_entity *ent = sc->ent;
    if (ent->cap_log2 > 30 || ent->n > (uint32_t)1 << ent->cap_log2)
        return damaged(in) == 0;
    if (!fits(in, (size_t)sc->group->stride << ent->cap_log2))
        return false;
    ent->log = ss_memory_take(sc->memory, (size_t)sc->group->stride << ent->cap_log2);
    if (!ent->log) {
        in->err = SS_ENOMEM;
        return false;
    }
    for (uint32_t i = 0; i < ent->n; i++)
        get(in, ss_log_event(ent, sc->group->stride, ent->first + i), sc->group->stride);
    return !in->err;
}

static bool get_block(struct in *in, struct ss_feature_engine *engine, uint32_t shard, uint32_t group,
                      struct ss_entity *ent)
{
    struct ss_scope sc;
    const struct ss_group *g = &engine->plan->group[group];
    uint32_t bytes = ss_block_bytes(g, ent->large);
    ss_shard_scope(engine, shard, group, ent, &sc);
    char *block = bytes ? ss_memory_take(sc.memory, bytes) : NULL;
    if (!block) {
        in->err = bytes ? SS_ENOMEM : damaged(in);
        return false;
    }
    memset(block, 0, bytes);
    get(in, block, bytes);
    ent->block = block;
    ss_shard_scope(engine, shard, group, ent, &sc);
    /* Sides first lose the pointers of the process that saved them, so that a failure can be cleaned up. */
    if (g->label)
        get_side(in, (struct ss_side *)block, sc.memory, SS_SIDE_LABELS);
    if (sc.life)
        get_sides(in, &g->life, sc.life, sc.memory);
    if (sc.win)
        get_sides(in, &g->win, sc.win, sc.memory);
    return !in->err;
}

static bool get_entity(struct in *in, struct ss_feature_engine *engine, uint32_t shard, uint32_t group,
                       uint32_t id)
{
    struct ss_table *table = &engine->shard[shard].table[group];
    struct ss_entity *ent = ss_table_entity(table, id), saved = {0};
    struct ss_scope sc;
    get(in, &saved, sizeof saved);
    if (in->err || saved.id != id || saved.live > 1 || saved.large > 1 || saved.next > table->made)
        return damaged(in) == 0;
    bool log = saved.log != NULL, block = saved.block != NULL;
    saved.log = saved.block = NULL;
    *ent = saved;
    if (!ent->live)
        return true;
    ent->n = 0; /* until the events are there */
    ss_shard_scope(engine, shard, group, ent, &sc);
    if (log) {
        ent->n = saved.n;
        if (!get_log(in, &sc))
            return false;
    }
    return !block || get_block(in, engine, shard, group, ent);
}

static bool get_table(struct in *in, struct ss_feature_engine *engine, uint32_t shard, uint32_t group)
{
    struct ss_table *table = &engine->shard[shard].table[group];
    struct ss_memory *memory = &engine->shard[shard].memory[engine->plan->group[group].level];
    struct table_header th = {0};
    get(in, &th, sizeof th);
    if (in->err || (th.slots & (th.slots - 1)) || th.n > th.made || th.made > th.slots ||
        th.freed > th.made || th.hand > th.made)
        return damaged(in) == 0;
    if (!fits(in, th.slots * sizeof *table->slot + th.made * sizeof(struct ss_entity)))
        return false;
    if (ss_table_restore(table, memory, th.made, th.slots) < 0) {
        in->err = SS_ENOMEM;
        return false;
    }
    table->freed = th.freed;
    table->hand = th.hand;
    table->n = th.n;
    get(in, table->slot, th.slots * sizeof *table->slot);
    uint32_t indexed = 0;
    for (uint32_t i = 0; i < th.slots && !in->err; i++) {
        indexed += table->slot[i] != 0;
        if ((uint32_t)table->slot[i] > th.made)
            return damaged(in) == 0;
    }
    if (!in->err && (indexed != th.n || (th.slots && indexed == th.slots)))
        return damaged(in) == 0;
    for (uint32_t id = 1; id <= th.made && !in->err; id++)
        if (!get_entity(in, engine, shard, group, id))
            return false;
    return !in->err;
}

int ss_feature_engine_load(struct ss_feature_engine *engine, ss_feature_read *read, void *from)
{
    const struct ss_feature_plan *plan = engine->plan;
    struct in in = {read, from, engine->config.max_memory + engine->config.max_memory / 2, 0};
    struct header header = {0};
    get(&in, &header, sizeof header);
    if (in.err)
        return in.err;
    if (memcmp(header.magic, MAGIC, 8) != 0)
        return ss_fail(SS_EVERSION, "state of features has another format than %s", MAGIC);
    if (memcmp(header.set, plan->names.set, 8) != 0)
        return ss_fail(SS_EDATA, "state belongs to feature set %.8s, not to %s", header.set, plan->names.set);
    if (header.layout != layout_of(plan))
        return ss_fail(SS_EVERSION, "state of features is laid out as another build has it");
    if (header.shards != SS_FEATURE_SHARDS || header.groups != plan->groups)
        return damaged(&in);
    if (header.late_bound_us != engine->config.late_bound_us ||
        header.max_memory != engine->config.max_memory)
        return ss_fail(SS_EDATA, "state was kept with another --late-bound or --max-memory");
    for (uint32_t s = 0; s < SS_FEATURE_SHARDS; s++)
        for (uint32_t g = 0; g < plan->groups; g++)
            if (!get_table(&in, engine, s, g))
                return in.err;
    return 0;
}
