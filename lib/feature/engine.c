#include "base/err.h"
#include "base/log.h"
#include "feature/shard.h"
#include <stdlib.h>
#include <string.h>

/* Rows looked ahead for prefetching: enough to cover a DRAM miss, few enough to stay in the first cache. */
#define AHEAD 16
/* Alone, a worker takes so many rows through all phases before the next: they stay in the second-level cache.
 */
#define BLOCK 64

static void free_worker(const struct ss_feature_engine *engine, struct ss_worker *worker)
{
    const struct ss_feature_plan *plan = engine->plan;
    for (uint32_t g = 0; g < plan->groups; g++) {
        if (worker->scratch)
            free(worker->scratch[g]);
        if (worker->labels)
            ss_label_index_free(&worker->labels[g]);
    }
    free(worker->scratch);
    free(worker->labels);
    ss_buf_free(&worker->text);
}

/* Blocks beyond the pool's sizes are the system's own: they are given back one by one. */
static void free_shard(const struct ss_feature_engine *engine, uint32_t s)
{
    for (uint32_t g = 0; g < engine->plan->groups; g++) {
        const struct ss_group *group = &engine->plan->group[g];
        struct ss_table *table = &engine->shard[s].table[g];
        struct ss_memory *memory = (struct ss_memory *)&engine->shard[s].memory[group->level];
        for (uint32_t id = 1; id <= table->made; id++) {
            struct ss_entity *ent = ss_table_entity(table, id);
            struct ss_scope sc;
            if (!ent->live)
                continue;
            ss_shard_scope(engine, s, g, ent, &sc);
            if (sc.win)
                ss_window_free(&group->win, sc.win, memory);
            if (sc.life)
                ss_window_free(&group->life, sc.life, memory);
            if (group->label && ent->block)
                ss_side_free((struct ss_side *)ent->block, memory, SS_SIDE_LABELS);
            ss_memory_give(memory, ent->block, ss_block_bytes(group, ent->large));
            ss_log_free(ent, memory, group->stride);
        }
        ss_memory_give(memory, table->slot, table->slots * sizeof *table->slot);
        ss_memory_give(memory, table->chunk, table->chunk_cap * sizeof(struct ss_entity *));
    }
    free(engine->shard[s].table);
}

void ss_feature_engine_free(struct ss_feature_engine *engine)
{
    if (!engine)
        return;
    for (uint32_t s = 0; s < SS_FEATURE_SHARDS; s++)
        if (engine->shard[s].table)
            free_shard(engine, s);
    for (int w = 0; engine->worker && w < engine->workers; w++) {
        struct ss_worker *worker = &engine->worker[w];
        for (uint32_t g = 0; worker->scratch && g < engine->plan->groups; g++)
            if (worker->scratch[g])
                ss_window_free(&engine->plan->group[g].win, worker->scratch[g], &worker->scratch_memory);
        free_worker(engine, worker);
        ss_pool_close(&worker->pool);
    }
    free(engine->worker);
    free(engine->rows);
    free(engine);
}

static int open_worker(struct ss_feature_engine *engine, struct ss_worker *worker)
{
    const struct ss_feature_plan *plan = engine->plan;
    worker->scratch_memory.pool = &worker->pool;
    worker->scratch = calloc(plan->groups + 1, sizeof *worker->scratch);
    worker->labels = calloc(plan->groups + 1, sizeof *worker->labels);
    ss_buf_init(&worker->text, (size_t)64 << 20);
    if (!worker->scratch || !worker->labels)
        return SS_ENOMEM;
    for (uint32_t g = 0; g < plan->groups; g++) {
        size_t bytes = plan->group[g].win.bytes + 64u;
        worker->scratch[g] = aligned_alloc(64, (bytes + 63) & ~(size_t)63);
        if (!worker->scratch[g])
            return SS_ENOMEM;
        memset(worker->scratch[g], 0, bytes);
    }
    return 0;
}

static int open_shards(struct ss_feature_engine *engine)
{
    const struct ss_feature_plan *plan = engine->plan;
    size_t of_level[SS_FEATURE_LEVELS] = {0};
    for (uint32_t g = 0; g < plan->groups; g++)
        of_level[plan->group[g].level]++;
    for (uint32_t l = 0; l < SS_FEATURE_LEVELS && plan->groups; l++)
        engine->limit[l] = engine->config.max_memory / plan->groups * of_level[l] / SS_FEATURE_SHARDS;
    for (uint32_t s = 0; s < SS_FEATURE_SHARDS; s++) {
        struct ss_shard *shard = &engine->shard[s];
        for (uint32_t l = 0; l < SS_FEATURE_LEVELS; l++)
            shard->memory[l].pool = &engine->worker[s % (uint32_t)engine->workers].pool;
        shard->table = calloc(plan->groups + 1, sizeof *shard->table);
        if (!shard->table)
            return SS_ENOMEM;
    }
    return 0;
}

int64_t ss_feature_plan_memory_us(const struct ss_feature_plan *plan, const struct ss_feature_config *config)
{
    int64_t late_us = config->late_bound_us ? config->late_bound_us : SS_FEATURE_LATE_BOUND_US, most = 0;
    for (uint32_t i = 0; i < plan->groups; i++) {
        const struct ss_group *g = &plan->group[i];
        if (g->forever)
            return INT64_MAX;
        most = g->reach_us > most ? g->reach_us : most;
    }
    return most > INT64_MAX - late_us ? INT64_MAX : most + late_us;
}

int ss_feature_engine_new(const struct ss_feature_plan *plan, int workers,
                          const struct ss_feature_config *config, struct ss_feature_engine **out)
{
    *out = NULL;
    struct ss_feature_engine *engine = calloc(1, sizeof *engine);
    if (!engine)
        return ss_fail(SS_ENOMEM, "out of memory for features");
    engine->plan = plan;
    engine->workers = workers < 1 ? 1 : workers; /* those beyond the shards own nothing */
    engine->config = *config;
    if (!engine->config.max_memory)
        engine->config.max_memory = SS_FEATURE_MAX_MEMORY;
    if (!engine->config.late_bound_us)
        engine->config.late_bound_us = SS_FEATURE_LATE_BOUND_US;
    engine->worker = calloc((size_t)engine->workers, sizeof *engine->worker);
    int err = engine->worker ? open_shards(engine) : SS_ENOMEM;
    for (int w = 0; w < engine->workers && err == 0; w++)
        err = open_worker(engine, &engine->worker[w]);
    if (err < 0) {
        ss_feature_engine_free(engine);
        return ss_fail(SS_ENOMEM, "out of memory for features");
    }
    *out = engine;
    return 0;
}

/* The rows [from, to) that are a worker's share, in contiguous runs. */
static void share_of(const struct ss_batch *batch, int worker, int workers, size_t *from, size_t *to)
{
    *from = batch->n * (size_t)worker / (size_t)workers;
    *to = batch->n * ((size_t)worker + 1) / (size_t)workers;
}

static struct ss_arena *arena_of(const struct ss_batch *batch, int worker)
{
    return &batch->arena[worker < batch->arenas ? worker : 0];
}

static struct ss_row *row_at(const struct ss_feature_engine *engine, size_t i)
{
    return (struct ss_row *)(engine->rows + (i & engine->row_mask) * engine->plan->row_bytes);
}

/* Said once, of the first payment: what is carried and is not there is null. */
static void tell_missing(struct ss_feature_engine *engine, const struct ss_batch *batch)
{
    const struct ss_plan_carried *carried = &engine->plan->carried;
    const struct ss_record *first = NULL;
    for (size_t i = 0; i < batch->n && !first; i++)
        if (batch->rec[i].fate == SS_KEEP && !ss_record_is_label(&batch->rec[i]))
            first = &batch->rec[i];
    if (!first)
        return;
    struct ss_arena arena;
    ss_arena_init(&arena, 1 << 20);
    struct ss_feature_value *value = ss_arena_alloc(&arena, carried->n * sizeof *value);
    bool readable =
        value && ss_features_pick(first, carried->name, carried->as_text, carried->n, value, &arena) == 0;
    for (uint32_t i = 0; i < carried->n && readable && !engine->carry_told; i++) {
        if (value[i].found)
            continue;
        ss_warn("the first payment brings no features.%.*s: what is not there is null",
                (int)carried->name[i].n, carried->name[i].p);
        engine->carry_told = true;
    }
    engine->carry_told = true;
    ss_arena_free(&arena);
}

int ss_feature_engine_prepare(struct ss_feature_engine *engine, const struct ss_batch *batch)
{
    size_t cap = engine->workers == 1 ? BLOCK : SS_BATCH_MAX;
    while (engine->workers > 1 && cap < batch->n)
        cap *= 2;
    if (!engine->rows || cap > engine->row_mask + 1) {
        free(engine->rows);
        engine->rows = aligned_alloc(64, cap * engine->plan->row_bytes);
        if (!engine->rows)
            return ss_fail(SS_ENOMEM, "out of memory for %zu records", cap);
        engine->row_mask =
            cap - 1; /* a power of two less one: a lone worker uses its few rows round and round */
    }
    if (SS_UNLIKELY(engine->plan->carried.n && !engine->carry_told))
        tell_missing(engine, batch);
    for (size_t i = 0; i < batch->n && engine->plan->label && !engine->labels; i++)
        engine->labels = batch->rec[i].fate == SS_KEEP && ss_record_is_label(&batch->rec[i]);
    return 0;
}

static int read_rows(struct ss_feature_engine *engine, size_t from, size_t to, int worker,
                     struct ss_batch *batch)
{
    for (size_t i = from; i < to; i++) {
        int err = ss_row_read(engine->plan, &batch->rec[i], row_at(engine, i), arena_of(batch, worker));
        if (err < 0)
            return err;
    }
    return 0;
}

static bool owns(const struct ss_feature_engine *engine, struct ss_row *row, const struct ss_group *group,
                 uint32_t level, int worker, int workers, struct ss_key *key)
{
    if (group->level != level || row->kind != SS_ROW_PAYMENT)
        return false;
    *key = ss_row_keys(engine->plan, row)[group->keys];
    return key->a && ss_shard_of(*key) % (uint32_t)workers == (uint32_t)worker;
}

/* One payment at one entity, waiting for its memory. */
struct task {
    struct ss_row *row;
    struct ss_entity *hint;
    uint32_t shard, group;
};

/* What the rows from..to have to do at a level, with all memory that they will touch on its way here. A late
 * label is a task without a hint that goes to every group that keeps labels. */
static size_t gather(struct ss_feature_engine *engine, size_t from, size_t to, uint32_t level, int worker,
                     int workers, struct task *task)
{
    const struct ss_feature_plan *plan = engine->plan;
    struct ss_key key;
    size_t n = 0;
    for (size_t i = from; i < to; i++) {
        struct ss_row *row = row_at(engine, i);
        for (uint32_t g = 0; g < plan->groups; g++) {
            const struct ss_group *group = &plan->group[g];
            if (owns(engine, row, group, level, worker, workers, &key)) {
                ss_table_prefetch_slot(&engine->shard[ss_shard_of(key)].table[g], key);
                task[n++] = (struct task){row, NULL, ss_shard_of(key), g};
            } else if (row->kind == SS_ROW_LABEL && group->level == level && group->label) {
                task[n++] = (struct task){row, NULL, 0, g};
            }
        }
    }
    for (size_t i = 0; i < n; i++)
        if (task[i].row->kind == SS_ROW_PAYMENT)
            ss_table_prefetch_entity(&engine->shard[task[i].shard].table[task[i].group],
                                     ss_row_keys(plan, task[i].row)[plan->group[task[i].group].keys]);
    for (size_t i = 0; i < n; i++) {
        const struct ss_group *group = &plan->group[task[i].group];
        struct ss_entity *ent = NULL;
        if (task[i].row->kind == SS_ROW_PAYMENT)
            ent = ss_table_find(&engine->shard[task[i].shard].table[task[i].group],
                                ss_row_keys(plan, task[i].row)[group->keys]);
        task[i].hint = ent;
        if (!ent || !ent->log)
            continue;
        __builtin_prefetch(ss_log_event(ent, group->stride, ss_log_end(ent)), 1);
        __builtin_prefetch(ss_log_event(ent, group->stride, ss_log_end(ent) - 1));
        for (uint32_t at = 0; at < ss_block_bytes(group, ent->large); at += 64)
            __builtin_prefetch(ent->block + at, 1);
    }
    for (size_t i = 0; i < n; i++) {
        const struct ss_group *group = &plan->group[task[i].group];
        const struct ss_entity *ent = task[i].hint;
        if (ent && ent->large && ent->log) {
            const char *win = ent->block + ss_block_bytes(group, false);
            ss_window_prefetch(group, &group->win, ent, win, task[i].row->time_us);
            ss_window_prefetch_sides(&group->win, win);
            ss_window_prefetch_sides(&group->life, win - group->life.bytes);
        }
    }
    return n;
}

static int window_rows(struct ss_feature_engine *engine, size_t first, size_t end, uint32_t level, int worker,
                       int workers)
{
    struct ss_worker *w = &engine->worker[worker];
    for (uint32_t g = 0; engine->labels && !w->labels_made && g < engine->plan->groups; g++) {
        int err = engine->plan->group[g].label ? ss_shard_index(engine, worker, workers, g) : 0;
        if (err < 0)
            return err;
    }
    w->labels_made = engine->labels;
    struct task task[AHEAD * SS_FEATURE_GROUPS];
    for (size_t from = first; from < end; from += AHEAD) {
        size_t to = from + AHEAD < end ? from + AHEAD : end;
        size_t n = gather(engine, from, to, level, worker, workers, task);
        for (size_t i = 0; i < n; i++) {
            int err =
                task[i].row->kind == SS_ROW_LABEL
                    ? ss_shard_label(engine, w, task[i].group, task[i].row)
                    : ss_shard_payment(engine, w, task[i].shard, task[i].group, task[i].row, task[i].hint);
            if (err < 0)
                return err;
        }
    }
    return 0;
}

static int finish_row(struct ss_feature_engine *engine, struct ss_worker *w, struct ss_record *rec,
                      struct ss_row *row, struct ss_arena *arena)
{
    bool late;
    int err = ss_row_finish(engine->plan, rec, row, &w->text, arena, &late);
    if (err < 0)
        return err;
    w->stats.records++;
    w->stats.late += late;
    return 0;
}

static int derive_rows(struct ss_feature_engine *engine, size_t from, size_t to, uint32_t level, bool last,
                       int worker, struct ss_batch *batch)
{
    struct ss_arena *arena = arena_of(batch, worker);
    for (size_t i = from; i < to; i++) {
        struct ss_row *row = row_at(engine, i);
        if (row->kind != SS_ROW_PAYMENT)
            continue;
        ss_row_derive(engine->plan, &batch->rec[i], row, arena, level);
        int err = last ? finish_row(engine, &engine->worker[worker], &batch->rec[i], row, arena) : 0;
        if (err < 0)
            return err;
    }
    return 0;
}

/* All phases for the rows from..to. */
static int all_phases(struct ss_feature_engine *engine, size_t from, size_t to, struct ss_batch *batch)
{
    uint32_t levels = engine->plan->levels ? engine->plan->levels : 1;
    int err = read_rows(engine, from, to, 0, batch);
    for (uint32_t l = 0; l < levels && !err; l++) {
        err = window_rows(engine, from, to, l, 0, 1);
        err = err ? err : derive_rows(engine, from, to, l, l + 1 == levels, 0, batch);
    }
    return err;
}

/* Phases: read rows; then for each level its windows and what is derived from them; the last one renders. */
int ss_feature_engine_work(struct ss_feature_engine *engine, int phase, int worker, int workers,
                           struct ss_batch *batch)
{
    uint32_t levels = engine->plan->levels ? engine->plan->levels : 1, level = (uint32_t)(phase - 1) / 2;
    size_t from, to;
    int err = 0;
    if (workers != engine->workers)
        return ss_fail(SS_EBUG, "%d workers at features made for %d", workers, engine->workers);
    if (workers == 1) {
        for (from = 0; phase == 0 && from < batch->n && !err; from += BLOCK)
            err = all_phases(engine, from, from + BLOCK < batch->n ? from + BLOCK : batch->n, batch);
        return err;
    }
    share_of(batch, worker, workers, &from, &to);
    if (phase == 0)
        return read_rows(engine, from, to, worker, batch);
    if (level >= levels)
        return 0;
    if (phase % 2 == 1)
        return window_rows(engine, 0, batch->n, level, worker, workers);
    return derive_rows(engine, from, to, level, level + 1 == levels, worker, batch);
}

int ss_feature_engine_run(struct ss_feature_engine *engine, struct ss_batch *batch)
{
    int err = ss_feature_engine_prepare(engine, batch);
    for (int phase = 0; phase < SS_FEATURE_PHASES; phase++)
        for (int w = 0; w < engine->workers && err == 0; w++)
            err = ss_feature_engine_work(engine, phase, w, engine->workers, batch);
    return err;
}

void ss_feature_engine_stats(const struct ss_feature_engine *engine, struct ss_feature_stats *stats)
{
    *stats = (struct ss_feature_stats){0};
    for (int w = 0; w < engine->workers; w++) {
        const struct ss_feature_stats *from = &engine->worker[w].stats;
        stats->records += from->records;
        stats->late += from->late;
        stats->labels += from->labels;
        stats->expired += from->expired;
        stats->evicted += from->evicted;
        stats->cut += from->cut;
        for (uint32_t g = 0; g < engine->plan->groups; g++)
            stats->bytes += engine->worker[w].labels[g].cap * sizeof(struct ss_label_entry);
    }
    for (uint32_t s = 0; s < SS_FEATURE_SHARDS; s++) {
        for (uint32_t l = 0; l < SS_FEATURE_LEVELS; l++)
            stats->bytes += engine->shard[s].memory[l].bytes;
        for (uint32_t g = 0; g < engine->plan->groups; g++)
            stats->entities += engine->shard[s].table[g].n;
    }
}
