#include "feature/shard.h"
#include "base/err.h"
#include <string.h>

#define LABELS_BYTES 32 /* the list of late labels, rounded up, at the start of a block */
#define TRIM_MAX     2  /* one event comes, at most two go: a log shrinks, and no record pays for all */
#define SWEEP_MAX    4  /* entities looked at when one is made: those expired are at most a share of all */
#define SAMPLE       8  /* entities compared when one must go */

uint32_t ss_block_bytes(const struct ss_group *group, bool large)
{
    return (group->label ? LABELS_BYTES : 0) + group->life.bytes + (large ? group->win.bytes : 0);
}

void ss_shard_scope(const struct ss_feature_engine *engine, uint32_t shard, uint32_t group,
                    struct ss_entity *ent, struct ss_scope *sc)
{
    const struct ss_group *g = &engine->plan->group[group];
    struct ss_memory *memory = (struct ss_memory *)&engine->shard[shard].memory[g->level];
    char *life = ent->block ? ent->block + (g->label ? LABELS_BYTES : 0) : NULL;
    *sc = (struct ss_scope){.group = g,
                            .ent = ent,
                            .memory = memory,
                            .life = g->life.bytes ? life : NULL,
                            .win = ent->large ? ent->block + ss_block_bytes(g, false) : NULL,
                            .win_memory = memory};
}

/* The block of a new entity. False when out of memory. */
static bool make_block(struct ss_scope *sc)
{
    uint32_t bytes = ss_block_bytes(sc->group, false);
    if (bytes == 0)
        return true;
    sc->ent->block = ss_memory_take(sc->memory, bytes);
    if (!sc->ent->block)
        return false;
    memset(sc->ent->block, 0, bytes);
    if (sc->group->life.bytes) {
        sc->life = sc->ent->block + (sc->group->label ? LABELS_BYTES : 0);
        ss_window_init(sc, &sc->group->life, sc->life);
    }
    return true;
}

/* From now on the entity keeps its windows. */
static bool promote(struct ss_scope *sc, int64_t time_us)
{
    uint32_t small = ss_block_bytes(sc->group, false), bytes = ss_block_bytes(sc->group, true);
    char *block = ss_memory_take(sc->memory, bytes);
    if (!block)
        return false;
    memset(block, 0, bytes);
    if (sc->ent->block) {
        memcpy(block, sc->ent->block, small);
        ss_memory_give(sc->memory, sc->ent->block, small);
    }
    sc->ent->block = block;
    sc->ent->large = 1;
    sc->life = sc->group->life.bytes ? block + (sc->group->label ? LABELS_BYTES : 0) : NULL;
    sc->win = block + small;
    sc->win_memory = sc->memory;
    ss_window_fill(sc, &sc->group->win, sc->win, sc->memory, time_us);
    return true;
}

/* Windows are gone, what lasts stays. */
static void demote(struct ss_scope *sc)
{
    uint32_t small = ss_block_bytes(sc->group, false);
    if (!sc->ent->large)
        return;
    ss_window_free(&sc->group->win, sc->ent->block + small, sc->memory);
    char *block = NULL;
    if (small) {
        block = ss_memory_take(sc->memory, small);
        if (!block)
            return;
        memcpy(block, sc->ent->block, small);
    }
    ss_memory_give(sc->memory, sc->ent->block, ss_block_bytes(sc->group, true));
    sc->ent->block = block;
    sc->ent->large = 0;
    sc->life = sc->group->life.bytes ? block + (sc->group->label ? LABELS_BYTES : 0) : NULL;
    sc->win = NULL;
}

static void release(const struct ss_feature_engine *engine, uint32_t shard, uint32_t group,
                    struct ss_entity *ent)
{
    struct ss_scope sc;
    ss_shard_scope(engine, shard, group, ent, &sc);
    if (sc.win)
        ss_window_free(&sc.group->win, sc.win, sc.memory);
    if (sc.life)
        ss_window_free(&sc.group->life, sc.life, sc.memory);
    if (ss_label_list(&sc))
        ss_side_free(ss_label_list(&sc), sc.memory, SS_SIDE_LABELS);
    ss_memory_give(sc.memory, ent->block, ss_block_bytes(sc.group, ent->large));
    ss_log_free(ent, sc.memory, sc.group->stride);
    ss_table_remove((struct ss_table *)&engine->shard[shard].table[group], ent);
}

static void drop_first(struct ss_scope *sc)
{
    if (sc->life)
        ss_window_leave(sc, &sc->group->life, sc->life);
    sc->ent->first++;
    sc->ent->n--;
}

void ss_shard_event(const struct ss_feature_plan *plan, const struct ss_group *group, struct ss_row *row,
                    char *event)
{
    memcpy(event, &row->time_us, sizeof row->time_us);
    if (group->label)
        memcpy(event + group->at_txn, &row->txn, sizeof row->txn);
    if (group->at_place > group->at_meta)
        *ss_event_meta(group, event) = (struct ss_event_meta){.preds = row->preds, .label = row->label};
    if (group->place) {
        int32_t place[2] = {row->lat, row->lon};
        memcpy(event + group->at_place, place, sizeof place);
    }
    for (uint16_t i = 0; i < group->values; i++)
        memcpy(event + group->at_value + 8 * i, &ss_row_nums(plan, row)[group->value[i]], 8);
    for (uint16_t i = 0; i < group->texts; i++)
        memcpy(event + group->at_text + 8 * i, &ss_row_texts(plan, row)[group->text[i]].a, 8);
}

/* What first() has seen: set by set, not by time. */
static void keep_seen(const struct ss_feature_plan *plan, const struct ss_scope *sc, struct ss_row *row)
{
    const struct ss_wset *life = &sc->group->life;
    for (uint16_t a = (uint16_t)(life->accs - life->seen); a < life->accs; a++) {
        const struct ss_acc *acc = &life->acc[a];
        uint64_t hash = ss_row_texts(plan, row)[acc->input].a;
        if (hash && (row->preds & acc->must) == acc->must)
            ss_seen_add((struct ss_side *)(sc->life + acc->off), sc->memory, hash, row->time_us);
    }
}

/* True when no window of a record from `now_us` on could see any of the entity's events. */
static bool is_expired(const struct ss_feature_engine *engine, const struct ss_group *g,
                       const struct ss_entity *ent, int64_t now_us)
{
    int64_t old_us = now_us - g->reach_us - engine->config.late_bound_us;
    if (ent->at_us > old_us)
        return false;
    return !ent->n || ss_event_time(ss_log_event(ent, g->stride, ss_log_end(ent) - 1)) <= old_us;
}

/* All events have passed all windows: what lasts stays, the rest goes. */
static void make_dormant(struct ss_feature_engine *engine, uint32_t shard, uint32_t group,
                         struct ss_entity *ent, int64_t now_us)
{
    struct ss_scope sc;
    ss_shard_scope(engine, shard, group, ent, &sc);
    ss_label_seek(&sc, now_us);
    if (sc.life)
        ss_window_seek(&sc, &sc.group->life, sc.life, sc.memory, now_us);
    demote(&sc);
    while (ent->n)
        drop_first(&sc);
    ss_log_free(ent, sc.memory, sc.group->stride);
    ent->dormant = 1;
}

/* A new entity has come: a few others are looked at, and leave when no window needs them. */
static void sweep(struct ss_feature_engine *engine, struct ss_worker *worker, uint32_t shard, uint32_t group,
                  int64_t now_us, const struct ss_entity *busy)
{
    const struct ss_group *g = &engine->plan->group[group];
    struct ss_table *table = &engine->shard[shard].table[group];
    for (int i = 0; i < SWEEP_MAX; i++) {
        struct ss_entity *ent = ss_table_next(table);
        if (!ent)
            return;
        if (ent == busy || ent->dormant || !is_expired(engine, g, ent, now_us))
            continue; /* past the new one, too, or the hand would wait behind it for ever */
        if (g->forever) {
            make_dormant(engine, shard, group, ent, now_us);
        } else {
            release(engine, shard, group, ent);
            worker->stats.expired++;
        }
    }
}

/* Over the limit: of the next few entities of each kind, the one that was touched longest ago goes. */
static void evict(struct ss_feature_engine *engine, struct ss_worker *worker, uint32_t shard, uint32_t level,
                  const struct ss_entity *busy)
{
    const struct ss_feature_plan *plan = engine->plan;
    while (engine->shard[shard].memory[level].bytes > engine->limit[level]) {
        struct ss_entity *oldest = NULL;
        uint32_t from = 0;
        for (uint32_t g = 0; g < plan->groups; g++) {
            for (int i = 0; i < SAMPLE && plan->group[g].level == level; i++) {
                struct ss_entity *ent = ss_table_next(&engine->shard[shard].table[g]);
                if (ent && ent != busy && (!oldest || ent->at_us < oldest->at_us)) {
                    oldest = ent;
                    from = g;
                }
            }
        }
        if (!oldest)
            return;
        release(engine, shard, from, oldest);
        worker->stats.evicted++;
    }
}

bool ss_shard_is_full(const struct ss_feature_engine *engine, const struct ss_scope *sc)
{
    size_t ring = sc->ent->log ? (size_t)sc->group->stride << sc->ent->cap_log2 : 0;
    bool full = sc->ent->log && sc->ent->n == (uint32_t)1 << sc->ent->cap_log2;
    return full && sc->ent->n > SS_ENTITY_SMALL && ring * 2 > engine->limit[sc->group->level] / 2;
}

void ss_shard_expel(struct ss_scope *sc)
{
    if (sc->life)
        ss_window_expel(sc, &sc->group->life, sc->life);
    if (sc->win)
        ss_window_expel(sc, &sc->group->win, sc->win);
    sc->ent->first++;
    sc->ent->n--;
}

static int index_event(struct ss_feature_engine *engine, struct ss_worker *worker, uint32_t shard,
                       uint32_t group, const struct ss_entity *ent, const struct ss_row *row)
{
    if (!engine->labels || !engine->plan->group[group].label || !row->txn)
        return 0;
    struct ss_label_index *index = &worker->labels[group];
    if (ss_label_index_full(index)) /* most of it may have left by now; what is left includes this event */
        return ss_shard_index(engine, (int)(worker - engine->worker), engine->workers, group);
    struct ss_label_entry entry = {row->txn, row->time_us, shard, ent->id};
    return ss_label_index_add(index, &entry);
}

/* Puts the record's event into the log and the windows; returns its sequence number. */
static bool take_event(struct ss_feature_engine *engine, struct ss_scope *sc, struct ss_row *row, bool *late)
{
    const struct ss_group *g = sc->group;
    uint32_t seq = ss_log_after(sc->ent, g->stride, row->time_us);
    *late = seq != ss_log_end(sc->ent);
    char *event = ss_log_insert(sc->ent, sc->memory, g->stride, seq);
    if (!event)
        return false;
    ss_shard_event(engine->plan, g, row, event);
    if (sc->life)
        ss_window_enter(sc, &g->life, sc->life, sc->memory, seq);
    if (sc->win)
        ss_window_enter(sc, &g->win, sc->win, sc->win_memory, seq);
    return true;
}

static int out_of_memory(const struct ss_scope *sc)
{
    return sc->memory->failed || sc->win_memory->failed ? SS_ENOMEM : 0;
}

int ss_shard_payment(struct ss_feature_engine *engine, struct ss_worker *worker, uint32_t shard,
                     uint32_t group, struct ss_row *row, struct ss_entity *hint)
{
    const struct ss_feature_plan *plan = engine->plan;
    const struct ss_group *g = &plan->group[group];
    struct ss_table *table = &engine->shard[shard].table[group];
    struct ss_memory *memory = &engine->shard[shard].memory[g->level];
    struct ss_key key = ss_row_keys(plan, row)[g->keys];
    bool late, made = hint == NULL || !hint->live || hint->key.a != key.a || hint->key.b != key.b;
    struct ss_entity *ent = made ? ss_table_add(table, memory, key, &made) : hint;
    struct ss_scope sc;
    if (!ent)
        return SS_ENOMEM;
    ss_shard_scope(engine, shard, group, ent, &sc);
    if (!ent->log && !ent->block && !make_block(&sc))
        return SS_ENOMEM;
    if (ss_shard_is_full(engine, &sc)) {
        ss_shard_expel(&sc);
        worker->stats.cut++;
    }
    ss_label_seek(&sc, row->time_us);
    if (sc.life)
        ss_window_seek(&sc, &g->life, sc.life, memory, row->time_us);
    if (sc.win) {
        ss_window_seek(&sc, &g->win, sc.win, memory, row->time_us);
    } else if (g->win.spans) {
        sc.win = worker->scratch[group];
        sc.win_memory = &worker->scratch_memory;
        ss_window_fill(&sc, &g->win, sc.win, sc.win_memory, row->time_us);
    }
    ent->at_us = row->time_us;
    ss_read_all(plan, &sc, g->before, g->befores, row);
    if (!take_event(engine, &sc, row, &late))
        return SS_ENOMEM;
    ss_read_all(plan, &sc, g->after, g->afters, row);
    ss_row_late(plan, row)[group] = late;
    if (g->life.seen)
        keep_seen(plan, &sc, row);
    int64_t old_us = row->time_us - g->reach_us - engine->config.late_bound_us;
    for (int i = 0; i < TRIM_MAX && ss_event_time(ss_log_event(ent, g->stride, ent->first)) <= old_us; i++)
        drop_first(&sc);
    if (!ent->large && ent->n > SS_ENTITY_SMALL && g->win.spans && !promote(&sc, row->time_us))
        return SS_ENOMEM;
    ent->dormant = 0;
    if (made)
        sweep(engine, worker, shard, group, row->time_us, ent);
    if (memory->bytes > engine->limit[g->level])
        evict(engine, worker, shard, g->level, ent);
    return out_of_memory(&sc) < 0 ? SS_ENOMEM : index_event(engine, worker, shard, group, ent, row);
}
